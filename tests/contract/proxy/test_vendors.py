"""Every vendor's requests go through the proxy, with its login, and have a line in the log that names nobody."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from tests.contract.proxy.proxy_server import ProxyServer
from twilio_bridge.adapters.airtable.client import ONCE, AirtableRequests
from twilio_bridge.adapters.brevo.client import WINDOWS, BrevoRequests, Call
from twilio_bridge.adapters.entities.accounts import Accounts
from twilio_bridge.adapters.entities.client import TwilioClient
from twilio_bridge.adapters.entities.funnel import Funnel
from twilio_bridge.adapters.proxy import open_session
from twilio_bridge.adapters.twilio.client import Account, call_twilio
from twilio_bridge.adapters.twilio.flex_tokens import FlexTokens
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.settings import Proxy
from twilio_bridge_local.samples.airtable_base import sample_base
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ACCOUNT, TOKEN = "AC" + "1" * 32, "t" * 32


class NoLimit:
    """Lets everybody through."""

    def reserve(self, _patience_s: float) -> None:
        """Wait for nothing."""

    def reserve_slot(self, _patience_s: float) -> None:
        """Wait for nothing."""

    def hold_token(self, _patience_s: float) -> AbstractContextManager[None]:
        """Wait for nothing."""
        return nullcontext()

    def block(self, _seconds: float) -> None:
        """Stop nobody."""


@pytest.fixture(params=["BASIC", "DIGEST"])
def server(request: pytest.FixtureRequest) -> Iterator[ProxyServer]:
    with ProxyServer(request.param) as server:
        yield server


@pytest.fixture
def proxy(server: ProxyServer) -> Proxy:
    return Proxy(server.address, server.scheme, server.user, server.password)


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """One line a request, with nothing in it but what `log_api_calls` promises."""
    caplog.set_level("DEBUG", logger="twilio-bridge")
    yield
    (line,) = (vars(record) for record in caplog.get_records("call") if record.message == "vendor called")
    assert (line["vendor"], line["status"]) in {("airtable", 200), ("brevo", 200), ("twilio", 200)}
    assert not re.search(r"AC1|app|Customers|\?|http", line["path"])


def forwarded(server: ProxyServer) -> str:
    """Return the only request that passed."""
    (line,) = server.seen
    return line


def test_airtable(server: ProxyServer, proxy: Proxy) -> None:
    with AirtableStandIn(sample_base()) as airtable:
        requests = AirtableRequests(airtable.token, airtable.url, NoLimit(), proxy=proxy)  # type: ignore[arg-type]  # as far as it is used
        assert requests.send_request(requests.api.table(airtable.base_id, "Customers").first, ONCE) is not None
        assert forwarded(server).startswith(f"GET {airtable.url}/v0/")


def test_brevo(server: ProxyServer, proxy: Proxy) -> None:
    with BrevoStandIn() as brevo:
        limits = dict.fromkeys(WINDOWS, NoLimit())
        requests = BrevoRequests(brevo.api_key, brevo.url, limits, proxy=proxy)  # type: ignore[arg-type]  # as above
        requests.ask(Call(group="contacts", method="GET", path="/contacts/attributes"))
        assert forwarded(server) == f"GET {brevo.url}/v3/contacts/attributes"


def test_twilio(server: ProxyServer, proxy: Proxy) -> None:
    with TwilioStandIn(ACCOUNT, TOKEN) as twilio:
        client = Account((ACCOUNT, TOKEN), ACCOUNT, endpoint_url=twilio.url, proxy=proxy).make_client()
        call_twilio(lambda: client.conversations.v1.conversations.list(limit=1))
        assert forwarded(server).startswith(f"GET {twilio.url}/conversations/v1/Conversations")


def test_flex_tokens(server: ProxyServer, proxy: Proxy) -> None:
    with TwilioStandIn(ACCOUNT, TOKEN) as twilio:
        twilio.flex_tokens.issue(ACCOUNT, "worker", token="flex", ttl_s=60)
        assert FlexTokens((ACCOUNT, TOKEN), ACCOUNT, twilio.url, proxy).is_valid("flex")
        assert forwarded(server).startswith(f"POST {twilio.url}/iam/v1/")


def test_twilio_as_a_database(server: ProxyServer, proxy: Proxy) -> None:
    with TwilioStandIn(ACCOUNT, TOKEN) as twilio:
        accounts = Accounts(ACCOUNT, (ACCOUNT, TOKEN), endpoint_url=twilio.url)
        client = TwilioClient(Funnel(accounts, NoLimit(), open_session(proxy)), load_registry())
        assert next(client.list_pages(load_registry().entity("Messages"), {}, {}, 5)).uri
        assert forwarded(server).startswith(f"GET {twilio.url}/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
