"""The templates callback: what a worker can send, with the customer's and their own values filled in.

The app substitutes nothing, so what leaves here is final text; a template that lacks a value is left out rather than
sent with a hole. https://www.twilio.com/docs/frontline/templates
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twilio_bridge.config import schema
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.ports import TemplateText
from twilio_bridge.errors import BridgeError, NotFoundError, UnknownLocationError
from twilio_bridge.forms import MAX_ANSWER_BYTES, Answer, Form, count_bytes
from twilio_bridge.frontline.senders import find_worker
from twilio_bridge.logs import logger
from twilio_bridge.ports import Notes

# The longest text that SMS and WhatsApp allow.
MAX_TEXT_LENGTH = 1_600
# Placeholders for the worker's name, besides `worker.<field>`; `author` stands in Twilio's public samples.
WORKER_NAMES = ("worker", "author")
ENVELOPE = 100


@dataclass(frozen=True, slots=True)
class TemplateDeps:
    """What the callback works with."""

    directory: Directory
    notes: Notes
    workers: Mapping[str, schema.Worker]
    settings: schema.Templates


def answer(form: Form, deps: TemplateDeps) -> Answer:
    """Answer GetTemplatesByCustomerId."""
    if form.require_text("Location") != "GetTemplatesByCustomerId":
        raise UnknownLocationError("Location should be GetTemplatesByCustomerId")
    worker = form.require_text("Worker")
    texts = _texts(deps)
    contact = _contact(form.get_text("CustomerId").strip(), worker, deps.directory)
    columns = deps.directory.settings.columns
    known = templates.contact_values(contact, columns) if contact else {}
    values = {**known, **_worker_values(worker, deps.workers)}
    show = deps.settings.incomplete == "show"
    return Answer(
        _categories([filled for text in texts if (filled := fill_template(text, values, show_incomplete=show))])
    )


def fill_template(template: TemplateText, values: Mapping[str, str], *, show_incomplete: bool) -> TemplateText | None:
    """Fill a template in one pass, so that a value is never taken for a placeholder; None where one is lacking."""

    def value(name: str) -> str | None:
        return values.get(name.casefold()) or None

    if not show_incomplete and not all(value(name) for name in templates.find_placeholders(template.text)):
        return None
    text = templates.PLACEHOLDER.sub(lambda found: value(found[1]) or found[0], template.text)
    if len(text) > MAX_TEXT_LENGTH:
        logger.warning("template too long", extra={"length": len(text), "longest": MAX_TEXT_LENGTH})
        return None
    return TemplateText(template.category, text, template.whatsapp_approved)


def _texts(deps: TemplateDeps) -> Sequence[TemplateText]:
    """Return the templates: the remembered ones, else from the source."""
    texts = templates.recall_templates(deps.notes)
    deps.directory.keep_fresh()
    return templates.read_templates(deps.directory.source(), deps.notes) if texts is None else texts


def _contact(contact_id: str, worker: str, directory: Directory) -> Contact | None:
    """Return the customer; without one, or where they cannot be read, templates that need none are still of use."""
    if not contact_id:
        return None
    try:
        return directory.get_visible(contact_id, worker)
    except NotFoundError:
        return None
    except BridgeError as error:
        logger.warning("templates without contact", extra={"reason": str(error)})
        return None


def _worker_values(identity: str, workers: Mapping[str, schema.Worker]) -> dict[str, str]:
    """Return the worker's values; `author` is the worker's name in Twilio's public samples."""
    worker = find_worker(workers, identity) or schema.Worker()
    known = {**worker.fields, "name": worker.name, "sms": worker.sms, "whatsapp": worker.whatsapp}
    values = {f"worker.{name.casefold()}": text for name, text in known.items() if text}
    return {"worker": worker.name or identity, "author": worker.name or identity, **values}


def _categories(texts: Sequence[TemplateText]) -> list[dict[str, object]]:
    """Group templates as the table orders them, as many as fit Frontline's 64 kB."""
    categories: dict[str, list[dict[str, object]]] = {}
    room = MAX_ANSWER_BYTES - ENVELOPE
    for text in texts:
        item: dict[str, object] = {"content": text.text}
        if text.whatsapp_approved:
            item["whatsAppApproved"] = True
        room -= count_bytes(item) + count_bytes(text.category) + ENVELOPE
        if room < 0:
            logger.warning("templates left out", extra={"shown": sum(map(len, categories.values()))})
            break
        categories.setdefault(text.category or "Templates", []).append(item)
    return [{"display_name": name, "templates": items} for name, items in categories.items()]
