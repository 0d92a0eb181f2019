"""Whether a message may be made: what is wrong with a request, as Twilio's error catalogue has it.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message; each code at
https://www.twilio.com/docs/api/errors/<code>. Numbers with a meaning of their own are those of
https://www.twilio.com/docs/iam/test-credentials. A schedule without a service is refused (35118), though an older page
has Twilio send such a message at once. The shortest lead of SendAt is 300 seconds at 35115, 15 minutes at 35114.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import phonenumbers
from werkzeug.datastructures import MultiDict

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.messages.opt_outs import group_of
from twilio_bridge_local.vendors.twilio.messages.records import MAX_VALIDITY_S, Content, MessagingService
from twilio_bridge_local.vendors.twilio.messages.senders import MAX_QUEUED_S, WHATSAPP, kind_of
from twilio_bridge_local.vendors.twilio.messages.state import Messaging

MAX_BODY_LENGTH: Final = 1_600
MAX_MEDIA_COUNT: Final = 10
MAX_CALLBACK_LENGTH: Final = 4_000
MIN_LEAD_S: Final = 300
MAX_LEAD_S: Final = 35 * 86_400
MAX_SCHEDULED_COUNT: Final = 500_000
TEST_TO: Final[Mapping[str, int]] = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
TEST_FROM: Final[Mapping[str, int]] = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
Form = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Creation:
    """What a request asks for, once it is found right."""

    to: str
    body: str
    sender: str | None
    service: MessagingService | None
    media: tuple[str, ...]
    content: Content | None
    send_at: datetime | None
    validity_s: int
    status_callback: str
    smart_encoded: bool


def check_creation(messaging: Messaging, senders: frozenset[str], form: Form) -> Creation:
    """Return what a request asks for; raise TwilioError for the first thing that is wrong with it."""
    service = _check_service(messaging, form)
    send_at = _check_schedule(messaging, form, service)
    body, content = _check_content(messaging, form, service)
    to = _check_recipient(messaging, form)
    sender = _check_sender(form, to, service, senders)
    _check_pair(messaging, to, sender, service)
    return Creation(
        to=to,
        body=body,
        sender=sender,
        service=service,
        media=tuple(form.getlist("MediaUrl")),
        content=content,
        send_at=send_at,
        validity_s=_check_validity(form, service),
        status_callback=_check_callback(form) or (service.status_callback if service else ""),
        smart_encoded=form.get("SmartEncoded", str(bool(service and service.smart_encoding))).lower() == "true",
    )


def _check_service(messaging: Messaging, form: Form) -> MessagingService | None:
    named = form.get("MessagingServiceSid") or (form["From"] if form.get("From", "").startswith("MG") else "")
    if not named:
        return None
    service = messaging.services.get(named)
    if service is None:
        raise refusal(21701 if re.fullmatch(r"MG[0-9a-fA-F]{32}", named) else 21705, named)
    if not service.senders:
        raise refusal(21703)
    return service


def _check_schedule(messaging: Messaging, form: Form, service: MessagingService | None) -> datetime | None:
    kind, text = form.get("ScheduleType"), form.get("SendAt")
    if kind is None:
        return None
    if kind != "fixed":
        raise refusal(35126)
    if not text:
        raise refusal(35111)
    if service is None:
        raise refusal(35118)

    send_at = _read_time(text)
    lead_s = send_at.timestamp() - messaging.clock()
    if not MIN_LEAD_S <= lead_s <= MAX_LEAD_S:
        raise refusal(35115 if lead_s < MIN_LEAD_S else 35114, f"SendAt is {lead_s:.0f} seconds ahead")
    if messaging.store.count_scheduled() >= MAX_SCHEDULED_COUNT:
        raise refusal(35125)
    return send_at


def _read_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusal(35114, text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_content(messaging: Messaging, form: Form, service: MessagingService | None) -> tuple[str, Content | None]:
    content = _check_template(messaging, form)
    body, media = form.get("Body", ""), form.getlist("MediaUrl")
    if content is None and not body.strip() and not media:
        raise refusal(21619 if service else 21602)
    if len(body) > MAX_BODY_LENGTH:
        raise refusal(21617)
    if len(media) > MAX_MEDIA_COUNT:
        raise refusal(21623)
    if any(not _is_url(url) for url in media):
        raise refusal(21620)
    return (_fill(content, form) if content else body), content


def _check_template(messaging: Messaging, form: Form) -> Content | None:
    sid = form.get("ContentSid")
    if sid is None:
        return None
    if sid not in messaging.contents:
        raise refusal(21655, sid)
    return messaging.contents[sid]


def _fill(content: Content, form: Form) -> str:
    """Return a template's text with the request's values, and its own where the request has none."""
    try:
        given = json.loads(form.get("ContentVariables") or "{}")
    except ValueError:
        raise refusal(21656, "not JSON") from None
    if not isinstance(given, dict) or any(not isinstance(value, str) or not value for value in given.values()):
        raise refusal(21656, "an object of texts, none of them empty")
    values = {**dict(content.variables), **given}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values.get(found[1], found[0]), content.body)


def _check_recipient(messaging: Messaging, form: Form) -> str:
    to = form.get("To", "").strip()
    if not to:
        raise refusal(21604)
    if to in TEST_TO:
        raise refusal(TEST_TO[to], to)

    number = to.removeprefix(WHATSAPP)
    region = _region_of(number)
    if region is None:
        raise refusal(21211, to)
    if number in messaging.landlines:
        raise refusal(21614, to)
    if messaging.regions is not None and region not in messaging.regions:
        raise refusal(21408, to)
    return to


def _region_of(number: str) -> str | None:
    """Return a number's country ("" where several share it); None where it is no E.164 number."""
    if not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        return None
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )


