"""The local servers serve callers side by side, and stop when they are told to, whatever callers hold open."""

import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from twilio_bridge_local.aws.server import EmbeddedAws
from twilio_bridge_local.http_server import HttpRequest, HttpResponse, HttpServer
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn

CALLERS = 3
SERVERS: Mapping[str, Callable[[], HttpServer | EmbeddedAws | BrevoStandIn]] = {
    "plain": lambda: HttpServer(lambda _: HttpResponse(204)),
    "aws": EmbeddedAws,
    "vendor": BrevoStandIn,
}


def test_callers_are_served_side_by_side() -> None:
    """Each is answered once all have arrived; one after the other, none would be."""
    all_are_here = threading.Barrier(CALLERS, timeout=30)

    def answer(_request: HttpRequest) -> HttpResponse:
        all_are_here.wait()
        return HttpResponse(204)

    with HttpServer(answer) as server, ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda _: requests.post(server.url, data=b"", timeout=30), range(CALLERS)))
    assert [204] * CALLERS == [each.status_code for each in answers]


@pytest.mark.parametrize("kind", SERVERS)
def test_a_connection_that_says_nothing_holds_up_nobody(kind: str) -> None:
    """Neither those who ask meanwhile nor the end."""
    with SERVERS[kind]() as running:
        url = running.url
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))):  # as browsers do, before they ask
            assert requests.get(url, timeout=30).status_code
            running.stop()
            with pytest.raises(requests.ConnectionError):
                requests.get(url, timeout=30)


def test_a_server_stops_that_was_told_to_before_it_began() -> None:
    server = HttpServer(lambda _: HttpResponse(204))
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=30)
