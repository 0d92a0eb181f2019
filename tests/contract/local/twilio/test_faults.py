"""What can be made to go wrong at the Twilio stand-in, and that it stops at once whatever hangs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.contract.local.twilio.test_support import ACCOUNT_SID, AUTH_TOKEN, stand_in
from twilio_bridge_local.vendors.faults import Faults, Rubbish
from twilio_bridge_local.vendors.server import NO_ANSWER
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

PATH = "/conversations/v1/Conversations"


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with stand_in() as running:
        yield running


def ask(twilio: TwilioStandIn, path: str = PATH, timeout: float = 2.0, method: str = "GET") -> requests.Response:
    auth = (ACCOUNT_SID, AUTH_TOKEN)
    return requests.request(method, twilio.url + path, auth=auth, timeout=timeout)


def test_a_status_is_answered_as_often_as_asked(twilio: TwilioStandIn) -> None:
    """Twice 503 as Twilio words it, then as before."""
    twilio.faults = Faults(status=503, times=2)
    first = ask(twilio)
    assert (first.status_code, first.json()["code"]) == (503, 20503)
    assert [ask(twilio).status_code for _ in range(2)] == [503, 200]


def test_only_some_requests_fail(twilio: TwilioStandIn) -> None:
    """Faults can be about methods and paths, of any product."""
    twilio.faults = Faults(status=500, only=(f"POST {PATH}", "/frontline-api"))
    assert [ask(twilio).status_code, ask(twilio, method="POST").status_code] == [200, 500]
    assert ask(twilio, "/frontline-api/v1/Users/jo").json()["code"] == 20500
    twilio.faults = Faults()
    assert ask(twilio, "/frontline-api/v1/Users/jo").status_code == 404


def test_credentials_come_before_faults(twilio: TwilioStandIn) -> None:
    """A request with a wrong token is refused and uses up no fault."""
    twilio.faults = Faults(status=500, times=1)
    assert requests.get(twilio.url + PATH, auth=(ACCOUNT_SID, "wrong"), timeout=2).status_code == 401
    assert [ask(twilio).status_code for _ in range(2)] == [500, 200]


def test_latency_delays_the_right_answer(twilio: TwilioStandIn) -> None:
    """The answer is late and otherwise what it would have been."""
    twilio.faults = Faults(latency_s=0.2)
    began = time.monotonic()
    assert ask(twilio).status_code == 200
    assert 0.2 <= time.monotonic() - began


@pytest.mark.parametrize(("kind", "content_type"), [("html", "text/html; charset=utf-8"), ("json", "application/json")])
def test_rubbish_is_a_200(twilio: TwilioStandIn, kind: Rubbish, content_type: str) -> None:
    """A page of HTML, or JSON that is no answer to anything."""
    twilio.faults = Faults(rubbish=kind)
    answer = ask(twilio)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert '"conversations"' not in answer.text


def test_silence_never_answers(twilio: TwilioStandIn) -> None:
    """Nothing comes until the caller gives up; the request is counted all the same."""
    twilio.faults = Faults(silent=True, times=1)
    with pytest.raises(requests.Timeout):
        ask(twilio, timeout=0.1)
    assert [seen.status for seen in twilio.requests] == [NO_ANSWER]
    assert ask(twilio).status_code == 200


def test_stopping_does_not_wait_for_silence(capfd: pytest.CaptureFixture[str]) -> None:
    """Five callers hang; stop() ends within a moment, they get no answer, and nothing is printed."""
    with ThreadPoolExecutor(5) as pool:
        with stand_in() as twilio:
            twilio.faults = Faults(silent=True)
            waiting = [pool.submit(ask, twilio) for _ in range(5)]
            while len(twilio.requests) < 5:
                time.sleep(0.01)
        for future in waiting:
            with pytest.raises(requests.ConnectionError):
                future.result()
    assert capfd.readouterr() == ("", "")


def test_faults_over_http(twilio: TwilioStandIn) -> None:
    """PUT replaces the faults; one that does not exist is a 422 that names it."""
    url = f"{twilio.url}/_stand-in/faults"
    requests.put(url, json={"status": 500, "times": 1}, timeout=2)
    assert [ask(twilio).status_code for _ in range(2)] == [500, 200]
    requests.put(url, json={"status": 503}, timeout=2)
    assert ask(twilio).status_code == 503
    requests.put(url, json={}, timeout=2)
    assert ask(twilio).status_code == 200
    assert requests.put(url, json={"rubbish": "xml"}, timeout=2).status_code == 422
    assert "explode" in requests.put(url, json={"explode": True}, timeout=2).text


def test_several_faults_over_http(twilio: TwilioStandIn) -> None:
    """Each has its requests; one that is wrong refuses all of them."""
    url = f"{twilio.url}/_stand-in/faults"
    kinds = [{"status": 503, "times": 1}, {"status": 429, "times": 1}]
    assert [503, 429] == [each["status"] for each in requests.put(url, json=kinds, timeout=2).json()]
    assert [503, 429, 200] == [ask(twilio).status_code for _ in range(3)]
    assert 422 == requests.put(url, json=[kinds[0], {"share": -1}], timeout=2).status_code
    assert 200 == ask(twilio).status_code


def test_it_starts_again_on_the_same_port() -> None:
    """After stop() the address stays its own, and what it held is still there."""
    twilio = stand_in().start()
    ask(twilio, method="POST")
    url = twilio.url
    twilio.stop()
    with twilio:
        assert twilio.url == url
        assert len(ask(twilio).json()["conversations"]) == 1
    twilio.stop()
