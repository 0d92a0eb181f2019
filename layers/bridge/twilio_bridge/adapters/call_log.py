"""A line in the log for each request to a vendor: method, path template, status, milliseconds.

Where `connectors.twilio_flex` says `debug` or `log_api_calls`, it is logged at INFO, else at DEBUG. Neither a body, a
query nor a part of the path that could name a person, a number or an account is ever in it.
"""

import re
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from twilio_bridge.logs import logger

if TYPE_CHECKING:  # a function that asks nobody does not load it
    from requests import PreparedRequest, Response, Session

HIDDEN: Final = "{}"
_VERSION: Final = re.compile(r"v\d+|2010-04-01")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_-]*(\.json)?")
# Airtable's paths hold ids and tables' names wherever they like, so its own words are named.
# https://airtable.com/developers/web/api/introduction
_AIRTABLE: Final = "airtable"
_AIRTABLE_WORDS: Final = frozenset({"meta", "whoami", "bases", "tables", "fields", "webhooks", "payloads", "refresh"})


class CallLog:
    """Whether this process logs requests at INFO, and what counts them by vendor; a function's wiring sets both."""

    wanted = False
    count: ClassVar[Callable[[str], None]] = staticmethod(lambda _vendor: None)


def log_calls(session: "Session", vendor: str) -> None:
    """Log each request that this session sends."""
    send = session.send

    def send_and_log(request: "PreparedRequest", **options: Any) -> "Response":  # noqa: ANN401  requests' own
        began_at = time.monotonic()
        status: int | str = "no answer"

        try:
            response = send(request, **options)
            status = response.status_code
        except OSError as error:
            status = type(error).__name__
            raise
        finally:
            _log(vendor, request, status, time.monotonic() - began_at)

        return response

    session.send = send_and_log  # type: ignore[method-assign]  # the SDKs make requests through it, too


def describe_path(vendor: str, url: str) -> str:
    """Return a path of which only the vendor's own words are left, as `/v1/Services/{}/Conversations/{}`.

    After the version, Twilio's and Brevo's paths name a collection and one of its items in turn. An item is hidden
    whatever it looks like: a user's identity may be a plain word.
    """
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    versions = [index for index, segment in enumerate(segments) if _VERSION.fullmatch(segment)]
    start = versions[0] + 1 if versions else 0

    items = segments[start:]
    shown = _keep_words(items, _AIRTABLE_WORDS) if vendor == _AIRTABLE else _keep_collections(items)
    return "/" + "/".join([*segments[start - 1 : start], *shown])


def _keep_words(segments: list[str], words: Collection[str]) -> list[str]:
    return [segment if segment in words else HIDDEN for segment in segments]


def _keep_collections(segments: list[str]) -> list[str]:
    collections = {index for index, segment in enumerate(segments) if index % 2 == 0 and _WORD.fullmatch(segment)}
    return [segment if index in collections else HIDDEN for index, segment in enumerate(segments)]


def _log(vendor: str, request: "PreparedRequest", status: int | str, seconds: float) -> None:
    log = logger.info if CallLog.wanted else logger.debug
    path = describe_path(vendor, request.url or "")

    facts = {"vendor": vendor, "method": request.method, "path": path, "status": status, "ms": round(1_000 * seconds)}
    log("vendor called", extra=facts)
    CallLog.count(vendor)
