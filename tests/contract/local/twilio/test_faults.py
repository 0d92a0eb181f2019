"""What can be made to go wrong at the Twilio stand-in, and that it stops at once whatever hangs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.contract.local.twilio.test_support import ACCOUNT_SID, AUTH_TOKEN, stand_in
from twilio_bridge_local.vendors.twilio.faults import Fault
from twilio_bridge_local.vendors.twilio.server import NO_ANSWER, TwilioStandIn

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
    twilio.faults.set(Fault(status=503, times=2))
    first = ask(twilio)
    assert (first.status_code, first.json()["code"]) == (503, 20503)
    assert [ask(twilio).status_code for _ in range(2)] == [503, 200]


def test_only_some_requests_fail(twilio: TwilioStandIn) -> None:
    """A fault can be about a path and a method; the next one that fits acts when it is used up."""
    twilio.faults.set(Fault(status=429, only=PATH, method="POST", times=1), Fault(status=500, only="/frontline-api"))
    assert ask(twilio).status_code == 200
    assert ask(twilio, method="POST").status_code == 429
    assert ask(twilio, method="POST").status_code == 201
    assert ask(twilio, "/frontline-api/v1/Users/jo").json()["code"] == 20500
    twilio.faults.set()
    assert ask(twilio, "/frontline-api/v1/Users/jo").status_code == 404


def test_latency_delays_the_right_answer(twilio: TwilioStandIn) -> None:
    """The answer is late and otherwise what it would have been."""
    twilio.faults.set(Fault(latency=0.2))
    began = time.monotonic()
    assert ask(twilio).status_code == 200
    assert 0.2 <= time.monotonic() - began < 1


@pytest.mark.parametrize(("kind", "content_type"), [("html", "text/html"), ("json", "application/json")])
def test_rubbish_is_a_200(twilio: TwilioStandIn, kind: str, content_type: str) -> None:
    """A page of HTML, or JSON that is no answer to anything."""
    twilio.faults.set(Fault(rubbish=kind))
    answer = ask(twilio)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert "conversations" not in answer.text


def test_silence_never_answers(twilio: TwilioStandIn) -> None:
    """Nothing comes until the caller gives up; the request is counted all the same."""
    twilio.faults.set(Fault(silent=True, times=1))
    with pytest.raises(requests.Timeout):
        ask(twilio, timeout=0.1)
    assert [seen.status for seen in twilio.requests] == [NO_ANSWER]
    assert ask(twilio).status_code == 200


def test_stopping_does_not_wait_for_silence(capfd: pytest.CaptureFixture[str]) -> None:
    """Five callers hang; stop() ends within a moment, they get no answer, and nothing is printed."""
    with ThreadPoolExecutor(5) as pool:
        with stand_in() as twilio:
            twilio.faults.set(Fault(silent=True))
            waiting = [pool.submit(ask, twilio) for _ in range(5)]
            while len(twilio.requests) < 5:
                time.sleep(0.01)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        for future in waiting:
            with pytest.raises(requests.ConnectionError):
                future.result()
    assert capfd.readouterr() == ("", "")


def test_faults_over_http(twilio: TwilioStandIn) -> None:
    """PUT replaces all faults; a fault that does not exist is a 400."""
    url = f"{twilio.url}/_stand-in/faults"
    requests.put(url, json=[{"status": 500, "times": 1}], timeout=2)
    assert [ask(twilio).status_code for _ in range(2)] == [500, 200]
    requests.put(url, json={"status": 503}, timeout=2)
    assert ask(twilio).status_code == 503
    requests.put(url, json=[], timeout=2)
    assert ask(twilio).status_code == 200
    assert requests.put(url, json={"rubbish": "xml"}, timeout=2).status_code == 400
    assert requests.put(url, json={"explode": True}, timeout=2).status_code == 400


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
