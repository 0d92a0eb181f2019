"""The client against Twilio's protocol: pages, errors, faults, sub-accounts, and what does not get past it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.contract.entities.conftest import ACCOUNT, SUB_ACCOUNT, SUB_TOKEN, TOKEN, NoLimit, make_client
from twilio_bridge import deadline
from twilio_bridge.adapters.entities.accounts import Accounts
from twilio_bridge.adapters.entities.client import TwilioClient
from twilio_bridge.adapters.entities.funnel import Funnel
from twilio_bridge.entities.errors import (
    MissingValueError,
    OutcomeUnknownError,
    TwilioRefusedError,
    UnknownParameterError,
    UnsupportedOperationError,
)
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.errors import (
    BadRequestError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

REGISTRY = load_registry()
MESSAGES, CALLS, ACCOUNTS = (REGISTRY.entity(name) for name in ("Messages", "Calls", "Accounts"))
CONVERSATIONS, PARTICIPANTS = REGISTRY.entity("Conversations"), REGISTRY.entity("Participants")
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
NUMBER = "+15555550100"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


@pytest.fixture
def messages(twilio: TwilioApiStandIn) -> None:
    twilio.add_rows("api", PATH, [{"body": f"message {number}"} for number in range(5)])


def bodies(client: TwilioClient, page_size: int = 2, **params: str) -> list[str]:
    pages = client.list_pages(MESSAGES, {}, params, page_size)
    return [row["body"] for page in pages for row in page.rows]


@pytest.mark.usefixtures("messages")
class TestPages:
    def test_a_page_is_requested_when_it_is_asked_for(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        pages = client.list_pages(MESSAGES, {}, {}, 2)
        assert len(twilio.requests) == 0
        next(pages)
        assert len(twilio.requests) == 1

    def test_all_rows_come_newest_first(self, client: TwilioClient) -> None:
        assert bodies(client) == [f"message {number}" for number in (4, 3, 2, 1, 0)]

    def test_a_page_is_read_again_by_its_address(self, client: TwilioClient) -> None:
        first, second, third = client.list_pages(MESSAGES, {}, {}, 2)
        again = list(client.list_pages(MESSAGES, {}, {}, 2, page_uri=second.uri))
        assert [page.rows for page in again] == [second.rows, third.rows]
        assert next(client.list_pages(MESSAGES, {}, {}, 2, page_uri=first.next_page_uri)).rows == second.rows

    @pytest.mark.parametrize(
        "uri",
        [
            f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json?PageSize=2",
            f"/2010-04-01/Accounts/{SUB_ACCOUNT}/Messages.json?PageSize=2",
            f"{PATH}/../Calls.json",
            "",
        ],
    )
    def test_a_page_of_something_else_is_refused(
        self, client: TwilioClient, twilio: TwilioApiStandIn, uri: str
    ) -> None:
        with pytest.raises(BadRequestError, match="does not belong"):
            next(client.list_pages(MESSAGES, {}, {}, 2, page_uri=uri))
        assert not twilio.requests

    def test_only_the_path_of_a_page_counts(self, client: TwilioClient) -> None:
        """Wherever an address points, Twilio is asked."""
        assert next(client.list_pages(MESSAGES, {}, {}, 2, page_uri=f"https://evil.example{PATH}?PageSize=1")).rows

    def test_a_parent_has_to_be_named(self, client: TwilioClient) -> None:
        with pytest.raises(MissingValueError, match="Participants: name ConferenceSid"):
            next(client.list_pages(PARTICIPANTS, {}, {}, 2))

    @pytest.mark.parametrize("sid", [".", "..", "x" * 300, "SM\udcff"])
    def test_a_parent_that_would_lead_elsewhere_is_refused(self, client: TwilioClient, sid: str) -> None:
        with pytest.raises(BadRequestError, match="ConferenceSid is malformed"):
            next(client.list_pages(PARTICIPANTS, {"ConferenceSid": sid}, {}, 2))

    def test_a_value_with_a_slash_stays_a_value(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        with pytest.raises(NotFoundError):
            client.fetch(CALLS, {}, "CA1/../Messages")
        assert "/Calls/" in twilio.requests[-1].path

    def test_what_stands_in_the_path_only_is_in_the_row(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        call = "CA" + "0" * 32
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{call}/Events.json"
        twilio.add_rows("api", path, [{}])
        row = next(client.list_pages(REGISTRY.entity("CallEvents"), {"CallSid": call}, {}, 10)).rows[0]
        assert (row["call_sid"], row["account_sid"]) == (call, ACCOUNT)

    def test_each_request_is_observed_first(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        class SpentError(Exception):
            pass

        seen: list[tuple[str, str]] = []

        def observe(method: str, url: str) -> None:
            seen.append((method, url))
            if len(seen) > 2:
                raise SpentError

        with pytest.raises(SpentError):
            list(client.observe(observe).list_pages(MESSAGES, {}, {}, 1))
        assert len(twilio.requests) == 2
        assert seen[0] == ("GET", PATH)
        list(client.list_pages(MESSAGES, {}, {}, 5))  # the client itself is observed by nobody


class TestSecrets:
    def test_an_auth_token_does_not_get_past_the_client(self, client: TwilioClient) -> None:
        listed = [row for page in client.list_pages(ACCOUNTS, {}, {}, 50) for row in page.rows]
        assert {row["sid"] for row in listed} == {ACCOUNT, SUB_ACCOUNT}
        assert not any("auth_token" in row for row in listed)
        assert TOKEN not in str([*listed, client.fetch(ACCOUNTS, {}, ACCOUNT)])

    def test_nor_does_a_secret_deep_in_an_answer(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        sink = {"sid": "DG" + "1" * 32, "sink_configuration": {"destination": "x", "nested": [{"write_key": "deep"}]}}
        twilio.add_rows("events", "/v1/Sinks", [sink])
        rows = next(client.list_pages(REGISTRY.entity("Sinks"), {}, {}, 50)).rows
        assert rows[0]["sink_configuration"] == {"destination": "x", "nested": [{}]}

    def test_nor_what_a_create_shows_once(self, client: TwilioClient) -> None:
        created = client.create(REGISTRY.entity("Keys"), {}, {"FriendlyName": "ours"})
        assert "secret" not in created
        assert created["sid"].startswith("SK")


class TestErrors:
    def test_a_refusal_has_twilios_code_and_link(self, client: TwilioClient) -> None:
        with pytest.raises(TwilioRefusedError) as raised:
            next(client.list_pages(MESSAGES, {}, {"From": NUMBER, "Subject": "x"}, 50))
        error = raised.value
        assert (error.status, error.code) == (400, 20001)
        assert error.more_info == "https://www.twilio.com/docs/errors/20001"
        assert "Subject" in error.text
        assert str(error) == "twilio: status 400, error 20001 (https://www.twilio.com/docs/errors/20001)"

    def test_its_text_is_for_the_caller_only(self, client: TwilioClient) -> None:
        """Twilio quotes what it was sent."""
        with pytest.raises(TwilioRefusedError) as raised:
            next(client.list_pages(CALLS, {}, {"ParentCallSid": NUMBER}, 50))
        assert NUMBER in raised.value.text
        assert NUMBER not in str(raised.value)

    def test_what_is_not_there_is_not_found(self, client: TwilioClient) -> None:
        with pytest.raises(NotFoundError):
            client.fetch(MESSAGES, {}, "SM" + "0" * 32)

    def test_a_login_that_is_wrong_is_refused(self, twilio: TwilioApiStandIn) -> None:
        accounts = Accounts(ACCOUNT, (ACCOUNT, "wrong"), endpoint_url=twilio.url)
        client = TwilioClient(Funnel(accounts, NoLimit(), requests.Session()), REGISTRY)
        with pytest.raises(TwilioRefusedError, match="20003"):
            next(client.list_pages(MESSAGES, {}, {}, 50))
        assert len(twilio.requests) == 1

    def test_an_operation_that_twilio_does_not_have(self, client: TwilioClient) -> None:
        with pytest.raises(UnsupportedOperationError, match=r"cannot list Interactions, only get.*Tasks have"):
            next(client.list_pages(REGISTRY.entity("Interactions"), {}, {}, 50))

    def test_a_value_that_is_not_taken_names_the_nearest(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        with pytest.raises(UnknownParameterError, match=r"create Messages takes no 'Bodie'; did you mean Body\?"):
            client.create(MESSAGES, {}, {"To": NUMBER, "Bodie": "x"})
        with pytest.raises(MissingValueError, match="create Messages: name To"):
            client.create(MESSAGES, {}, {"Body": "x"})
        assert not twilio.requests


@pytest.mark.usefixtures("messages")
class TestFaults:
    @pytest.mark.parametrize(
        "faults",
        [
            Faults(status=429, times=2),
            Faults(status=503, times=2),
            Faults(cut="before", times=2),
            Faults(rubbish="html", times=2),
            Faults(rubbish="truncated", times=1),
        ],
    )
    def test_a_list_is_asked_for_again(self, client: TwilioClient, twilio: TwilioApiStandIn, faults: Faults) -> None:
        twilio.faults = faults
        assert len(bodies(client)) == 5

    def test_a_429_slows_everybody_down(self, client: TwilioClient, twilio: TwilioApiStandIn, limiter: NoLimit) -> None:
        twilio.faults = Faults(status=429, times=2)
        bodies(client, 50)
        assert limiter.blocked == [0.5, 0.5]
        assert limiter.reserved == 3  # every attempt takes a turn

    def test_it_is_not_asked_for_ever(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        twilio.faults = Faults(status=429)
        with pytest.raises(RateLimitedError):
            bodies(client)
        assert len(twilio.requests) == 4

    def test_an_answer_of_another_shape_is_no_empty_list(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        twilio.faults = Faults(rubbish="json")
        with pytest.raises(UnavailableError, match="holds no Messages"):
            bodies(client)

    @pytest.mark.parametrize("faults", [Faults(status=429, times=2), Faults(status=429, times=3)])
    def test_a_create_that_was_not_taken_is_made_again(
        self, client: TwilioClient, twilio: TwilioApiStandIn, faults: Faults
    ) -> None:
        twilio.faults = faults
        client.create(MESSAGES, {}, {"To": NUMBER, "From": NUMBER, "Body": "once"})
        assert bodies(client).count("once") == 1

    @pytest.mark.parametrize(
        ("faults", "done"),
        [
            (Faults(cut="after", times=1), True),
            (Faults(cut="before", times=1), False),
            (Faults(status=500, times=1), False),
            (Faults(rubbish="html", times=1), True),
        ],
    )
    def test_a_create_of_unknown_outcome_is_never_made_again(
        self, client: TwilioClient, twilio: TwilioApiStandIn, faults: Faults, done: bool
    ) -> None:
        twilio.faults = faults
        with pytest.raises(OutcomeUnknownError) as raised:
            client.create(MESSAGES, {}, {"To": NUMBER, "From": NUMBER, "Body": "once"})
        assert sum(1 for seen in twilio.requests if seen.method == "POST") == 1
        assert bodies(client).count("once") == done
        text = str(raised.value)
        assert (
            "list Messages where To = … AND From = … AND " in text or "list Messages where From = … AND To = …" in text
        )
        assert "before it is created again" in text
        assert NUMBER not in text

    def test_an_update_of_unknown_outcome_is_not_made_again(
        self, client: TwilioClient, twilio: TwilioApiStandIn
    ) -> None:
        sid = next(client.list_pages(MESSAGES, {}, {}, 1)).rows[0]["sid"]
        twilio.faults = Faults(cut="after", times=1)
        with pytest.raises(OutcomeUnknownError, match="whether Messages was updated is unknown; get it to see"):
            client.update(MESSAGES, {}, sid, {"Body": ""})
        assert sum(1 for seen in twilio.requests if seen.method == "POST") == 1

    def test_a_delete_that_lost_its_answer_is_done(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        sid = next(client.list_pages(MESSAGES, {}, {}, 1)).rows[0]["sid"]
        twilio.faults = Faults(cut="after", times=1)
        client.delete(MESSAGES, {}, sid)
        assert len(bodies(client)) == 4
        with pytest.raises(NotFoundError):
            client.delete(MESSAGES, {}, sid)

    def test_a_silent_twilio_is_given_up_within_the_callers_time(
        self, client: TwilioClient, twilio: TwilioApiStandIn
    ) -> None:
        """So that the error can still name the create whose outcome is unknown."""
        twilio.faults = Faults(silent=True)
        with deadline.limit(2), pytest.raises(OutcomeUnknownError):
            client.create(MESSAGES, {}, {"To": NUMBER, "Body": "x"})

    def test_an_answer_that_trickles_ends_with_the_callers_time(
        self, client: TwilioClient, twilio: TwilioApiStandIn
    ) -> None:
        """Each byte comes in time for a read, so that only the caller's alarm ends it."""
        twilio.faults = Faults(drip=True)
        with deadline.limit(2), pytest.raises(OutcomeUnknownError, match="before it is created again"):
            client.create(MESSAGES, {}, {"To": NUMBER, "Body": "x"})

    def test_nobody_listens(self) -> None:
        client = make_client("http://127.0.0.1:9")
        with pytest.raises(UnavailableError):
            bodies(client)
        with pytest.raises(UnavailableError):  # nothing was created: that is known
            client.create(MESSAGES, {}, {"To": NUMBER, "Body": "x"})


