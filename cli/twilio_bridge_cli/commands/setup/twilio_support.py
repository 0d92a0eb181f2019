"""Support events at Twilio: the Event Streams sink that leads to the stack's stream, and its subscription."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from twilio_bridge.adapters.twilio.account_setup import TwilioAccountSetup
from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge.status import event_streams
from twilio_bridge.status.ports import Sink, Subscription
from twilio_bridge_cli.commands.setup.changes import Before, Change

WAIT_S: Final = 120.0
POLL_S: Final = 2.0
TYPES: Final = "types"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """Where events go, as the stack's outputs have it, and what our sink and subscription are described as."""

    arn: str
    role_arn: str
    external_id: str
    description: str

    @property
    def configuration(self) -> dict[str, str]:
        """Return a sink's configuration."""
        return {"arn": self.arn, "role_arn": self.role_arn, "external_id": self.external_id}

    def fits(self, sink: Sink) -> bool:
        """Return whether a sink may write to the stream: Twilio shows role and external id, or leaves them out."""
        shown = ((name, sink.configuration.get(name, own)) for name, own in self.configuration.items())
        return all(value == self.configuration[name] for name, value in shown)


class SupportSetup:
    """Sink and subscription of one account and one stack."""

    def __init__(self, account: TwilioAccountSetup, target: StreamTarget, before: Before) -> None:
        self._account = account
        self._target = target
        self._before = before

    def plan(self) -> Iterator[Change]:
        """Yield what is missing."""
        sink = self._find_sink()
        subscriptions = self._account.list_subscriptions(sink.sid) if sink else []
        if sink is None:
            text = "make the Event Streams sink that leads to the stack's stream, and have it tested"
            yield Change("twilio", "sink", text, self._make_sink)
        elif not self._target.fits(sink):
            text = "make the Event Streams sink anew: its role or external id is not the stack's"
            foreign = "" if self._is_ours(sink.description) else f"the sink “{sink.description}” ({sink.sid})"
            yield Change("twilio", "sink", text, self._replace_sink, foreign)
            subscriptions = []
        elif sink.status != event_streams.ACTIVE:
            text = f"have the Event Streams sink tested, which is {sink.status}"
            yield Change("twilio", "sink", text, self._validate)
        yield from self._plan_subscription(subscriptions)

    def _plan_subscription(self, subscriptions: Sequence[Subscription]) -> Iterator[Change]:
        missing = event_streams.list_missing(subscriptions)
        others = event_streams.list_other_versions(subscriptions)
        if not subscriptions:
            text = f"subscribe to {len(event_streams.TYPES)} types of events, each in its version"
            yield Change("twilio", "subscription", text, self._subscribe)
        elif missing or others:
            text = f"add {len(missing)} types of events to the subscription, and take {len(others)} in our version"
            yield Change("twilio", "subscription", text, self._complete)

    def plan_removal(self) -> Iterator[Change]:
        """Yield what setup has made here; a sink or a subscription of somebody else's stays."""
        sink = self._find_sink()
        subscriptions = self._account.list_subscriptions(sink.sid) if sink else []
        if self._before.read(TYPES) and subscriptions:
            yield Change("twilio", "subscription", "give the subscription its former types", self._restore_types)
        if any(self._is_ours(each.description) for each in subscriptions):
            yield Change("twilio", "subscription", "delete the Event Streams subscription", self._unsubscribe)
        if sink and self._is_ours(sink.description):
            yield Change("twilio", "sink", "delete the Event Streams sink", self._delete_sink)

    def _find_sink(self) -> Sink | None:
        return event_streams.find_sink(self._account.list_sinks(), self._target.arn)

    def _is_ours(self, description: str) -> bool:
        return description == self._target.description

    def _make_sink(self) -> str:
        if self._find_sink() is None:
            self._account.create_sink(self._target.description, self._target.configuration)
        return self._validate()

    def _replace_sink(self) -> str:
        sink = self._find_sink()
        if sink and not self._target.fits(sink):
            for each in self._account.list_subscriptions(sink.sid):
                self._account.delete_subscription(each.sid)
            self._account.delete_sink(sink.sid)
        return self._make_sink()

    def _validate(self) -> str:
        """Have the sink tested, and wait until the stack has answered."""
        sink = self._find_sink()
        if sink and sink.status != event_streams.ACTIVE:
            self._account.test_sink(sink.sid)
        ends_at = time.monotonic() + WAIT_S
        while sink and sink.status != event_streams.ACTIVE:
            if sink.status == FAILED:
                raise RefusedError(
                    "twilio", "the sink failed: may Twilio write to the stream? see A sink is not validated"
                )
            if time.monotonic() > ends_at:
                raise UnavailableError("twilio", f"the sink is {sink.status} after {WAIT_S:.0f} s; run setup again")
            time.sleep(POLL_S)
            sink = self._account.fetch_sink(sink.sid)
        return "the sink is active"

    def _subscribe(self) -> str:
        sink = self._find_sink()
        if sink is None:
            raise UnavailableError("twilio", "there is no sink to subscribe for")
        if self._account.list_subscriptions(sink.sid):
            return self._complete()
        self._account.create_subscription(self._target.description, sink.sid, event_streams.TYPES)
        return "subscribed"

    def _complete(self) -> str:
        sink = self._find_sink()
        subscription = self._account.list_subscriptions(sink.sid)[0] if sink else None
        if subscription is None:
            return self._subscribe()
        lacking = {
            name: version for name, version in event_streams.TYPES.items() if subscription.types.get(name) != version
        }
        if not self._is_ours(subscription.description):
            self._before.keep(TYPES, {"sid": subscription.sid, "types": dict(subscription.types)})
        self._account.put_types(subscription.sid, lacking, subscription.types)
        return f"{len(lacking)} types added"

    def _restore_types(self) -> str:
        kept = self._before.read(TYPES) or {}
        former: dict[str, int] = kept.get("types", {})
        sink = self._find_sink()
        for each in self._account.list_subscriptions(sink.sid) if sink else []:
            if each.sid == kept.get("sid"):
                changed = {name: version for name, version in former.items() if each.types.get(name) != version}
                self._account.put_types(each.sid, changed, each.types)
                for name in each.types.keys() - former.keys():
                    self._account.delete_type(each.sid, name)
        self._before.forget(TYPES)
        return "as before"

    def _unsubscribe(self) -> str:
        sink = self._find_sink()
        for each in self._account.list_subscriptions(sink.sid) if sink else []:
            if self._is_ours(each.description):
                self._account.delete_subscription(each.sid)
        return "deleted"

    def _delete_sink(self) -> str:
        sink = self._find_sink()
        if sink and self._is_ours(sink.description):
            self._account.delete_sink(sink.sid)
        return "deleted"
