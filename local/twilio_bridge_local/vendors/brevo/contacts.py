"""Creating, changing and deleting a contact; for the routes.

All of a request is checked before any of it is written.
https://developers.brevo.com/reference/create-contact and https://developers.brevo.com/reference/update-contact
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from twilio_bridge_local.vendors.brevo.account import Account, Contact, Ignored
from twilio_bridge_local.vendors.brevo.attributes import COMPUTED, PHONES
from twilio_bridge_local.vendors.brevo.errors import (
    bad_request,
    duplicate,
    invalid,
    missing,
    not_found,
    transactional_without_key,
)
from twilio_bridge_local.vendors.brevo.identifiers import normal

Body = Mapping[str, object]
# Of several identifiers the first of these decides which contact is meant; Brevo does not document which does.
_MEANT_BY = ("email", "ext_id", "SMS")
_IDENTIFYING = {"EMAIL": "email", "EXT_ID": "ext_id", **{name: name for name in PHONES}}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request wants of a contact; an identifier or a value of None is emptied."""

    identifiers: Mapping[str, str | None]
    attributes: Mapping[str, object]
    list_ids: Sequence[int]
    unlink_list_ids: Sequence[int]
    email_blacklisted: bool | None
    sms_blacklisted: bool | None
    force_merge: bool


def create(account: Account, body: Body) -> tuple[Contact, bool]:
    """The contact, and whether it is new; an existing one is changed where the body allows it."""
    wanted = _wanted(account, body)
    if not any(wanted.identifiers.get(name) for name in _MEANT_BY):
        raise missing("email, ext_id or SMS is required")
    target = _meant(account, wanted) if body.get("updateEnabled") is True else None
    contact = _settled(account, target, wanted, "update" if target else "create")
    new = contact.id not in account.contacts
    return account.keep(_changed(contact, wanted)), new


def update(account: Account, contact: Contact, body: Body) -> Contact:
    """Change the contact."""
    wanted = _wanted(account, body)
    settled = _settled(account, contact, wanted, "update")
    return account.keep(_changed(settled, wanted))


def set_attributes(account: Account, contact: Contact, given: Body) -> Contact:
    """Change the attributes that an event has of its contact; identifiers stay, as nothing is documented about them."""
    plain = {name: value for name, value in given.items() if name.upper() not in _IDENTIFYING}
    _, attributes = _attributes(account, plain)
    return account.keep(replace(contact, attributes=_filled({**contact.attributes, **attributes})))


def _wanted(account: Account, body: Body) -> Wanted:
    identifiers, attributes = _attributes(account, _object(body.get("attributes", {})))
    for name in ("email", "ext_id"):
        if body.get(name) is not None:
            identifiers[name] = normal(name, body[name])
    return Wanted(
        identifiers=identifiers,
        attributes=attributes,
        list_ids=_lists(account, body, "listIds"),
        unlink_list_ids=_lists(account, body, "unlinkListIds"),
        email_blacklisted=_flag(body, "emailBlacklisted"),
        sms_blacklisted=_flag(body, "smsBlacklisted"),
        force_merge=bool(_flag(body, "forceMerge")),
    )


def _attributes(account: Account, given: Body) -> tuple[dict[str, str | None], dict[str, object]]:
    identifiers: dict[str, str | None] = {}
    attributes: dict[str, object] = {}
    for written, value in given.items():
        name = written.upper()
        attribute = account.attributes.get(name)
        if name in _IDENTIFYING:
            identifier = _IDENTIFYING[name]
            identifiers[identifier] = None if value == "" else normal(identifier, value)
        elif attribute is None:
            account.ignored.append(Ignored(name, value, "unknown"))
        elif attribute.category == "transactional":
            raise transactional_without_key()
        elif attribute.category in COMPUTED:
            account.ignored.append(Ignored(name, value, "computed"))
        elif attribute.takes(value):
            attributes[name] = value
        else:
            account.ignored.append(Ignored(name, value, "type"))
    return identifiers, attributes


def _meant(account: Account, wanted: Wanted) -> Contact | None:
    name = next(name for name in _MEANT_BY if wanted.identifiers.get(name))
    return account.contact(name, wanted.identifiers[name])


def _settled(account: Account, target: Contact | None, wanted: Wanted, doing: str) -> Contact:
    """The contact to write to: the one that is meant, a new one, or what is left of several."""
    found = {name: account.contact(name, value) for name, value in wanted.identifiers.items()}
    holders = {name: contact for name, contact in found.items() if contact}
    clashes = [name for name, contact in holders.items() if contact is not target]
    if not clashes:
        return target or account.new_contact()
    if not wanted.force_merge:
        raise duplicate(doing, clashes, account.duplicate_code, account.duplicate_style)
    together = {contact.id: contact for contact in (target, *holders.values()) if contact}
    return account.merge(together.values())


def _changed(contact: Contact, wanted: Wanted) -> Contact:
    phones = {name: value for name, value in wanted.identifiers.items() if name in PHONES}
    email = wanted.identifiers.get("email", contact.email)
    # A new email is a new start: https://developers.brevo.com/reference/update-contact
    blacklisted = contact.email_blacklisted and email == contact.email
    on = dict.fromkeys((*contact.list_ids, *wanted.list_ids))
    return replace(
        contact,
        email=email,
        ext_id=wanted.identifiers.get("ext_id", contact.ext_id),
        attributes=_filled({**contact.attributes, **wanted.attributes, **phones}),
        list_ids=tuple(number for number in on if number not in wanted.unlink_list_ids),
        email_blacklisted=blacklisted if wanted.email_blacklisted is None else wanted.email_blacklisted,
        sms_blacklisted=contact.sms_blacklisted if wanted.sms_blacklisted is None else wanted.sms_blacklisted,
    )


def _filled(attributes: Body) -> dict[str, object]:
    return {name: value for name, value in attributes.items() if value not in (None, "")}


def _object(given: object) -> Body:
    if not isinstance(given, dict):
        raise bad_request("attributes should be an object")
    return given


def _lists(account: Account, body: Body, place: str) -> list[int]:
    given = body.get(place, [])
    if not isinstance(given, list) or not all(isinstance(number, int) for number in given):
        raise invalid(f"{place} should be type array of integers")
    if any(number not in account.lists for number in given):
        raise not_found("List ID")
    return given


def _flag(body: Body, place: str) -> bool | None:
    given = body.get(place)
    if not isinstance(given, bool | None):
        raise invalid(f"{place} should be type boolean")
    return given
