"""What to do about an answer: one sentence for each failure of a call, and for what Twilio would not accept."""

from collections.abc import Iterator, Mapping
from typing import Final

from twilio_bridge.errors import NotFoundError, SignatureError
from twilio_bridge.forms import MAX_ANSWER_BYTES
from twilio_bridge_cli.commands.call.callbacks import Callback
from twilio_bridge_cli.commands.call.sending import Answer, Call
from twilio_bridge_cli.environment import is_local
from twilio_bridge_cli.errors import DONE, REFUSED, SERVER

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_SERVER: Final = 500
_BAD_GATEWAY: Final = 502
_UNAVAILABLE: Final = 503

_BY_STATUS: Final[Mapping[int, str]] = {
    400: "Correct the parameter that the answer names.",
    405: "This address takes no POST: the base URL leads elsewhere (--url, the stack's output BaseUrl).",
    409: "Somebody has this address already: look for them with --query.",
    422: "The callback has no such Location: the answer names those it has.",
    429: "API Gateway throttles: wait a moment, or raise ThrottlingRateLimit in template.yaml.",
    451: "A reader has opted out, so the message is held back, as it should be.",
    _FORBIDDEN: "The callback understood the call and says no: the answer says why.",
}


def choose_exit_code(answer: Answer) -> int:
    """Return the exit code of an answer."""
    if answer.ok:
        return DONE
    return SERVER if answer.status >= _SERVER else REFUSED


def find_remedy(callback: Callback, call: Call, answer: Answer) -> str:
    """Return what to do about an answer; empty where it is a success."""
    if answer.ok:
        return ""
    if answer.redirect:
        return f"It redirects to {answer.redirect}: Twilio signs the address it calls, so name the final one in --url."
    if not call.is_signed and answer.status == _FORBIDDEN:
        return "Refused, as it should be."
    if _has_friendly_error(answer, SignatureError.friendly):
        return _signature(call)
    if answer.status == _NOT_FOUND:
        return _not_found(call, answer)
    return _server(callback, call, answer) if answer.status >= _SERVER else _BY_STATUS.get(answer.status, "")


def find_warnings(callback: Callback, call: Call, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with a success: Twilio gives up, refuses the size, or anybody could have called."""
    if answer.ok and not call.is_signed:
        yield "It answered a call that nobody signed: whoever knows this address can read and change contacts."
    if answer.ms > callback.limit_s * 1000:
        yield f"Twilio would have given up: it waits {callback.limit_s} s for this callback."
    if answer.size > MAX_ANSWER_BYTES:
        yield f"Frontline refuses answers over {MAX_ANSWER_BYTES // 1000} kB (error 48003)."
    if answer.ok and not answer.is_json and answer.size:
        yield "The answer is no JSON: is this address a Twilio Bridge?"


def _has_friendly_error(answer: Answer, friendly: str) -> bool:
    return isinstance(answer.body, dict) and answer.body.get("friendly_error_message") == friendly


def _signature(call: Call) -> str:
    source = call.token.source if call.token else "no token"
    where = "the local stack (make run) was started with" if is_local(call.url) else "the function knows"
    return (
        f"Either the token ({source}) is not the one {where}, or the function sees another address than "
        f"{call.url}: PUBLIC_BASE_URL there should be what it begins with."
    )


def _not_found(call: Call, answer: Answer) -> str:
    if _has_friendly_error(answer, NotFoundError.friendly):
        return f"List the contacts of that worker: {_command(call)}"
    return "There is no such route: check the base URL (--url, the stack's output BaseUrl) and that it is deployed."


def _command(call: Call) -> str:
    worker = call.parameters.get("Worker", [""])[0]
    return f"twilio-bridge call crm --worker {worker}"


def _server(callback: Callback, call: Call, answer: Answer) -> str:
    where = "the log that make run names" if is_local(call.url) else "the stack's log group (sam logs --tail)"
    if callback.name == "routing" and answer.status == _BAD_GATEWAY:
        return f"Routing needs a conversation that exists at Twilio, and a worker; the reason is in {where}."
    if answer.status == _UNAVAILABLE:
        return f"Try again in a moment; if it stays, the reason is in {where}."
    return f"The reason is in {where}."
