"""A new contact as a worker typed it in: a name, and an address for each channel."""

import json
import re

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import BadRequestError
from twilio_bridge.forms import Form

MAX_NAME_LENGTH = 256
EMAIL = re.compile(r"[^@\s?&%#]{1,200}@[^@\s?&%#]{1,200}")


def read_new_contact(form: Form, settings: schema.Contacts) -> Contact:
    """Return the contact with its name and channels, or raise BadRequestError with a sentence for the worker."""
    found: dict[str, str] = {}
    for channel in _given_channels(form):
        kind, value = _channel(channel, settings.region)
        if not getattr(settings.columns, kind):
            raise BadRequestError(f"there is no column for {kind}", friendly=f"{kind} addresses cannot be kept here.")
        if kind in found:
            raise BadRequestError(f"Channels names {kind} twice", friendly="Enter one address for each channel.")
        found[kind] = value
    return Contact(name=_new_name(form), **found)  # type: ignore[arg-type]  # the kinds are names of its text fields


def _new_name(form: Form) -> str:
    name = " ".join(form.require_text("DisplayName").split())
    if len(name) > MAX_NAME_LENGTH:
        raise BadRequestError(
            f"DisplayName is longer than {MAX_NAME_LENGTH} characters", friendly="This name is too long."
        )
    return name


def _given_channels(form: Form) -> list[object]:
    """Return the channels: JSON text, or the bracketed keys of an earlier app."""
    text = form.get_text("Channels")
    try:
        channels = json.loads(text) if text.strip() else _bracketed(form)
        json.dumps(channels, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise BadRequestError("Channels should be a JSON array of {type, value}") from error
    if not isinstance(channels, list):
        raise BadRequestError("Channels should be a JSON array of {type, value}")
    return channels


def _bracketed(form: Form) -> list[object]:
    rows: dict[str, dict[str, str]] = {}
    for name in form.values:
        if found := re.fullmatch(r"Channels\[(\d{1,3})\]\[(type|value)\]", name):
            rows.setdefault(found[1], {})[found[2]] = form.get_text(name)
    return list(rows.values())


def _channel(channel: object, region: str) -> tuple[str, str]:
    if not isinstance(channel, dict) or not all(isinstance(channel.get(part), str) for part in ("type", "value")):
        raise BadRequestError("each of Channels should be an object with the texts type and value")
    kind, value = channel["type"].strip().lower(), channel["value"].strip()
    if kind in {"sms", "whatsapp"}:
        value = phone.parse_number(value, region or None) or ""
        if not value:
            friendly = "This is no valid number. Write it with its country code, such as +44 7700 900123."
            raise BadRequestError(f"the {kind} channel has no valid number", friendly=friendly)
    elif kind == "email" and not EMAIL.fullmatch(value):
        raise BadRequestError("the email channel has no valid address", friendly="This is no valid e-mail address.")
    elif kind not in {"email", "chat"} or not value or len(value) > MAX_NAME_LENGTH:
        raise BadRequestError("a channel's type should be sms, whatsapp, chat or email, with a value")
    return kind, value