def _check_sender(form: Form, to: str, service: MessagingService | None, senders: frozenset[str]) -> str | None:
    sender = form.get("From", "").strip()
    if not sender or sender.startswith("MG"):
        if service is None:
            raise refusal(21603)
        return None
    if sender in TEST_FROM:
        raise refusal(TEST_FROM[sender], sender)

    kind = kind_of(sender)
    if not kind:
        raise refusal(21212, sender)
    if kind == "alphanumeric":
        if to.startswith("+1"):  # no such sender in the United States and Canada
            raise refusal(21612, sender)
    elif sender not in senders:
        raise refusal(63007 if kind == "whatsapp" else 21606, sender)
    if service is not None and sender not in service.senders:
        raise refusal(21712, sender)
    return sender


def _check_pair(messaging: Messaging, to: str, sender: str | None, service: MessagingService | None) -> None:
    if sender == to:
        raise refusal(21266)
    is_whatsapp = to.startswith(WHATSAPP)
    offered = [sender] if sender else list(service.senders if service else ())
    fitting = [each for each in offered if each.startswith(WHATSAPP) == is_whatsapp]
    if not fitting:
        raise refusal(21910 if sender else 21703)

    groups = {group_of(each, messaging.services.values()) for each in fitting} | ({service.sid} if service else set())
    if any(messaging.opt_outs.hold(to, group) for group in groups):
        raise refusal(21610)
    waits_s = messaging.queues.wait_s(sender, messaging.clock()) if sender else 0.0
    if waits_s > MAX_QUEUED_S:
        raise refusal(21611, sender or "")


def _check_validity(form: Form, service: MessagingService | None) -> int:
    text = form.get("ValidityPeriod")
    if text is None:
        return service.validity_s if service else MAX_VALIDITY_S
    if not text.isdecimal() or not 1 <= int(text) <= MAX_VALIDITY_S:
        raise refusal(90007, text)
    return int(text)


def _check_callback(form: Form) -> str:
    url = form.get("StatusCallback", "")
    if url and (len(url) > MAX_CALLBACK_LENGTH or not _is_url(url) or "_" in str(urlsplit(url).hostname)):
        raise refusal(21609, url)
    return url


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", text)
