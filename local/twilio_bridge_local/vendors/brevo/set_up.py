"""What an account is set up with: folders, new and removed lists, removed attributes; for the routes.

https://developers.brevo.com/reference/get-folders, https://developers.brevo.com/reference/create-list,
https://developers.brevo.com/reference/delete-list and https://developers.brevo.com/reference/delete-attribute. An
account begins with one folder.
"""

from collections.abc import Mapping
from dataclasses import replace

from twilio_bridge_local.vendors.brevo.account import Account
from twilio_bridge_local.vendors.brevo.attributes import BUILT_IN, TYPES
from twilio_bridge_local.vendors.brevo.errors import invalid, missing, not_found
from twilio_bridge_local.vendors.brevo.lists import found
from twilio_bridge_local.vendors.brevo.queries import number

FOLDER_ID = 1
PAGE, MAX_FOLDERS_COUNT = 10, 50
Body = Mapping[str, object]


def folders_answer(account: Account) -> dict[str, object]:
    """A page of the folders."""
    limit, offset = number("limit", PAGE, least=1, most=MAX_FOLDERS_COUNT), number("offset", 0)
    contacts = len(account.contacts)
    one = {
        "id": FOLDER_ID,
        "name": "Your First Folder",
        "uniqueSubscribers": contacts,
        "totalSubscribers": contacts,
        "totalBlacklisted": 0,
    }
    return {"folders": [one][offset : offset + limit], "count": 1}


def create_list(account: Account, body: Body) -> dict[str, object]:
    """Make a list in a folder that is there."""
    name, folder_id = body.get("name"), body.get("folderId")
    if not isinstance(name, str) or not name:
        raise missing("name is missing")
    if folder_id is None:
        raise missing("folderId is missing")
    if folder_id != FOLDER_ID:
        raise not_found("Folder ID")
    return {"id": account.add_list(name).id}


def delete_list(account: Account, list_id: int) -> None:
    """Forget a list; its contacts stay."""
    del account.lists[found(account, list_id).id]
    for contact in list(account.contacts.values()):
        if list_id in contact.list_ids:
            kept = tuple(each for each in contact.list_ids if each != list_id)
            account.contacts[contact.id] = replace(contact, list_ids=kept)


def delete_attribute(account: Account, category: str, name: str) -> None:
    """Forget an attribute and what contacts have there."""
    if category not in TYPES:
        raise invalid("Attribute category is invalid")
    attribute = account.attributes.get(name)
    if attribute is None or attribute.category != category:
        raise not_found("Attribute")
    if attribute in BUILT_IN:
        raise invalid("This attribute cannot be deleted")
    del account.attributes[name]
    for contact in list(account.contacts.values()):
        if name in contact.attributes:
            kept = {key: value for key, value in contact.attributes.items() if key != name}
            account.contacts[contact.id] = replace(contact, attributes=kept)
