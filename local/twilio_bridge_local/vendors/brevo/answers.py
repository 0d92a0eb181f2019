"""How contacts, lists and events look in Brevo's answers, and the account in the stand-in's own; for the routes."""

from twilio_bridge_local.vendors.brevo.account import Account, Contact, ContactList, Entry, iso

ORGANIZATION_ID = "000000000000000000000000"


def contact_answer(contact: Contact) -> dict[str, object]:
    """A contact without its statistics: https://developers.brevo.com/reference/get-contact-info.

    That ext_id stands among the attributes is not documented.
    """
    own = {"EXT_ID": contact.ext_id} if contact.ext_id else {}
    return {
        "id": contact.id,
        "email": contact.email,
        "emailBlacklisted": contact.email_blacklisted,
        "smsBlacklisted": contact.sms_blacklisted,
        "whatsappBlacklisted": False,
        "createdAt": iso(contact.created_at),
        "modifiedAt": iso(contact.modified_at),
        "listIds": list(contact.list_ids),
        "listUnsubscribed": [],
        "consentGroups": [],
        "attributes": {**contact.attributes, **own},
    }


def list_answer(account: Account, one: ContactList) -> dict[str, object]:
    """A list with the number of its contacts: https://developers.brevo.com/reference/get-list."""
    on = [contact for contact in list(account.contacts.values()) if one.id in contact.list_ids]
    return {
        "id": one.id,
        "name": one.name,
        "folderId": one.folder_id,
        "uniqueSubscribers": len(on),
        "totalSubscribers": len(on),
        "totalBlacklisted": sum(contact.email_blacklisted for contact in on),
    }


def list_details(account: Account, one: ContactList) -> dict[str, object]:
    """The same with what only one list's answer has."""
    return {**list_answer(account, one), "createdAt": iso(one.created_at), "dynamicList": False}


def entry_answer(entry: Entry) -> dict[str, object]:
    """An event as GET /events has it: https://developers.brevo.com/reference/get-events.

    The names are those of the page's schema; what event_filter_id and source hold is not documented.
    """
    return {
        "contact_id": entry.contact_id,
        "event_date": iso(entry.event_date),
        "event_name": entry.event_name,
        "event_filter_id": f"{entry.number:024x}",
        "source": "api",
        "object_type": entry.object_type,
        "event_properties": dict(entry.event_properties),
        "contact_properties": dict(entry.contact_properties),
    }


def account_answer() -> dict[str, object]:
    """Whose key it is: https://developers.brevo.com/reference/get-account."""
    return {
        "organization_id": ORGANIZATION_ID,
        "user_id": 1,
        "companyName": "Stand-in",
        "email": "stand-in@example.com",
        "plan": [{"type": "free", "credits": 300, "creditsType": "sendLimit"}],
        "relay": {"enabled": False},
        "marketingAutomation": {"enabled": True, "key": "stand-in"},
    }


def state(account: Account) -> dict[str, object]:
    """All that the account holds, for whoever looks in from another process."""
    return {
        "contacts": [contact_answer(contact) for contact in account.contacts.values()],
        "attributes": [attribute.answer for attribute in account.attributes.values()],
        "lists": [list_answer(account, one) for one in account.lists.values()],
        "timeline": [_own(entry) for entry in account.entries],
        "ignored": [{"attribute": one.attribute, "value": one.value, "reason": one.reason} for one in account.ignored],
    }


def _own(entry: Entry) -> dict[str, object]:
    return {**entry_answer(entry), "identifiers": dict(entry.identifiers), "received_at": iso(entry.received_at)}
