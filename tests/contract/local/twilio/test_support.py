"""What the tests of the Twilio stand-in share: a real gateway that verifies signatures, and the real SDK."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, Self

import pytest
from flask import Flask, Response, request
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import SIGNATURE_SETTINGS_HEADER, RequestValidator, get_signature_algorithm
from twilio.rest import Client
from werkzeug.datastructures import MultiDict
from werkzeug.serving import WSGIRequestHandler, make_server

from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "12345"
NUMBER = "+15005550006"
CUSTOMER = "+15555550100"
WORKER = "jo@example.com"

VALIDATOR: Any = RequestValidator(AUTH_TOKEN)

Form = MultiDict[str, str]
Answer = tuple[str, int]


class QuietHandler(WSGIRequestHandler):
    def log(self, *_parts: object) -> None:
        """Nothing."""


class Gateway:
    """Our gateway as Twilio sees it: 403 for a wrong signature, else what `answers` has for the event."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Form], Answer]] = {}
        self.received: list[tuple[str, Form]] = []
        self.headers: list[dict[str, str]] = []
        self.refused = 0
        self.shared_secret = ""
        app = Flask("gateway", static_folder=None)
        app.add_url_rule("/callbacks/<name>", "callback", self._callback, methods=["GET", "POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def events(self) -> list[str]:
        return [name for name, _ in self.received]

    def form(self, event: str) -> Form:
        return next(form for name, form in self.received if name == event)

    def _callback(self, name: str) -> Response:
        signature = request.headers.get("X-Twilio-Signature", "")
        url = self.url + request.environ["REQUEST_URI"]  # as it was called, nothing decoded
        settings = request.headers.get(SIGNATURE_SETTINGS_HEADER, "")
        validator = RequestValidator(self.shared_secret) if settings else VALIDATOR
        if not validator.validate(url, request.form, signature, get_signature_algorithm(settings)):
            self.refused += 1
            return Response("", 403)
        form: Form = request.values
        event = form.get("EventType") or form.get("Location") or name
        self.received.append((event, form))
        self.headers.append(dict(request.headers))
        body, status = self.answers.get(event, answering())(form)
        return Response(body, status, content_type="application/json")


def answering(body: str = "{}", status: int = 200) -> Callable[[Form], Answer]:
    return lambda _form: (body, status)


def slow(seconds: float) -> Callable[[Form], Answer]:
    def answer(_form: Form) -> Answer:
        time.sleep(seconds)
        return '{"body": "too late"}', 200

    return answer


def stand_in(gateway: Gateway | None = None) -> TwilioStandIn:
    return TwilioStandIn(
        ACCOUNT_SID,
        AUTH_TOKEN,
        users={WORKER: True},
        proxy_numbers=[NUMBER, f"whatsapp:{NUMBER}"],
        callbacks_url=gateway.url if gateway else "",
    )


class RedirectedHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """Twilio's SDK, with `https://{product}.twilio.com/…` sent to `{url}/{product}/…`."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=2)
        self._url = url
        self.session.trust_env = False

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> object:
        host, path = url.removeprefix("https://").split("/", 1)
        product = host.removesuffix(".twilio.com")
        return super().request(method, f"{self._url}/{product}/{path}", *args, **kwargs)


@contextmanager
def sdk(twilio: TwilioStandIn, token: str = AUTH_TOKEN) -> Iterator[Client]:
    """The real SDK against the stand-in; its connections are closed at the end."""
    http = RedirectedHttpClient(twilio.url)
    with http.session:
        yield Client(ACCOUNT_SID, token, http_client=http)


def refused(act: Callable[[], object]) -> tuple[int, int]:
    """The HTTP status and Twilio's code of a refusal.

    Where a list is refused, the SDK raises its bare TwilioException with the response as its second argument.
    """
    with pytest.raises(TwilioException) as caught:
        act()
    if isinstance(caught.value, TwilioRestException):
        return caught.value.status, caught.value.code
    answer = caught.value.args[1]
    return answer.status_code, json.loads(answer.text)["code"]


def routing_to(twilio: TwilioStandIn, worker: str) -> Callable[[Form], Answer]:
    def answer(form: Form) -> Answer:
        with sdk(twilio) as client:
            conversation = client.conversations.v1.conversations(form["ConversationSid"])
            conversation.participants.create(identity=worker)
        return "", 200

    return answer


def workers(twilio: TwilioStandIn, conversation_sid: str | None) -> list[str | None]:
    there = twilio.store.participants_of(str(conversation_sid))
    return [found.identity for found in there if found.identity]


def begun(twilio: TwilioStandIn) -> str:
    """A conversation between the customer and the worker."""
    outcome = twilio.receive(CUSTOMER, NUMBER, "Hello")
    assert outcome.conversation_sid
    return outcome.conversation_sid
