"""Lists and who is on them; for the routes.

https://developers.brevo.com/reference/add-contact-to-list
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from twilio_bridge_local.vendors.brevo.account import Account, Contact, ContactList
from twilio_bridge_local.vendors.brevo.answers import list_answer
from twilio_bridge_local.vendors.brevo.errors import BrevoError, invalid, missing, not_found
from twilio_bridge_local.vendors.brevo.identifiers import sought
from twilio_bridge_local.vendors.brevo.queries import number

MOST = 150
PAGE = 10
MAX_LISTS_COUNT = 50
_NAMES = {"emails": "email", "ids": "id", "extIds": "ext_id"}

Body = Mapping[str, object]
Change = Callable[[Contact], bool]


def found(account: Account, list_id: int) -> ContactList:
    """The list of this number."""
    if list_id not in account.lists:
        raise not_found("List ID")
    return account.lists[list_id]


def lists_answer(account: Account) -> dict[str, object]:
    """A page of the lists, newest first: https://developers.brevo.com/reference/get-lists."""
    limit, offset = number("limit", PAGE, least=1, most=MAX_LISTS_COUNT), number("offset", 0)
    ordered = sorted(account.lists.values(), key=lambda one: one.id, reverse=True)
    page = ordered[offset : offset + limit]
    return {"count": len(ordered), "lists": [list_answer(account, one) for one in page]}


def add(account: Account, list_id: int, body: Body) -> dict[str, object]:
    """Put contacts on the list; those that are on it already fail."""
    list_id = found(account, list_id).id

    def put(contact: Contact) -> bool:
        if list_id in contact.list_ids:
            return False
        account.keep(replace(contact, list_ids=(*contact.list_ids, list_id)))
        return True

    success, failure = _each(account, body, put)
    # https://github.com/betagouv/mon-service-securise reads this sentence; Brevo does not document it.
    return _outcome(success, failure, "Contact already in list and/or does not exist")


def remove(account: Account, list_id: int, body: Body) -> dict[str, object]:
    """Take contacts off the list, or all of them."""
    list_id = found(account, list_id).id

    def take(contact: Contact) -> bool:
        if list_id not in contact.list_ids:
            return False
        account.keep(replace(contact, list_ids=tuple(one for one in contact.list_ids if one != list_id)))
        return True

    if body.get("all") is True:
        # Brevo does this in a process; it is done at once here. https://developers.brevo.com/changelog/2020/6/19
        return {"total": sum([take(contact) for contact in list(account.contacts.values())]), "processId": list_id}
    success, failure = _each(account, body, take)
    return _outcome(success, failure, "Contact already removed from list and/or does not exist")


def _each(account: Account, body: Body, change: Change) -> tuple[list[object], list[object]]:
    name, given = _named(body)
    success: list[object] = []
    failure: list[object] = []
    for value in given:
        contact = _contact(account, name, value)
        (success if contact and change(contact) else failure).append(value)
    return success, failure


def _named(body: Body) -> tuple[str, list[object]]:
    kinds = [kind for kind in _NAMES if kind in body]
    if len(kinds) != 1:
        raise missing("One of emails, ids and extIds is required")
    given = body[kinds[0]]
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        raise invalid(f"{kinds[0]} should be an array of 1 to {MOST} items")
    return _NAMES[kinds[0]], given


def _contact(account: Account, name: str, value: object) -> Contact | None:
    try:
        return account.contact(name, sought(name, value))
    except BrevoError:
        return None


def _outcome(success: list[object], failure: list[object], nobody: str) -> dict[str, object]:
    if not success:
        raise invalid(nobody)
    return {"success": success, "failure": failure}
