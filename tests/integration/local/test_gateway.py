"""HTTP in, payload v2 out."""

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.local.project import ECHO, Project
from twilio_bridge_local.functions.gateway import Routes, gateway
from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.http_server import HttpServer, listen
from twilio_bridge_local.template.bundle import Function, Route


class Functions:
    """Takes the place of all functions: remembers the event, gives the answer."""

    def __init__(self) -> None:
        self.answer = Outcome({"statusCode": 204})
        self.called = ""
        self.event: dict[str, Any] = {}

    def __call__(self, name: str, event: object) -> Outcome:
        assert isinstance(event, dict)
        self.called, self.event = name, event
        return self.answer


ROUTES = {
    "List": Route("GET", "/things"),
    "One": Route("ANY", "/things/{id}"),
    "Rest": Route("GET", "/things/{rest+}"),
    "Post": Route("POST", "/callbacks/it"),
}


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def front(functions: Functions, tmp_path: Path) -> Iterator[HttpServer]:
    known = [
        Function(name, tmp_path, "app.lambda_handler", 1, 128, {}, routes=(route,)) for name, route in ROUTES.items()
    ]
    with gateway(known, functions, listen(0), lambda *_: None) as server:
        yield server


def test_a_form_arrives_base64_byte_for_byte(front: HttpServer, functions: Functions) -> None:
    """Form bodies are base64, as API Gateway hands them over, and hold every byte."""
    body = b"Body=a+b%20c&Name=J%C3%B8&Empty=&Raw=\xff\x00"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    requests.post(f"{front.url}/callbacks/it", data=body, headers=headers, timeout=20)
    assert functions.event["isBase64Encoded"] is True
    assert base64.b64decode(functions.event["body"]) == body


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8", "application/xml"])
def test_text_arrives_as_text(front: HttpServer, functions: Functions, kind: str) -> None:
    """JSON, XML, JavaScript and text/* are not encoded."""
    requests.post(f"{front.url}/callbacks/it", data='{"a": "ø"}'.encode(), headers={"Content-Type": kind}, timeout=20)
    assert (functions.event["body"], functions.event["isBase64Encoded"]) == ('{"a": "ø"}', False)


def test_repeated_keys_and_headers_are_joined(front: HttpServer, functions: Functions) -> None:
    """The raw query stays as it came; what is repeated is joined by commas; cookies stand apart."""
    connection = http.client.HTTPConnection(urlsplit(front.url).netloc, timeout=20)
    connection.putrequest("GET", "/things?a=1&b=%20x&a=2&empty=")
    for name, value in [("X-Many", "1"), ("x-many", "2"), ("Cookie", "a=1; b=2"), ("User-Agent", "me")]:
        connection.putheader(name, value)
    connection.endheaders()
    connection.getresponse().read()
    connection.close()

    event = functions.event
    assert event["rawQueryString"] == "a=1&b=%20x&a=2&empty="
    assert event["queryStringParameters"] == {"a": "1,2", "b": " x", "empty": ""}
    assert event["headers"]["x-many"] == "1,2"
    assert "cookie" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["requestContext"]["http"]["userAgent"] == "me"


def test_the_event_is_payload_version_2(front: HttpServer, functions: Functions) -> None:
    """Path, route, parameters and context stand where API Gateway puts them."""
    requests.get(f"{front.url}/things/a%20b", timeout=20)
    event = functions.event
    context = event["requestContext"]
    assert (event["version"], event["routeKey"]) == ("2.0", "ANY /things/{id}")
    assert (event["rawPath"], event["pathParameters"]) == ("/things/a b", {"id": "a b"})
    assert context["http"]["method"] == "GET"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert context["stage"] == "$default"
    assert f"http://{context['domainName']}" == front.url
    assert event["headers"]["x-forwarded-proto"] == "http"
    assert event["headers"]["x-forwarded-port"] == str(front.port)
    assert "body" not in event


def test_a_tunnels_headers_are_passed_on(front: HttpServer, functions: Functions) -> None:
    """What a tunnel says about the caller's side is not overwritten."""
    tunnel = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "x.example.com", "X-Forwarded-For": "1.2.3.4"}
    requests.get(f"{front.url}/things", headers=tunnel, timeout=20)
    assert {name: functions.event["headers"][name.lower()] for name in tunnel} == tunnel


@pytest.mark.parametrize(
    ("method", "path", "called"),
    [
        ("GET", "/things", "List"),
        ("DELETE", "/things/7", "One"),
        ("GET", "/things/7/parts/8", "Rest"),
        ("POST", "/callbacks/it", "Post"),
    ],
)
def test_the_best_route_is_taken(front: HttpServer, functions: Functions, method: str, path: str, called: str) -> None:
    """An exact path comes before parameters, and those before a greedy one."""
    assert requests.request(method, front.url + path, timeout=20).status_code == 204
    assert functions.called == called


@pytest.mark.parametrize(("method", "path"), [("POST", "/things"), ("GET", "/nothing"), ("POST", "/")])
def test_without_a_route_it_is_404(front: HttpServer, method: str, path: str) -> None:
    """An unknown path or method is API Gateway's own answer."""
    answer = requests.request(method, front.url + path, timeout=20)
    assert (answer.status_code, answer.text) == (404, '{"message":"Not Found"}')