class TestSubAccounts:
    def test_the_first_api_is_asked_with_the_parents_login(
        self, client: TwilioClient, twilio: TwilioApiStandIn
    ) -> None:
        path = f"/2010-04-01/Accounts/{SUB_ACCOUNT}/Messages.json"
        twilio.add_rows("api", path, [{"body": "theirs"}])
        page = next(client.list_pages(MESSAGES, {"AccountSid": SUB_ACCOUNT}, {}, 50))
        assert [row["body"] for row in page.rows] == ["theirs"]
        assert twilio.logins[-1] == ACCOUNT
        next(client.list_pages(CONVERSATIONS, {"AccountSid": SUB_ACCOUNT}, {}, 50))
        next(client.list_pages(MESSAGES, {"AccountSid": SUB_ACCOUNT}, {}, 50))
        assert twilio.logins[-2:] == [SUB_ACCOUNT, ACCOUNT]

    def test_another_product_is_asked_with_the_sub_accounts_own(
        self, client: TwilioClient, twilio: TwilioApiStandIn
    ) -> None:
        twilio.add_rows("conversations", "/v1/Conversations", [{"friendly_name": "theirs"}], account_sid=SUB_ACCOUNT)
        seen: list[str] = []
        observed = client.observe(lambda _method, url: seen.append(url))
        for _ in range(2):
            page = next(observed.list_pages(CONVERSATIONS, {"AccountSid": SUB_ACCOUNT}, {}, 50))
            assert [row["friendly_name"] for row in page.rows] == ["theirs"]
        assert twilio.logins == [ACCOUNT, SUB_ACCOUNT, SUB_ACCOUNT]
        assert len(seen) == 3  # its login is fetched once, and counted

    def test_a_new_token_is_read_after_the_old_one_is_refused(
        self, client: TwilioClient, twilio: TwilioApiStandIn
    ) -> None:
        places = {"AccountSid": SUB_ACCOUNT}
        next(client.list_pages(CONVERSATIONS, places, {}, 50))
        twilio.sub_accounts[SUB_ACCOUNT] = "n" * 32
        with pytest.raises(TwilioRefusedError, match="20003"):
            next(client.list_pages(CONVERSATIONS, places, {}, 50))
        assert not client._funnel.accounts.knows(SUB_ACCOUNT)

    def test_a_key_that_may_not_read_tokens(self, twilio: TwilioApiStandIn) -> None:
        accounts = Accounts(ACCOUNT, (ACCOUNT, TOKEN))
        with pytest.raises(RefusedError, match="TWILIO_AUTH_TOKEN"):
            accounts.learn(SUB_ACCOUNT, {"sid": SUB_ACCOUNT})
        assert twilio.sub_accounts == {SUB_ACCOUNT: SUB_TOKEN}


