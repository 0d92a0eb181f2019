"""Every Messaging knows who is in a conversation and adds workers; what goes wrong at Twilio is one of our errors."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.contract.airtable.adapter import answering
from tests.fakes.base import FakeMessaging
from twilio_bridge import deadline
from twilio_bridge.adapters.twilio.client import Account, BoundedHttpClient, replace_host
from twilio_bridge.adapters.twilio.failures import InitializingError, check_limit
from twilio_bridge.adapters.twilio.messaging import TwilioMessaging
from twilio_bridge.errors import (
    BridgeError,
    NotTakenError,
    OutOfTimeError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
    UpstreamError,
)
from twilio_bridge.ports import Messaging, Participant, User
from twilio_bridge_local.vendors.faults import Faults, Rubbish
from twilio_bridge_local.vendors.twilio.conversations.drafts import new_conversation, new_participant
from twilio_bridge_local.vendors.twilio.records import Binding
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ACCOUNT_SID, TOKEN = "AC" + "0" * 32, "12345"
API_KEY = ("SK" + "0" * 32, "secret")
NOWHERE = "CH" + "f" * 32
NOBODY = "MB" + "f" * 32
OUR_NUMBER, CUSTOMER = "+15005550006", "+15555550100"
JO, MEI = "jo@example.com", "mei@example.com"

# Every identity that somebody might have, and whose address in a URL means something else.
IDENTITIES = ["jo", "jo+test@example.com", "jo smith", "jo/../mei", "jo?x=1", "jo#1", "50% jo", "ünï 😀", "..", "jo\\'"]


def stand_in() -> TwilioStandIn:
    users = {JO: True, MEI: False, **dict.fromkeys(IDENTITIES, True)}
    return TwilioStandIn(ACCOUNT_SID, TOKEN, api_key=API_KEY, users=users, proxy_numbers=[OUR_NUMBER])


def over_http(twilio: TwilioStandIn, login: tuple[str, str] = (ACCOUNT_SID, TOKEN), url: str = "") -> TwilioMessaging:
    return TwilioMessaging(Account(login, ACCOUNT_SID, endpoint_url=url or twilio.url))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited between tries, in seconds: nobody sleeps, but for deadlines the time has passed."""
    slept: list[float] = []
    real = time.monotonic
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("time.monotonic", lambda: real() + sum(slept))
    return slept


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> Iterator[TwilioStandIn]:  # noqa: ARG001  nobody sleeps
    """The stand-in; a second try follows at once."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.01)
    with stand_in() as running:
        yield running


@dataclass
class Office:
    """A Messaging under test, and what there is to see of it from outside."""

    messaging: Messaging
    begin: Callable[..., str]
    conversation: Callable[[str], dict[str, str]]


def begin_over_http(twilio: TwilioStandIn, *people: Participant) -> str:
    conversation = new_conversation(twilio, twilio.store.default_service_sid, {})
    twilio.store.conversations[conversation.sid] = conversation
    for person in people:
        binding = Binding("sms", person.address, OUR_NUMBER) if person.address else None
        values: dict[str, Any] = {"identity": person.identity or None, "messaging_binding": binding}
        new = new_participant(twilio, conversation, values | {"attributes": person.attributes})
        twilio.store.participants[new.sid] = new
    return conversation.sid


@pytest.fixture(params=["memory", "twilio"])
def office(request: pytest.FixtureRequest) -> Office:
    if request.param == "memory":
        memory = FakeMessaging(available={JO, *IDENTITIES})

        def begin(*people: Participant) -> str:
            sid = f"CH{len(memory.conversations):032}"
            memory.conversations[sid] = [replace(each, sid=f"MB{n:032}") for n, each in enumerate(people)]
            return sid

        return Office(memory, begin, lambda sid: memory.changes.get(sid, {}))
    twilio: TwilioStandIn = request.getfixturevalue("twilio")

    def seen(sid: str) -> dict[str, str]:
        found = twilio.store.conversation(sid)
        return {"friendly_name": found.friendly_name or "", "attributes": found.attributes}

    return Office(over_http(twilio), lambda *people: begin_over_http(twilio, *people), seen)


def is_available(messaging: Messaging, worker: str) -> bool:
    user = messaging.fetch_user(worker)
    return user is not None and user.is_available


def person(**about: str) -> Participant:
    return Participant(sid="", **about)


ADA = person(address=CUSTOMER, attributes='{"customer_id":"rec1"}')


def test_participants_are_who_is_there(office: Office) -> None:
    """Workers by identity, customers by address, with their attributes."""
    sid = office.begin(ADA, person(identity=JO))
    found = office.messaging.list_participants(sid)
    assert [ADA, person(identity=JO)] == [replace(each, sid="") for each in found]
    assert [] == office.messaging.list_participants(office.begin())
    for each in found:
        assert each == office.messaging.fetch_participant(sid, each.sid)


def test_many_participants_are_given(office: Office) -> None:
    """As many as Twilio lets into a conversation."""
    sid = office.begin(*(person(identity=f"worker {number}") for number in range(100)))
    assert [f"worker {number}" for number in range(100)] == [
        each.identity for each in office.messaging.list_participants(sid)
    ]


@pytest.mark.parametrize("identity", [JO, *IDENTITIES])
def test_a_worker_is_added_once(office: Office, identity: str) -> None:
    """Who is there already is fine."""
    sid = office.begin(ADA)
    for _ in range(2):
        office.messaging.add_worker(sid, identity)
    assert ["", identity] == [each.identity for each in office.messaging.list_participants(sid)]


@pytest.mark.parametrize(
    "attributes", ['{"customer_id":"rec1","a":{"b":[1,null]}}', "{}", '{"name":"O\'Brien 😀 \\u0000"}']
)
def test_attributes_are_replaced(office: Office, attributes: str) -> None:
    """Those of one participant, as a whole."""
    sid = office.begin(ADA, person(identity=JO, attributes='{"kept": true}'))
    ada, jo = office.messaging.list_participants(sid)
    office.messaging.update_participant_attributes(sid, ada.sid, attributes)
    assert json.loads(attributes) == json.loads(office.messaging.fetch_participant(sid, ada.sid).attributes)
    assert jo == office.messaging.fetch_participant(sid, jo.sid)


@pytest.mark.parametrize("name", ["Ada", "O'Brien & Söhne 😀 + 1", "x" * 256])
def test_a_conversation_is_changed(office: Office, name: str) -> None:
    """Name and attributes, each without the other."""
    sid = office.begin()
    office.messaging.update_conversation(sid, {"friendly_name": name})
    office.messaging.update_conversation(sid, {"attributes": '{"avatar":"https://example.com/a.png"}'})
    assert {"friendly_name": name, "attributes": '{"avatar":"https://example.com/a.png"}'} == office.conversation(sid)


@pytest.mark.parametrize(
    ("worker", "expected"), [(JO, True), (MEI, False), ("nobody", False), ("JO@EXAMPLE.COM", False)]
)
def test_available_workers(office: Office, worker: str, expected: bool) -> None:
    """Known and available; a stranger is not."""
    assert expected == is_available(office.messaging, worker)


@pytest.mark.parametrize("identity", [each for each in IDENTITIES if each not in {"..", "jo/../mei"}])
def test_a_workers_identity_is_not_part_of_the_address(office: Office, identity: str) -> None:
    """Whatever stands in it, that user is asked about and no other."""
    assert is_available(office.messaging, identity)
    assert not is_available(office.messaging, f"{identity}x")


def test_a_deactivated_worker_is_not_available(twilio: TwilioStandIn) -> None:
    """Though the user seems available."""
    user = twilio.store.user(JO)
    twilio.store.users[user.sid] = replace(user, state="deactivated")
    assert not is_available(over_http(twilio), JO)


def test_unknown_conversations_and_participants_are_refusals(office: Office) -> None:
    """They are not there and will not be."""
    sid = office.begin(ADA)
    uses: list[Callable[[], object]] = [
        lambda: office.messaging.list_participants(NOWHERE),
        lambda: office.messaging.fetch_participant(NOWHERE, NOBODY),
        lambda: office.messaging.fetch_participant(sid, NOBODY),
        lambda: office.messaging.add_worker(NOWHERE, JO),
        lambda: office.messaging.update_participant_attributes(sid, NOBODY, "{}"),
        lambda: office.messaging.update_conversation(NOWHERE, {"friendly_name": "Ada"}),
    ]
    for use in uses:
        with pytest.raises(RefusedError) as raised:
            use()
        assert 20404 == raised.value.code


USES: dict[str, Callable[[Messaging], object]] = {
    "participants": lambda messaging: messaging.list_participants(NOWHERE),
    "participant": lambda messaging: messaging.fetch_participant(NOWHERE, NOBODY),
    "add_worker": lambda messaging: messaging.add_worker(NOWHERE, JO),
    "update_participant_attributes": lambda messaging: messaging.update_participant_attributes(NOWHERE, NOBODY, "{}"),
    "update_conversation": lambda messaging: messaging.update_conversation(NOWHERE, {"friendly_name": "Ada"}),
    "is_available": lambda messaging: is_available(messaging, JO),
    "fetch_chat_user": lambda messaging: messaging.fetch_chat_user(JO),
}


def test_users_of_frontline(office: Office) -> None:
    """Whoever is none is None; identities are case-sensitive."""
    assert User(identity=JO, is_active=True, is_available=True) == office.messaging.fetch_user(JO)
    assert office.messaging.fetch_user(JO.upper()) is None
    assert office.messaging.fetch_user("Unassigned") is None


def test_a_deactivated_user_of_frontline(twilio: TwilioStandIn) -> None:
    """They are neither active nor available, whatever Twilio has kept of their availability."""
    user = twilio.store.user(JO)
    twilio.store.users[user.sid] = replace(user, state="deactivated")
    assert User(identity=JO, is_active=False, is_available=False) == over_http(twilio).fetch_user(JO)


@pytest.mark.parametrize("identity", [each for each in IDENTITIES if each not in {"..", "jo/../mei"}])
def test_users_of_conversations(office: Office, identity: str) -> None:
    """Each is found by identity, whatever it holds; whoever is none is None."""
    found = office.messaging.fetch_chat_user(identity)
    assert found
    assert (identity, True) == (found.identity, found.is_active)
    assert office.messaging.fetch_chat_user(f"{identity}x") is None
    assert office.messaging.fetch_chat_user(identity.upper() + "Y") is None


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503])
def test_an_unanswered_question_is_not_a_404(twilio: TwilioStandIn, status: int) -> None:
    """Only Twilio's 404 means that there is no such user."""
    twilio.faults = Faults(status=status)
    for ask in (over_http(twilio).fetch_user, over_http(twilio).fetch_chat_user):
        with pytest.raises(UpstreamError):
            ask(JO)


