"""Flex tokens of the stand-in, asked about as Twilio's own validator for Flex asks."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

from tests.contract.local.twilio.test_support import ACCOUNT_SID, AUTH_TOKEN, WORKER, stand_in
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

FLEX = f"/iam/v1/Accounts/{ACCOUNT_SID}/Tokens/validate"
PATHS = [FLEX, f"/iam/v2/Tokens/validate/{ACCOUNT_SID}", "/iam/v2/Tokens/validate/JB" + "0" * 32]
FOREIGN = "AC" + "9" * 32


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with stand_in() as running:
        yield running


def ask(twilio: TwilioStandIn, path: str, body: object, token: str = AUTH_TOKEN) -> requests.Response:
    return requests.post(twilio.url + path, json=body, auth=(ACCOUNT_SID, token), timeout=2)


@pytest.mark.parametrize("path", PATHS)
def test_an_agents_token_says_who_she_is(twilio: TwilioStandIn, path: str) -> None:
    """Valid until its hour is over, with identity, worker and roles."""
    token = twilio.flex_tokens.issue(ACCOUNT_SID, WORKER, roles=["agent", "supervisor"])
    answer = ask(twilio, path, {"token": token})
    said = answer.json()
    left = datetime.fromisoformat(said.pop("expiration")) - datetime.now(UTC)
    assert answer.status_code == 200
    assert 3500 < left.total_seconds() <= 3600
    assert said.pop("worker_sid").startswith("WK")
    assert said == {
        "valid": True,
        "code": 0,
        "message": None,
        "identity": WORKER,
        "realm_user_id": WORKER,
        "roles": ["agent", "supervisor"],
    }


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_valid_says_nothing_of_anybody(twilio: TwilioStandIn, path: str) -> None:
    """One that has expired, another account's, a made-up one: a 200 that says no."""
    tokens = {
        twilio.flex_tokens.issue(ACCOUNT_SID, WORKER, ttl_s=-1): 20104,
        twilio.flex_tokens.issue(FOREIGN, WORKER): 20101,
        "made.up": 20101,
    }
    nothing = dict.fromkeys(("expiration", "identity", "realm_user_id", "worker_sid", "roles"))
    for token, code in tokens.items():
        answer = ask(twilio, path, {"token": token})
        said = answer.json()
        assert (answer.status_code, said.pop("message") != "") == (200, True)
        assert said == {"valid": False, "code": code, **nothing}


@pytest.mark.parametrize(
    ("path", "body", "token", "status", "code"),
    [
        (f"/iam/v1/Accounts/{FOREIGN}/Tokens/validate", {"token": "x"}, AUTH_TOKEN, 404, 20404),
        (f"/iam/v2/Tokens/validate/{FOREIGN}", {"token": "x"}, AUTH_TOKEN, 404, 20404),
        (FLEX, {"token": "x"}, "wrong", 401, 20003),
        (FLEX, {}, AUTH_TOKEN, 400, 20001),
        (FLEX, ["token"], AUTH_TOKEN, 400, 20001),
    ],
)
def test_a_wrong_question_is_refused(
    twilio: TwilioStandIn, path: str, body: object, token: str, status: int, code: int
) -> None:
    """Of another account, without credentials, or without a token."""
    answer = ask(twilio, path, body, token)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_token_may_be_known_before(twilio: TwilioStandIn) -> None:
    """The local stack's sample token is one."""
    assert twilio.flex_tokens.issue(ACCOUNT_SID, WORKER, token="known") == "known"
    assert ask(twilio, FLEX, {"token": "known"}).json()["valid"] is True