def test_default_takes_what_is_left(project: Project) -> None:
    """`$default` comes after all others."""
    known = [
        Function(route.path, project.folder, "a.b", 1, 128, {}, routes=(route,))
        for route in (Route("ANY", "$default"), Route("GET", "/a"))
    ]
    routes = Routes(known)
    taken = [routes.match("GET", path) for path in ("/a", "/b/c")]
    assert [found and (found[0], found[1].route_key) for found in taken] == [
        ("/a", "GET /a"),
        ("$default", "$default"),
    ]


@pytest.mark.parametrize(
    ("answer", "status", "kind", "body"),
    [
        ({"statusCode": 201, "body": "made", "headers": {"Content-Type": "text/x"}}, 201, "text/x", b"made"),
        ({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}, 200, "text/plain", b"\x00\xff"),
        ({"a": 1}, 200, "application/json", b'{"a": 1}'),
        ([1], 200, "application/json", b"[1]"),
        ("text", 200, "application/json", b"text"),
        ({"statusCode": 200, "body": {"a": 1}}, 500, "application/json", b'{"message":"Internal Server Error"}'),
        ({"statusCode": "x"}, 500, "application/json", b'{"message":"Internal Server Error"}'),
    ],
)
def test_answers_become_responses(
    front: HttpServer, functions: Functions, answer: object, status: int, kind: str, body: bytes
) -> None:
    """A whole response, a bare value, and an answer that API Gateway refuses."""
    functions.answer = Outcome(answer)
    response = requests.get(f"{front.url}/things", timeout=20)
    assert (response.status_code, response.content) == (status, body)
    assert response.headers["Content-Type"].startswith(kind)


def test_cookies_are_set_one_by_one(front: HttpServer, functions: Functions) -> None:
    """Each cookie has a header of its own."""
    functions.answer = Outcome({"statusCode": 200, "cookies": ["a=1", "b=2; Path=/"]})
    response = requests.get(f"{front.url}/things", timeout=20)
    assert dict(response.cookies) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("outcome", "status", "message"),
    [
        (Outcome({"errorType": "X"}, "error"), 500, "Internal Server Error"),
        (Outcome({}, "timeout"), 503, "Service Unavailable"),
        (Outcome({}, "throttled"), 503, "Service Unavailable"),
    ],
)
def test_a_failed_function_tells_nothing(
    front: HttpServer, functions: Functions, outcome: Outcome, status: int, message: str
) -> None:
    """Errors of functions stay inside."""
    functions.answer = outcome
    response = requests.get(f"{front.url}/things", timeout=20)
    assert (response.status_code, response.json()) == (status, {"message": message})


def test_a_connection_is_kept_alive(front: HttpServer) -> None:
    """Several requests, one of them refused, go over one connection."""
    connection = http.client.HTTPConnection(urlsplit(front.url).netloc, timeout=20)
    sockets = set()
    for method, path, body in [("POST", "/nothing", b"x" * 5000), ("GET", "/things", b""), ("GET", "/things", b"")]:
        connection.request(method, path, body)
        connection.getresponse().read()
        assert isinstance(connection.sock, socket.socket)
        sockets.add(connection.sock.getsockname())
    connection.close()
    assert len(sockets) == 1


def test_a_body_over_10_mb_is_refused(front: HttpServer, functions: Functions) -> None:
    """413, before any function hears of it; 10 MB itself goes through."""
    limit = 10 * 1024 * 1024
    refused = requests.post(f"{front.url}/callbacks/it", data=b"x" * (limit + 1), timeout=20)
    assert (refused.status_code, functions.called) == (413, "")
    assert requests.post(f"{front.url}/callbacks/it", data=b"x" * limit, timeout=20).status_code == 204


def test_a_length_that_is_no_number_is_refused(front: HttpServer) -> None:
    """400, and the connection ends, since nobody knows where the body does."""
    connection = http.client.HTTPConnection(urlsplit(front.url).netloc, timeout=20)
    connection.request("POST", "/things", headers={"Content-Length": "many"})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (400, b'{"message":"Bad Request"}')
    connection.close()


def test_a_chunked_body_is_read(front: HttpServer, functions: Functions) -> None:
    """A body without a length arrives whole."""
    headers = {"Content-Type": "text/plain"}
    requests.post(f"{front.url}/callbacks/it", data=iter([b"one ", b"two"]), headers=headers, timeout=20)
    assert functions.event["body"] == "one two"


def test_real_functions_answer_through_the_gateway(project: Project) -> None:
    """From the socket to the process and back; errors and timeouts get API Gateway's statuses."""
    project.route("Echo", ECHO, "/echo")
    project.route("Broken", "import nowhere", "/broken")
    project.route("Slow", "import time\ndef lambda_handler(e, c): time.sleep(9)", "/slow", Timeout=0.3)
    with project.stack() as stack:
        echoed = requests.post(f"{stack.url}/echo?x=1", data={"a": "b"}, timeout=20)
        broken = requests.get(f"{stack.url}/broken", timeout=20)
        slow = requests.get(f"{stack.url}/slow", timeout=20)
    assert base64.b64decode(echoed.json()["body"]) == b"a=b"
    assert (broken.status_code, broken.json()) == (500, {"message": "Internal Server Error"})
    assert (slow.status_code, slow.json()) == (503, {"message": "Service Unavailable"})
    errors = [json.loads(line.split(" ", 2)[2]) for line in project.log().splitlines() if '"ERROR"' in line]
    assert [error["errorType"] for error in errors] == ["Runtime.ImportModuleError", "Sandbox.Timedout"]
