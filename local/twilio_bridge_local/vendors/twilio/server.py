"""The stand-in as a server: `TwilioStandIn` in a thread of its own. Used by the local stack and by tests.

Under `url` the product is the first path segment: `https://conversations.twilio.com/v1/X` is
`{url}/conversations/v1/X`. Messages, Conversations, Frontline, Event Streams, Flex tokens, and TaskRouter's tasks and
workers behave as at Twilio; whatever else Twilio has is answered from its OpenAPI description (`openapi`).

    with TwilioStandIn(account_sid, auth_token, proxy_numbers=[number], callbacks_url=gateway) as twilio:
        twilio.receive("+15555550100", number, "Hello")
"""

import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from flask import Flask, g, request

from twilio_bridge_local.vendors.faults import Dealt
from twilio_bridge_local.vendors.server import Refusal, StandIn
from twilio_bridge_local.vendors.twilio import people
from twilio_bridge_local.vendors.twilio.access import Access
from twilio_bridge_local.vendors.twilio.account import Account, SentWebhook
from twilio_bridge_local.vendors.twilio.address_book import AddressBook
from twilio_bridge_local.vendors.twilio.control import control_routes
from twilio_bridge_local.vendors.twilio.conversations import rest
from twilio_bridge_local.vendors.twilio.conversations.addresses import configuration
from twilio_bridge_local.vendors.twilio.errors import of_status, refusal
from twilio_bridge_local.vendors.twilio.event_streams.rest import events
from twilio_bridge_local.vendors.twilio.event_streams.sinks import EventStreams
from twilio_bridge_local.vendors.twilio.flex_rest import flex_routes
from twilio_bridge_local.vendors.twilio.flex_tokens import FlexTokens
from twilio_bridge_local.vendors.twilio.iam_rest import iam
from twilio_bridge_local.vendors.twilio.limits import FIRST_API, PRODUCT_LIMITS, RateLimit, name_limit
from twilio_bridge_local.vendors.twilio.messages.published import PUBLISHED, publish_senders
from twilio_bridge_local.vendors.twilio.messages.records import MessagingService
from twilio_bridge_local.vendors.twilio.messages.rest import contents, messages
from twilio_bridge_local.vendors.twilio.messages.samples import add_past_messages
from twilio_bridge_local.vendors.twilio.messages.state import Messaging
from twilio_bridge_local.vendors.twilio.openapi.account import TwilioApi
from twilio_bridge_local.vendors.twilio.openapi.server import api_routes
from twilio_bridge_local.vendors.twilio.people import Contact, Outcome
from twilio_bridge_local.vendors.twilio.store import Store
from twilio_bridge_local.vendors.twilio.taskrouter.rest import taskrouter_routes
from twilio_bridge_local.vendors.twilio.taskrouter.workspace import TaskRouter

CONVERSATIONS: Final = "/conversations/v1"
TASKROUTER: Final = "/taskrouter/"
# https://www.twilio.com/docs/taskrouter/limits: filters by an expression, three requests a second since October 2024.
EXPRESSIONS: Final = frozenset({"EvaluateTaskAttributes", "TargetWorkersExpression", "EvaluateWorkerAttributes"})
EXPRESSIONS_PER_S: Final = 3
TOO_MANY: Final = 429


