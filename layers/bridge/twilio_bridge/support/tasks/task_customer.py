"""Who the customer of a task is, by its attributes: the keys they are found by, and their own fields.

Which end of a call is the customer's is not for `direction` alone: a callback or voicemail task is inbound, and
its `to` is the customer (https://github.com/twilio-professional-services/plugin-queued-callbacks-and-voicemail). So the
company's own numbers decide, and the direction only where neither end is known.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from twilio_bridge.config import schema
from twilio_bridge.config.flex import IDENTIFIERS
from twilio_bridge.support.persons.person_keys import (
    KeyRules,
    is_label,
    normalize_email,
    normalize_id,
    normalize_identity,
    normalize_phone,
)
from twilio_bridge.support.tasks.task_attributes import Attributes, is_outbound, read_direction, read_text

# Where Flex itself has what brief names a customer's field by.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "identity": ("identity",),
    "friendly_name": ("friendly_name", "name", "customers.name", "customerName"),
    "email": ("customers.email", "email"),
}
NAME_PLACES = frozenset(("friendly_name", "name", "customers.name", "customerName"))
NAMES = frozenset(("FIRSTNAME", "LASTNAME", "NAME", "FULLNAME"))
ADDRESSES = ("from", "to", "caller", "customerAddress", "identity", "outbound_to")
NORMALIZERS: Mapping[str, Callable[[object, KeyRules], str]] = {
    "EMAIL": normalize_email,
    "SMS": normalize_phone,
    "EXT_ID": normalize_id,
}
# What names the customer's number whichever way the call goes, and tasks that call back whoever called.
CUSTOMERS_NUMBERS = ("customers.phone", "phone", "callBackData.numberToCall", "customerAddress")
CALLBACKS = frozenset(("callback", "voicemail"))
CUSTOMERS_EMAILS = ("customers.email", "email", "identity", "customerAddress")


def read_keys(attributes: Attributes, settled: schema.Config, rules: KeyRules) -> Iterator[str]:
    """Return the keys a task's customer is found by, the strongest first."""
    for sid in (read_text(attributes, "conversations.conversation_id"), read_text(attributes, "contactTaskId")):
        if sid.startswith("WT"):
            yield f"task#{sid}"
    if conversation := read_text(attributes, "conversationSid"):
        yield f"conversation#{conversation}"

    mapped = {target.upper(): path.removeprefix("attributes.") for path, target in settled.field_mapping.items()}
    for external in _read_values(attributes, mapped.get("EXT_ID"), "customers.external_id"):
        if name := normalize_id(external, rules):
            yield f"external#{name}"
    for email in _read_values(attributes, mapped.get("EMAIL"), *CUSTOMERS_EMAILS):
        if name := normalize_email(email, rules):
            yield f"email#{name}"
    if name := normalize_identity(read_text(attributes, "identity", "customerAddress"), rules):
        yield f"flex#{name}"
    if number := read_phone(attributes, rules, mapped.get("SMS")):
        yield f"phone#{number}"


def _read_values(attributes: Attributes, mapped: str | None, *names: str) -> Iterator[object]:
    places = (*list_places(mapped), *names) if mapped else names
    return (attributes[place] for place in dict.fromkeys(places) if place in attributes)


def read_phone(attributes: Attributes, rules: KeyRules, mapped: str | None = None) -> str:
    """Return the customer's number in E.164, empty where it is unknown, hidden or the company's own."""
    places = (*list_places(mapped), *CUSTOMERS_NUMBERS) if mapped else CUSTOMERS_NUMBERS
    named = (normalize_phone(attributes.get(place), rules) for place in places)
    ends = _read_ends(attributes, rules)
    return next((number for number in (*named, *ends) if number and number not in rules.own_numbers), "")


def _read_ends(attributes: Attributes, rules: KeyRules) -> tuple[str, ...]:
    """Return the number at the customer's end of a call; where one end is the company's it is the other one."""
    caller = normalize_phone(read_text(attributes, "from", "caller"), rules)
    called = normalize_phone(read_text(attributes, "outbound_to", "to", "called"), rules)
    if caller in rules.own_numbers:
        return (called,)
    if called in rules.own_numbers:
        return (caller,)
    is_to_them = is_outbound(attributes) or read_text(attributes, "taskType").casefold() in CALLBACKS
    return (called,) if is_to_them else (caller,)


def is_between_agents(attributes: Attributes, rules: KeyRules) -> bool:
    """Return whether both ends of a call are the company's, so that it is nobody's support."""
    if read_direction(attributes) == "internal":
        return True
    ends = (read_text(attributes, "from", "caller"), read_text(attributes, "outbound_to", "to", "called"))
    return all(end.startswith("client:") or normalize_phone(end, rules) in rules.own_numbers for end in ends)


def read_fields(attributes: Attributes, settled: schema.Config, rules: KeyRules) -> dict[str, Any]:
    """Return the customer's mapped fields that are known, by their path as the mapping has it.

    Identifiers come as keys are spelled; a display name that is nobody's is unknown.
    """
    targets = {path: target.upper() for path, target in settled.field_mapping.items()}
    fields = {path: _read_field(attributes, path, target, rules) for path, target in targets.items()}
    return {path: value for path, value in fields.items() if value not in (None, "")}


def _read_field(attributes: Attributes, path: str, target: str, rules: KeyRules) -> object:
    plain = path.removeprefix("attributes.")
    if target == "SMS":
        return read_phone(attributes, rules, plain)
    if plain == "phone":
        return read_phone(attributes, rules)

    values = [attributes[place] for place in list_places(plain) if place in attributes]
    if target in IDENTIFIERS:
        normalized = (NORMALIZERS[target](value, rules) for value in values)
        return next((key for key in normalized if key), None)
    if is_name(plain, target):
        addresses = [read_text(attributes, name) for name in ADDRESSES]
        values = [value for value in values if not is_label(value, rules, *addresses)]
    return next(iter(values), None)


def is_name(path: str, target: str) -> bool:
    """Return whether a line of the mapping is about a customer's name."""
    return target in NAMES or not NAME_PLACES.isdisjoint(list_places(path.removeprefix("attributes.")))


def list_places(plain: str) -> tuple[str, ...]:
    """Return where a mapped path may stand in a task's attributes."""
    return (*FIELDS.get(plain, ()), plain, f"customers.{plain}")
