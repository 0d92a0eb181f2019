"""A set-up that is killed at any of its writes is finished by the next run, and taken back whole by --remove."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial, partialmethod
from typing import Any, Final

import pytest

from tests.fakes.dynamodb import Dictionary
from tests.sizes import size
from twilio_bridge.adapters.brevo.account_setup import BrevoAccountSetup
from twilio_bridge.adapters.brevo.client import WINDOWS, BrevoRequests
from twilio_bridge.adapters.twilio.account_setup import TwilioAccountSetup
from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.rest import TwilioRest
from twilio_bridge.config import schema
from twilio_bridge.support.brevo.typical_values import list_samples
from twilio_bridge_cli.commands.setup.brevo_lists import BrevoSetup
from twilio_bridge_cli.commands.setup.changes import Before, Change
from twilio_bridge_cli.commands.setup.configuration import ConfigurationSetup
from twilio_bridge_cli.commands.setup.twilio_frontline import FrontlineSetup
from twilio_bridge_cli.commands.setup.twilio_support import StreamTarget, SupportSetup
from twilio_bridge_cli.pace import BrevoPace
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
from twilio_bridge_local.vendors.twilio.records import WebhookConfiguration
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn
from twilio_bridge_local.vendors.twilio.store import Store

SERVICE: Final = "IS" + "1" * 32
SID, TOKEN = "AC" + "1" * 32, "token"
STREAM: Final = "arn:aws:kinesis:eu-west-1:111122223333:stream/events"
TARGET: Final = StreamTarget(STREAM, "arn:aws:iam::111122223333:role/sink", "an-id", "Twilio Bridge (test)")
NUMBERS: Final = ("+15005550006", "whatsapp:+15005550006")
HOOKS: Final = WebhookConfiguration(("onMessageAdded",), "", "", "POST")


class Killed(BaseException):
    """The process has gone: nothing catches it."""


@dataclass
class World:
    """Two accounts and a table; after `left` more writes the process is killed, before or after the last of them."""

    twilio: TwilioStandIn
    brevo: BrevoStandIn
    dictionary: Dictionary = field(default_factory=Dictionary)
    left: int | None = None
    is_after: bool = False
    writes: int = 0

    def write(self, make: Callable[[], Any]) -> Any:
        """Make a write, or be killed at it."""
        self.writes += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0 and not self.is_after:
                raise Killed
        made = make()
        if self.left is not None and self.left < 0:
            raise Killed
        return made

    def setups(self) -> tuple[SupportSetup, FrontlineSetup, BrevoSetup, ConfigurationSetup]:
        """Return what a fresh process works with."""
        table = self.dictionary.table
        before, settled = Before(table), schema.Config()
        account = TwilioAccountSetup(Account((SID, TOKEN), SID, endpoint_url=self.twilio.url), TOKEN)
        brevo = BrevoRequests(self.brevo.api_key, self.brevo.url, dict.fromkeys(WINDOWS, BrevoPace()))
        configuration = ConfigurationSetup(table, settled, before, is_a_file=False)
        stored_lists = configuration_lists(table)
        lists = BrevoSetup(
            BrevoAccountSetup(brevo, create=True), list_samples(settled), stored_lists, before, configuration.put_lists
        )
        frontline = FrontlineSetup(account, "https://bridge.example", NUMBERS, before)
        return SupportSetup(account, TARGET, before), frontline, lists, configuration

    def plan(self) -> Iterator[Change]:
        support, frontline, lists, _ = self.setups()
        yield from (*lists.plan(), *support.plan(), *frontline.plan())

    def plan_removal(self) -> Iterator[Change]:
        support, frontline, lists, configuration = self.setups()
        yield from frontline.plan_removal()
        yield from support.plan_removal()
        yield from lists.plan_removal()
        yield from configuration.plan_removal()

    def snapshot(self) -> dict[str, Any]:
        """Return what stands there; SIDs and moments are left out."""
        streams, account = self.twilio.event_streams, self.brevo.account
        return {
            "sinks": [(each.description, each.status) for each in streams.sinks.values()],
            "subscriptions": [dict(each.types) for each in streams.subscriptions.values()],
            "webhooks": list(self.twilio.store.service_webhooks.values()),
            "addresses": {each.address: dict(each.auto_creation) for each in self.twilio.addresses.by_sid.values()},
            "attributes": dict(account.attributes),
            "lists": [each.name for each in account.lists.values()],
            "stored": sorted(self.dictionary.partitions["config"]),
            "kept": sorted(name.partition("#IS")[0] for name in self.dictionary.partitions["setup"]),
        }

    def begin(self) -> None:
        """Empty both accounts; Conversations calls nobody, for one event."""
        self.twilio.reset()
        self.brevo.reset()
        self.brevo.account.clear()
        self.dictionary = Dictionary()
        store = self.twilio.store = Store(default_service_sid=SERVICE)
        store.service_webhooks[store.default_service_sid] = HOOKS


def configuration_lists(table: Any) -> dict[str, int | None]:
    item = table.get("config", "bridge.yaml")
    lists = (
        schema.parse(item["text"]).connectors.twilio_flex.lists
        if item
        else schema.Config().connectors.twilio_flex.lists
    )
    return {"support_contacts": lists.support_contacts, "csat_respondents": lists.csat_respondents}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Both stand-ins; a sink's test event is answered at once, as the stack would."""
    monkeypatch.setattr("twilio_bridge_cli.pace.BREVO_GAP_S", 0.0)
    monkeypatch.setattr("twilio_bridge_local.vendors.brevo.limits.RateLimits.admit", admit)
    with TwilioStandIn(SID, TOKEN, seeded=1) as twilio, BrevoStandIn() as brevo:
        found = World(twilio, brevo)
        twilio.put_event = lambda _arn, event: validate(twilio, event)
        send, ask = TwilioRest._send, BrevoRequests.ask

        def sending(self: TwilioRest, method: str, *rest: Any, **more: Any) -> Any:
            make = partial(send, self, method, *rest, **more)
            return make() if method == "GET" else found.write(make)

        def asking(self: BrevoRequests, wanted: Any) -> Any:
            make = partial(ask, self, wanted)
            return make() if wanted.method == "GET" else found.write(make)

        def writing(own: Callable[..., Any], self: Dictionary, **asked: Any) -> Any:
            return found.write(partial(own, self, **asked))

        monkeypatch.setattr(TwilioRest, "_send", sending)
        monkeypatch.setattr(BrevoRequests, "ask", asking)
        for name in ("put_item", "batch_write_item"):
            monkeypatch.setattr(Dictionary, name, partialmethod(partial(writing, getattr(Dictionary, name))))
        yield found