@pytest.mark.parametrize(
    ("region", "edge", "address"),
    [
        (None, None, "https://api.twilio.com"),
        ("ie1", None, "https://api.ie1.twilio.com"),
        ("ie1", "dublin", "https://api.dublin.ie1.twilio.com"),
        (None, "dublin", "https://api.dublin.us1.twilio.com"),
    ],
)
def test_regions_and_edges(region: str | None, edge: str | None, address: str) -> None:
    assert Accounts(ACCOUNT, (ACCOUNT, TOKEN), region=region, edge=edge).address("api") == address


class TestFeedback:
    """What Twilio took away, kept by what does its work now."""

    def test_a_rating_becomes_the_calls_annotation(self, client: TwilioClient, twilio: TwilioApiStandIn) -> None:
        call, feedback = "CA" + "d" * 32, REGISTRY.entity("Feedback")
        created = client.create(feedback, {"Sid": call}, {"QualityScore": 5})
        assert created["call_sid"] == call
        assert twilio.requests[-1].path == f"/insights/v1/Voice/{call}/Annotation"
        assert client.fetch(feedback, {}, call)["call_score"] == 5
        assert client.update(feedback, {}, call, {"Issues": "echo,latency"})["quality_issues"] == ["echo", "latency"]

    def test_a_summary_is_computed_from_the_calls_of_its_days(
        self, client: TwilioClient, twilio: TwilioApiStandIn
    ) -> None:
        today = datetime.now(UTC).date()
        days = [today - timedelta(days=ago) for ago in (40, 3, 2, 2, 1)]
        rows = [
            {"call_sid": f"CA{number:032}", "start_time": f"{day}T10:00:00Z", "annotation": {"call_score": number}}
            for number, day in enumerate(days, start=1)
        ]
        twilio.add_rows("insights", "/v1/Voice/Summaries", rows)
        summary = REGISTRY.entity("FeedbackSummary")
        body = {"StartDate": days[1].isoformat(), "EndDate": days[2].isoformat()}
        created = client.create(summary, {}, body)
        assert (created["call_count"], created["quality_score_average"]) == (3, 3.0)
        assert client.fetch(summary, {}, created["sid"]) == created