def test_a_service_of_its_own(twilio: TwilioStandIn) -> None:
    """Every call about a conversation is made in its service; the account's default one does not know it."""
    service_sid = twilio.store.add_service()
    conversation = new_conversation(twilio, service_sid, {})
    twilio.store.conversations[conversation.sid] = conversation
    sid, messaging = conversation.sid, over_http(twilio)
    messaging.add_worker(sid, JO, service_sid=service_sid)
    [there] = messaging.list_participants(sid, service_sid)
    messaging.update_participant_attributes(sid, there.sid, '{"a":"b"}', service_sid)
    messaging.update_conversation(sid, {"friendly_name": "Ann"}, service_sid)
    assert '{"a":"b"}' == messaging.fetch_participant(sid, there.sid, service_sid).attributes
    assert "Ann" == twilio.store.conversation(sid).friendly_name
    assert User(identity=JO) == messaging.fetch_chat_user(JO, service_sid)
    assert messaging.fetch_chat_user(MEI, service_sid) is None
    assert not any(seen.path.startswith("/conversations/v1/Conversations") for seen in twilio.requests)


def test_a_service_that_nobody_names(twilio: TwilioStandIn) -> None:
    """Webhooks about messages do not; it is looked for once, where the default service has no such conversation."""
    twilio.store.add_service()
    service_sid = twilio.store.add_service()
    conversation = new_conversation(twilio, service_sid, {})
    twilio.store.conversations[conversation.sid] = conversation
    messaging = over_http(twilio)
    assert [] == messaging.list_participants(conversation.sid)
    twilio.requests.clear()
    messaging.add_worker(conversation.sid, JO)
    assert [f"/conversations/v1/Services/{service_sid}/Conversations/{conversation.sid}/Participants"] == [
        seen.path for seen in twilio.requests
    ]
    with pytest.raises(RefusedError) as raised:
        messaging.list_participants(NOWHERE)
    assert 20404 == raised.value.code