def admit(*_: object) -> Any:
    return type("Standing", (), {"headers": {}, "admitted": True})()


def validate(twilio: TwilioStandIn, event: Any) -> None:
    """Answer a test event as SyncFunction does."""
    data = json.loads(event["data"]) if isinstance(event["data"], str) else event["data"]
    for sid, sink in list(twilio.event_streams.sinks.items()):
        if sink.test_id == data["test_id"]:
            twilio.event_streams.sinks[sid] = replace(sink, status="active")


def apply(changes: Iterator[Change]) -> None:
    for change in list(changes):
        change.apply()


def kill(world: World, plan: Callable[[], Iterator[Change]], at: int, *, is_after: bool) -> None:
    """Run until the process is killed at this write."""
    world.left, world.is_after = at, is_after
    with pytest.raises(Killed):
        apply(plan())
    world.left = None


@pytest.mark.prove
def test_a_run_that_was_killed_is_finished_by_the_next(world: World) -> None:
    """At each write, before it and after it: nothing twice, nothing missing, and --remove leaves all as it was."""
    world.begin()
    empty = world.snapshot()
    apply(world.plan())
    whole, count = world.snapshot(), world.writes
    assert count > 20
    assert not list(world.plan())

    for at in range(0, count, size(12, 1)):
        for is_after in (False, True):
            world.begin()
            kill(world, world.plan, at, is_after=is_after)
            apply(world.plan())
            assert whole == world.snapshot(), (at, is_after)
            apply(world.plan_removal())
            assert empty == world.snapshot(), (at, is_after)


@pytest.mark.prove
def test_a_removal_that_was_killed_is_finished_by_the_next(world: World) -> None:
    """At each of its writes."""
    world.begin()
    empty = world.snapshot()
    apply(world.plan())
    world.writes = 0
    apply(world.plan_removal())
    count = world.writes

    for at in range(0, count, size(12, 1)):
        world.begin()
        apply(world.plan())
        kill(world, world.plan_removal, at, is_after=bool(at % 2))
        apply(world.plan_removal())
        assert empty == world.snapshot(), at
