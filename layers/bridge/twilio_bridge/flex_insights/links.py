"""What the rules want of links and of recordings, which Flex Insights' player opens in a supervisor's browser."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from twilio_bridge.flex_insights.attribute import MAX_TEXT_LENGTH, Attribute
from twilio_bridge.flex_insights.rules import Finding

# Names that only a company's own network knows, and pages that ask for a login first.
_PRIVATE_NAME: Final = re.compile(
    r"[^.]+|(.+\.)?(localhost|local|internal|intranet|corp|lan|home|test|invalid|example)"
)
_LOGIN_PAGES: Final = (
    "console.twilio.com",
    "drive.google.com",
    "docs.google.com",
    "console.aws.amazon.com",
    "flex.twilio.com",
)
_LOGIN_DOMAINS: Final = (".sharepoint.com", ".console.aws.amazon.com")
# Signed addresses of S3, CloudFront, Google Cloud Storage and Azure.
_EXPIRIES: Final = frozenset(("x-amz-expires", "x-goog-expires", "expires", "se", "exp"))
_REFERENCE: Final = frozenset(("url", "conversation_sid"))


def check_link(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield what a link breaks; what only a recording has to be is asked of `segment_link` alone."""
    yield from check_address(text, attribute.place, is_played=attribute.name == "segment_link")
    if len(text) > MAX_TEXT_LENGTH:
        problem = f"it has {len(text):,} characters"
        yield Finding("FI032", attribute.place, problem, "Use a shorter address that leads there.")


def check_address(text: str, place: str, *, is_played: bool) -> Iterator[Finding]:
    """Yield what an address breaks."""
    address = split_address(text)
    if address is None:
        yield Finding(
            "FI028", place, "it is no http or https address", "Write the whole address, beginning with https://"
        )
        return
    if not is_played:
        return

    if is_closed(address):
        remedy = "Store it where everybody with the link can load it, or put the authorisation into path or query."
        yield Finding("FI029", place, "it cannot be opened without a login or from outside", remedy)
    elif _EXPIRIES & {name.lower() for name in parse_qs(address.query, keep_blank_values=True)}:
        yield Finding("FI030", place, "its authorisation expires", "Give it one that lasts as long as your reports.")
    if address.scheme == "http":
        yield Finding("FI031", place, "it begins with http", "Serve it by https.")


def check_media(value: object, place: str) -> Iterator[Finding]:
    """Yield what a list of recordings breaks."""
    if not isinstance(value, list):
        yield Finding("FI033", place, "it is no list", "Write a list of objects with url and type.")
        return
    for number, item in enumerate(value):
        yield from check_recording(item, f"{place}.{number}")


def check_recording(item: object, place: str) -> Iterator[Finding]:
    """Yield what one recording breaks."""
    if not isinstance(item, dict) or not any(isinstance(item.get(name), str) and item[name] for name in _REFERENCE):
        yield Finding("FI033", place, "it has neither url nor conversation_sid", "Name the recording by url.")
        return
    start = item.get("start_time")
    if start is not None and (isinstance(start, bool) or not isinstance(start, int | float)):
        yield Finding("FI033", f"{place}.start_time", "it is no number", "Write milliseconds since 1970.")
    if not isinstance(item.get("channels", []), list):
        yield Finding("FI033", f"{place}.channels", "it is no list", 'Write a list, such as ["customer", "others"].')
    if isinstance(item.get("url"), str):
        yield from check_address(item["url"], f"{place}.url", is_played=True)


def split_address(text: str) -> SplitResult | None:
    """Return the parts of an http or https address, None where it is none."""
    try:
        address = urlsplit(text)
        is_address = address.scheme in {"http", "https"} and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:  # brackets that do not close, a port beyond the last
        return None
    return address if is_address and not re.search(r"\s", text) else None


def is_closed(address: SplitResult) -> bool:
    """Return whether somebody outside cannot open it; a user and password before the host are not taken."""
    host = (address.hostname or "").rstrip(".").lower()
    if address.username is not None or host in _LOGIN_PAGES or host.endswith(_LOGIN_DOMAINS):
        return True
    if host == "www.twilio.com" and address.path.startswith("/console"):
        return True
    try:
        return not ip_address(host).is_global
    except ValueError:
        return _PRIVATE_NAME.fullmatch(host) is not None