@dataclass
class TwilioStandIn(Account, StandIn):
    """A Twilio account behind a real HTTP server on this machine; its attributes are those of `Account`.

    `requests` has what reached the products, `webhooks` what was sent to our gateway, `delivered` what
    customers got. Messages, and collections that only the description knows, begin with `seeded` samples.
    """

    vendor = "twilio"
    host: str = "127.0.0.1"
    port: int = 0
    seeded: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        StandIn.__init__(self, self.host, self.port, time.monotonic)
        self._forget_requests()
        self._api = TwilioApi(self.account_sid, self.auth_token, seeded=self.seeded, bare=PUBLISHED)
        self.taskrouter = TaskRouter(self._api, self._publish)
        add_past_messages(self.messaging, self.proxy_numbers, self.seeded)

    def start(self) -> Self:
        """Listen, and let messages move."""
        publish_senders(self, self._api)
        self.messaging.timetable.start()
        return super().start()

    def stop(self) -> None:
        """Stop listening, and let messages stand where they are."""
        self.messaging.timetable.stop()
        super().stop()

    def reset(self) -> None:
        """Forget everything but who the account is and its users."""
        super().reset()
        self.store, self.event_streams, self.flex_tokens = Store(), EventStreams(), FlexTokens()
        self.access, self.addresses = Access(), AddressBook()
        self.taskrouter.clear()
        self._forget_requests()
        self.add_users()
        self.webhooks.clear()
        self.delivered.clear()

        self.messaging.timetable.stop()
        self.messaging = Messaging()
        add_past_messages(self.messaging, self.proxy_numbers, self.seeded)
        self.messaging.timetable.start()

    def _forget_requests(self) -> None:
        self._write_limit = RateLimit(time.monotonic)
        self._taskrouter_limits = {kind: RateLimit(time.monotonic) for kind in ("reads", "writes", "expressions")}
        self._product_limits = {name: RateLimit(time.monotonic) for name in (*PRODUCT_LIMITS, FIRST_API)}

    def replace_rows(self, product: str, path: str, rows: Sequence[dict[str, Any]]) -> None:
        """Put resources in place of those of a list that only the description knows."""
        self._api.replace_rows(product, path, rows)

    def add_service(self, sid: str, senders: Sequence[str]) -> None:
        """Add a Messaging Service with these senders to the account."""
        self.messaging.services[sid] = MessagingService(sid, tuple(senders))
        publish_senders(self, self._api)

    def receive(self, address: str, proxy: str, body: str) -> Outcome:
        """A customer writes from her phone."""
        return people.receive(self, address, proxy, body)

    def receive_in_group(self, author: str, others: Sequence[str], number: str, body: str) -> Outcome:
        """A customer writes to a group MMS that our number is in."""
        return people.receive_in_group(self, author, others, number, body)

    def send(self, conversation_sid: str, worker: str, body: str) -> Outcome:
        """A worker writes from the app."""
        return people.send_message(self, conversation_sid, worker, body)

    def open(self, worker: str, contact: Contact) -> Outcome:
        """A worker opens a conversation with a contact."""
        return people.open_conversation(self, worker, contact)

    def close(self, conversation_sid: str) -> Outcome:
        """A worker closes a conversation."""
        return people.close_conversation(self, conversation_sid)

    def call(self, callback: str, parameters: Mapping[str, str]) -> SentWebhook:
        """The app calls one of our Frontline callbacks."""
        return people.call(self, callback, parameters)

    def add_routes(self, app: Flask) -> None:
        """Put the products' paths on the app, and what people do under /_stand-in."""
        app.config[rest.ACCOUNT] = self
        app.register_blueprint(rest.conversations, url_prefix=CONVERSATIONS, name="account")
        app.register_blueprint(rest.services, url_prefix=CONVERSATIONS)
        app.register_blueprint(configuration, url_prefix=CONVERSATIONS)
        services = f"{CONVERSATIONS}/Services/<service_sid>"
        app.register_blueprint(rest.conversations, url_prefix=services, name="service")
        app.register_blueprint(rest.frontline, url_prefix="/frontline-api/v1")
        app.register_blueprint(events, url_prefix="/events/v1")
        app.register_blueprint(iam, url_prefix="/iam")
        app.register_blueprint(control_routes(self))
        self._api.api_keys.update([self.api_key] if self.api_key else [])
        app.register_blueprint(flex_routes(self._api))
        app.register_blueprint(taskrouter_routes(self.taskrouter))
        app.register_blueprint(messages, url_prefix="/api/2010-04-01/Accounts/<account_sid>")
        app.register_blueprint(contents, url_prefix="/content/v1")
        app.register_blueprint(api_routes(self._api))

    def check_client(self) -> None:
        """Raise Twilio's 401 unless the account's token or its API key asks."""
        if not self._knows(request.authorization):
            raise refusal(20003)
        is_key = request.authorization is not None and request.authorization.username != self.account_sid
        self.access.check(request.path, with_key=is_key)

    def check_limits(self, _dealt: Dealt) -> None:
        """Raise Twilio's 429 when there were too many requests in the last second."""
        is_read = request.method == "GET"
        is_admitted = is_read or self._write_limit.admit(self.writes_per_s)
        if request.path.startswith(TASKROUTER) and not self._admit_taskrouter(is_read=is_read):
            is_admitted = False
        if not self._admit_to_product(name_limit(request.method, request.path)):
            is_admitted = False
        if not is_admitted:
            self._say_when()
            raise refusal(20429)

    def _admit_to_product(self, name: str) -> bool:
        """Return whether a product takes one more request."""
        limit = self._product_limits.get(name)
        return limit is None or limit.admit(self.requests_per_s.get(name))

    def _admit_taskrouter(self, *, is_read: bool) -> bool:
        """Return whether TaskRouter takes one more request; lists by an expression have a limit of their own."""
        if EXPRESSIONS & request.args.keys() and not self._taskrouter_limits["expressions"].admit(EXPRESSIONS_PER_S):
            return False
        if is_read:
            return self._taskrouter_limits["reads"].admit(self.taskrouter_reads_per_s)
        return self._taskrouter_limits["writes"].admit(self.taskrouter_writes_per_s)

    def _publish(self, event: Mapping[str, Any]) -> None:
        if self.put_event:
            self.event_streams.publish(event, self.put_event)

    def refuse_with_status(self, status: int) -> Refusal:
        """Return Twilio's error for a bare HTTP status."""
        if status == TOO_MANY:
            self._say_when()
        return of_status(status)

    def _say_when(self) -> None:
        """Add Retry-After, which Twilio sends for some of its limits only."""
        if self.retry_after_s is not None:
            g.headers = {"Retry-After": str(self.retry_after_s)}

    def _knows(self, given: Any) -> bool:  # noqa: ANN401  # werkzeug's Authorization, or None
        known = [(self.account_sid, self.auth_token), *([self.api_key] if self.api_key else [])]
        if given is None or given.type != "basic":
            return False
        offered = f"{given.username}:{given.password}".encode()
        return any(hmac.compare_digest(offered, f"{name}:{secret}".encode()) for name, secret in known)