def test_a_group_needs_a_projected_address(twilio: TwilioStandIn) -> None:
    """Without one Twilio refuses by a code of its own."""
    sid = begin_over_http(twilio)
    for address in (CUSTOMER, "+15555550101"):
        new = new_participant(twilio, twilio.store.conversation(sid), {"messaging_binding": Binding("sms", address)})
        twilio.store.participants[new.sid] = new
    with pytest.raises(RefusedError) as raised:
        over_http(twilio).add_worker(sid, JO)
    assert 50434 == raised.value.code
    over_http(twilio).add_worker(sid, JO, OUR_NUMBER)
    over_http(twilio).add_worker(sid, JO, OUR_NUMBER)
    assert 3 == len(twilio.store.participants_of(sid))


def test_retry_after_on_the_wire(twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twilio's own wait is waited for."""
    waits: list[float] = []
    monkeypatch.setattr("twilio_bridge.retry.time.sleep", waits.append)
    sid = begin_over_http(twilio, ADA)
    twilio.retry_after_s, twilio.faults = 3, Faults(status=429, times=1)
    assert 1 == len(over_http(twilio).list_participants(sid))
    assert [3] == waits


@pytest.mark.parametrize("code", [50433, 50437])
@pytest.mark.parametrize("problem", [False, True])
def test_who_is_there_already_is_fine(twilio: TwilioStandIn, code: int, problem: bool) -> None:
    """Twilio's two codes for it, in the old form of its errors and in the new one."""
    body = {"code": code, "message": "exists", "status": 409}
    if problem:
        body |= {"type": "https://example.com/e", "title": "exists"}
    with answering(body, 409) as url:
        over_http(twilio, url=url).add_worker(NOWHERE, JO)


def test_another_conflict_is_a_refusal(twilio: TwilioStandIn) -> None:
    """Its code is kept."""
    with answering({"code": 50416, "message": "binding", "status": 409}, 409) as url:
        with pytest.raises(RefusedError) as raised:
            over_http(twilio, url=url).add_worker(NOWHERE, JO)
        assert 50416 == raised.value.code


def initializing(twilio: TwilioStandIn, seconds: float) -> str:
    sid = begin_over_http(twilio, ADA)
    ready_at = time.monotonic() + seconds
    twilio.store.conversations[sid] = replace(twilio.store.conversations[sid], ready_at=ready_at)
    return sid


def test_a_conversation_that_is_being_made_is_waited_for(
    twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is added as soon as it can be."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.5)
    sid = initializing(twilio, 0.3)
    with deadline.limit(40):
        over_http(twilio).add_worker(sid, JO)
    assert [None, JO] == [each.identity for each in twilio.store.participants_of(sid)]


def test_a_conversation_that_is_never_made_is_given_up(
    twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    """Before the time is over there is an error, and the tries were few."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 1.0)
    sid = initializing(twilio, 600)
    with pytest.raises(InitializingError), deadline.limit(16):
        over_http(twilio).add_worker(sid, JO)
    assert 8 < sum(waits) < 16
    assert len(twilio.requests) <= 12


@pytest.mark.parametrize("name", USES)
def test_a_429_is_tried_again(twilio: TwilioStandIn, name: str) -> None:
    """Twilio has not processed it; without Retry-After the wait is ours to choose."""
    twilio.faults = Faults(status=429, times=2)
    with suppress(RefusedError):  # there is no such conversation
        USES[name](over_http(twilio))
    assert [429, 429] == [seen.status for seen in twilio.requests[:2]]
    assert 429 != twilio.requests[2].status


@pytest.mark.parametrize("name", USES)
def test_a_429_that_stays_is_given_up(twilio: TwilioStandIn, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tries end where nothing else limits the time."""
    monkeypatch.setattr("twilio_bridge.retry.time.sleep", lambda _seconds: None)
    twilio.faults = Faults(status=429)
    with pytest.raises(RateLimitedError) as raised:
        USES[name](over_http(twilio))
    assert raised.value.retry_after > 0
    assert 12 == len(twilio.requests)


def test_a_429_is_tried_again_only_while_the_deadline_lasts(
    twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    """The caller has its answer in time."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 1.0)
    twilio.faults = Faults(status=429)
    with pytest.raises(RateLimitedError), deadline.limit(10):
        over_http(twilio).list_participants(NOWHERE)
    assert 5 < sum(waits) < 10
    assert len(waits) + 1 == len(twilio.requests) < 12


@pytest.mark.parametrize(("retry_after", "expected"), [("1", 1.0), ("", 0.4), ("soon", 0.4), ("0", 0.4), ("9e9", 60.0)])
def test_retry_after_is_heeded(retry_after: str, expected: float) -> None:
    """As far as it can be read."""
    with pytest.raises(RateLimitedError) as raised:
        check_limit(429, {"Retry-After": retry_after} if retry_after else None)
    assert expected == raised.value.retry_after


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_is_tried_again_and_given_up(twilio: TwilioStandIn, name: str, status: int) -> None:
    """All that is asked may be asked twice."""
    twilio.faults = Faults(status=status)
    with pytest.raises(UnavailableError):
        USES[name](over_http(twilio))
    assert 2 <= len(twilio.requests) <= 6


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_not_tried_again(twilio: TwilioStandIn, name: str, status: int) -> None:
    """It stays one, and names no secret."""
    twilio.faults = Faults(status=status)
    with pytest.raises(RefusedError) as raised:
        USES[name](over_http(twilio))
    assert TOKEN not in str(raised.value)
    assert 1 == len(twilio.requests)


def test_wrong_credentials_are_a_refusal(twilio: TwilioStandIn) -> None:
    """With Twilio's code; right ones, an API key among them, are not."""
    sid = begin_over_http(twilio, ADA)
    assert 1 == len(over_http(twilio, API_KEY).list_participants(sid))
    with pytest.raises(RefusedError) as raised:
        over_http(twilio, (ACCOUNT_SID, "wrong")).list_participants(sid)
    assert 20003 == raised.value.code


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("rubbish", ["html", "json"])
def test_rubbish_is_an_outage(twilio: TwilioStandIn, name: str, rubbish: Rubbish) -> None:
    """A page of HTML or JSON of another shape is no answer."""
    twilio.faults = Faults(rubbish=rubbish)
    with pytest.raises(UnavailableError):
        USES[name](over_http(twilio))


BODIES: list[Any] = [
    *("", "null", "5", '"text"', "[]", "[1]", "{}", "{", "\ufeff{}"),
    *({"sid": None}, {"sid": "MB1", "messaging_binding": "x"}, {"sid": "MB1", "messaging_binding": [1]}),
    *({"participants": None, "meta": {"key": "participants"}}, {"participants": [1], "meta": {"key": "participants"}}),
    *({"participants": [None]}, {"meta": 5}, {"meta": {"key": "x"}}, {"code": "x", "message": None}, {"code": None}),
]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:40])
def test_no_answer_whatever_is_anything_but_ours(
    body: object, status: int, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any body with any status comes out as an answer or as one of our errors."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.0)
    with answering(body, status) as url:
        for name, use in USES.items():
            try:
                use(over_http(twilio, url=url))
            except BridgeError:
                continue
            assert status == 200 or name == "is_available"


@pytest.mark.parametrize("name", ["participants", "add_worker", "is_available"])
def test_a_silent_twilio_is_given_up_in_time(twilio: TwilioStandIn, name: str) -> None:
    """Within the budget there is an error."""
    twilio.faults = Faults(silent=True)
    with pytest.raises((OutOfTimeError, UpstreamError)), deadline.limit(0.3):
        USES[name](over_http(twilio))
    assert 1 >= len(twilio.requests)  # its own timeout, which is longer, would have let it try again


def test_a_slow_twilio_is_waited_for(twilio: TwilioStandIn) -> None:
    """A moment is no failure."""
    twilio.faults = Faults(latency_s=0.2)
    with deadline.limit(60):
        assert is_available(over_http(twilio), JO)


def test_nobody_listening_is_an_outage(twilio: TwilioStandIn) -> None:
    """A connection that is refused is given up; certainly nothing has happened."""
    for use in USES.values():
        with pytest.raises(NotTakenError):
            use(over_http(twilio, url="http://127.0.0.1:9"))


def test_a_connection_that_was_refused_is_tried_again(twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """More often than what Twilio may have processed: until somebody listens."""
    sid, messaging = begin_over_http(twilio, ADA), over_http(twilio)
    twilio.stop()
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if 5 == len(waits):
            twilio.start()

    monkeypatch.setattr("twilio_bridge.retry.time.sleep", sleep)
    assert 1 == len(messaging.list_participants(sid))
    assert 5 == len(waits)


PRODUCTS = ["api", "conversations", "taskrouter", "events", "flex-api", "frontline-api", "iam", "insights", "messaging"]


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("host", ["", ".ie1", ".dublin.ie1", ".us1", ".ashburn.us1"])
@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:3001", "http://127.0.0.1:3001/", "https://example.com/twilio"])
def test_every_product_can_stand_elsewhere(product: str, host: str, endpoint: str) -> None:
    """The product is the first segment, region and edge are left out, path and query stay."""
    url = replace_host(f"https://{product}{host}.twilio.com/v1/X/twilio.com?a=https://api.twilio.com/b", endpoint)
    assert f"{endpoint.rstrip('/')}/{product}/v1/X/twilio.com?a=https://api.twilio.com/b" == url


@pytest.mark.parametrize("url", ["https://example.com/x", "http://api.twilio.com/x", "https://twilio.com/x"])
def test_other_addresses_are_left_alone(url: str) -> None:
    """Only Twilio's products are moved."""
    assert url == replace_host(url, "http://127.0.0.1:3001")


def test_a_region_and_an_edge_are_asked_elsewhere_too(twilio: TwilioStandIn) -> None:
    """With both configured the stand-in is still the one asked."""
    sid = begin_over_http(twilio, ADA)
    regional = TwilioMessaging(Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, "ie1", "dublin", twilio.url))
    assert 1 == len(regional.list_participants(sid))
    assert is_available(regional, JO)


def test_without_an_endpoint_twilio_is_asked() -> None:
    """The SDK's address is used as it is, with region and edge, and there is a timeout."""
    asked: list[tuple[str, Any]] = []

    class Session:
        def __getattr__(self, _name: str) -> Any:
            raise AttributeError

        def prepare_request(self, request: Any) -> Any:
            return request.prepare()

        def merge_environment_settings(self, *_settings: object) -> dict[str, Any]:
            return {}

        def send(self, prepared: Any, **options: Any) -> Any:
            asked.append((prepared.url, options.get("timeout")))
            raise ValueError

    messaging = TwilioMessaging(Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, region="ie1", edge="dublin"))
    messaging._client.http_client.session = Session()
    with pytest.raises(UpstreamError), deadline.limit(4):
        is_available(messaging, JO)
    url, timeout = asked[0]
    assert re.fullmatch(r"https://frontline-api\.dublin\.ie1\.twilio\.com/v1/Users/jo(@|%40)example\.com", url)
    assert 0 < timeout <= 4
    assert isinstance(messaging._client.http_client, BoundedHttpClient)
