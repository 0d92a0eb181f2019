"""What can be wrong with the deployment: queues, dead letters, alarms, events that fall behind, its own URLs."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.errors import RefusedError
from twilio_bridge.status.findings import Fault
from twilio_bridge.status.ports import Caller, Deployment
from twilio_bridge.status.probing import Check, Probe, make_checks

MAX_ITERATOR_AGE_S: Final = 300.0
MAX_OVERDUE_S: Final = 3_600
MAX_CACHE_AGE_S: Final = 26 * 3_600.0  # a night's load has failed
FORBIDDEN, NOT_FOUND, SERVER_ERROR = 403, 404, 500
# A Location or an event that no callback has: it is refused after the signature, and nothing is done.
NOWHERE: Final[Mapping[str, str]] = {"Location": "Check"}
NO_EVENT: Final[Mapping[str, str]] = {"EventType": "onCheck"}
FRONTLINE: Final[Mapping[str, Mapping[str, str]]] = {
    "/callbacks/crm": NOWHERE,
    "/callbacks/outgoing-conversation": NOWHERE,
    "/callbacks/templates": NOWHERE,
    "/callbacks/routing": {},
    "/callbacks/twilio-conversations": NO_EVENT,
}
AIRTABLE_WEBHOOK, EVENTS_WEBHOOK, TASK_COMPLETE = (
    "/webhooks/airtable",
    "/webhooks/event-streams",
    "/webhooks/flex/task-complete",
)
# What nothing is known of is refused with one of these.
REFUSING: Final = frozenset({400, 401, 403, 422})


@dataclass(slots=True, kw_only=True)
class StackProbe:
    """The checks of what runs at AWS; None where a part is not deployed.

    `find_problems` returns what is wrong with the stored configuration.
    """

    deployment: Deployment
    find_problems: Callable[[], Sequence[str]]
    read_cache: Callable[[], CacheState] | None = None
    read_overdue_s: Callable[[], int] | None = None
    has_quarantine: bool = False
    clock: Callable[[], float] = time.time

    def list_all_checks(self) -> Probe:
        """Return every check of the stack."""
        entries: list[tuple[str, str, Callable[[], str]]] = [("configuration", "bridge.yaml", self.check_configuration)]
        if self.read_cache:
            entries.append(("contacts", "Contacts", self.check_contacts))
        entries.append(("dead-letters", "Dead letters", self.check_dead_letters))
        if self.read_overdue_s:
            entries.append(("deliveries", "Deliveries to Brevo", self.check_deliveries))
        if self.has_quarantine:
            entries.append(("iterator-age", "Events", self.check_iterator_age))
            entries.append(("quarantine", "Quarantine", self.check_quarantine))
        entries.append(("alarms", "Alarms", self.check_alarms))
        return Probe("aws", make_checks(entries), explain)

    def check_configuration(self) -> str:
        """Read the stored configuration as the functions do."""
        if problems := self.find_problems():
            remedy = "twilio-bridge config check names each line; put a good one: twilio-bridge config put"
            raise Fault("configuration", f"cannot be used, the one before holds: {problems[0]}", remedy)
        return "bridge.yaml in force is good"

    def check_contacts(self) -> str:
        """Look how old the copy of the contacts is."""
        cache = self.read_cache() if self.read_cache else CacheState(None)
        if cache.loaded_at is None:
            remedy = 'The first load runs, or failed: docs/operations.md, "Contacts are stale".'
            raise Fault("no-contacts", "there is no copy yet", remedy)
        age_s = self.clock() - cache.loaded_at
        if age_s > MAX_CACHE_AGE_S:
            text = f"the copy is {age_s / 3_600:.0f} hours old"
            raise Fault(
                "contacts-stale", text, 'Loads fail: docs/operations.md, "Contacts are stale", "A load is refused".'
            )
        return f"Contacts are there ({cache.count:,}), {age_s / 60:.0f} minutes old"

    def check_quarantine(self) -> str:
        """Look for records that nobody could read."""
        if count := self.deployment.count_quarantined():
            remedy = "See them: twilio-bridge events quarantine; then put them back: twilio-bridge events replay"
            raise Fault("quarantine", f"{count:,} records could not be read", remedy)
        return "Nothing in the quarantine"

    def check_dead_letters(self) -> str:
        """Look for what was given up."""
        queues = self.deployment.read_queues()
        for queue in queues:
            if queue.dead:
                name = queue.name.removesuffix("Queue").lower()
                remedy = f"Mend the cause, then: twilio-bridge queues redrive {name}"
                raise Fault("dead-letters", f"{queue.dead} behind {queue.name}", remedy)
        waiting = sum(queue.waiting for queue in queues)
        return f"No dead letters; {waiting:,} messages wait in {len(queues)} queues"

    def check_deliveries(self) -> str:
        """Look how long the oldest event for Brevo has been due."""
        oldest_s = self.read_overdue_s() if self.read_overdue_s else 0
        if oldest_s > MAX_OVERDUE_S:
            text = f"the oldest event has been due for {oldest_s // 60} minutes"
            raise Fault("overdue", text, 'See docs/operations.md, "Brevo waits".')
        return "Deliveries to Brevo are on time"

    def check_iterator_age(self) -> str:
        """Look how long events wait on the stream."""
        age_s = self.deployment.read_traffic().iterator_age_s
        if age_s is not None and age_s > MAX_ITERATOR_AGE_S:
            text = f"the oldest has waited on the stream for {age_s:.0f} s"
            raise Fault("events-behind", text, 'See docs/operations.md, "Events fall behind".')
        return "Events are taken in" if age_s is None else f"Events are taken in (the oldest waits {age_s:.0f} s)"

    def check_alarms(self) -> str:
        """Look which alarms ring."""
        alarms = self.deployment.read_alarms()
        ringing = [each for each in alarms if each.state == "ALARM"]
        if ringing:
            names = ", ".join(each.name for each in ringing)
            raise Fault("alarms", names, ringing[0].description or "See docs/operations.md, What to watch.")
        return f"No alarm rings ({len(alarms)})"


def make_callback_probe(caller: Caller, *, has_frontline: bool, has_support: bool) -> Probe:
    """Return a check for each URL: called as its vendor would call it, with what changes nothing."""
    checks = [_callback(caller, path, form) for path, form in FRONTLINE.items() if has_frontline]
    if has_frontline:
        checks.append(_unsigned(caller, AIRTABLE_WEBHOOK))
    if has_support:
        checks.append(Check(EVENTS_WEBHOOK, f"URL {EVENTS_WEBHOOK}", lambda: _check_events(caller)))
        checks.append(_unsigned(caller, TASK_COMPLETE))
    return Probe("bridge", checks, explain)


def _callback(caller: Caller, path: str, form: Mapping[str, str]) -> Check:
    return Check(path, f"URL {path}", lambda: _judge(path, caller.post_signed(path, form)))


def _check_events(caller: Caller) -> str:
    return _judge(EVENTS_WEBHOOK, caller.post_json(EVENTS_WEBHOOK, b"[]", signed=True))


def _unsigned(caller: Caller, path: str) -> Check:
    """Return the check of a URL whose signature only its vendor can make: it has to refuse ours."""

    def look() -> str:
        status = caller.post_json(path, b"{}", signed=False)
        if status not in REFUSING:
            return _judge(path, status, refuses=True)
        return f"URL {path} answers, and refuses what is not signed"

    return Check(path, f"URL {path}", look)


def _judge(path: str, status: int, *, refuses: bool = False) -> str:
    if status == NOT_FOUND:
        remedy = "The part that it belongs to is not deployed, or PUBLIC_BASE_URL leads elsewhere."
        raise Fault("no-route", "answers 404", remedy)
    if status >= SERVER_ERROR:
        raise Fault(
            "callback-fails", f"answers {status}", 'The log has the reason: docs/operations.md, "Callbacks fail".'
        )
    if status == FORBIDDEN:
        remedy = (
            "The auth token of the stack's secret is not the one here, or the URL is another one than Twilio calls "
            '(PublicBaseUrl): docs/operations.md, "Everything answers 403".'
        )
        raise Fault("signature", "refuses what this account signs", remedy)
    if refuses:
        raise Fault("open", f"answers {status} to what nobody signed", "Deploy again, and report it.")
    return f"URL {path} answers signed requests"


def explain(_check: str, error: RefusedError) -> Fault:
    """Return the fault of a refusal by AWS."""
    return Fault(
        "aws-refused",
        str(error),
        "Log in to AWS (aws sso login), and see docs/operations.md, What the deployer may do.",
    )
