"""The part of the wiring for Twilio as a database; see `wiring`."""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.engine import Engine
from twilio_bridge.entities.operations import Operations
from twilio_bridge.entities.ports import Twilio
from twilio_bridge.entities.reading import MAX_REQUEST_COUNT, MAX_SECONDS
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.entities.tokens import PageTokens
from twilio_bridge.settings import Settings
from twilio_bridge.wiring import base

if TYPE_CHECKING:
    from twilio_bridge.adapters.entities.funnel import Limiter
    from twilio_bridge.entities.dbapi import Connection


@cache
def engine() -> Engine:
    """SQL over Twilio's resources."""
    return SqliteEngine(load_registry())


def operations() -> Operations:
    """The operations of entities, with the login that the secret holds now."""
    return _operations(base.settings().twilio_login)


@lru_cache(maxsize=1)
def _operations(login: tuple[str, str]) -> Operations:
    from twilio_bridge.adapters.entities.limits import NodeLimiter  # noqa: PLC0415  an operator's machine has no table

    settings = base.settings()
    limiter = NodeLimiter(base.sync_state_table(), settings.twilio_account_sid, settings.twilio_nodes)
    return build_operations(settings, login, limiter)


def build_operations(settings: Settings, login: tuple[str, str], limiter: "Limiter") -> Operations:
    """Return the operations for an account."""
    return Operations(load_registry(), build_twilio(settings, login, limiter), engine(), PageTokens(login[1]))


def build_twilio(settings: Settings, login: tuple[str, str], limiter: "Limiter") -> Twilio:
    """Return the one funnel of requests for an account."""
    from twilio_bridge.adapters.entities.accounts import Accounts  # noqa: PLC0415  slow to import
    from twilio_bridge.adapters.entities.client import TwilioClient  # noqa: PLC0415
    from twilio_bridge.adapters.entities.funnel import Funnel  # noqa: PLC0415
    from twilio_bridge.adapters.proxy import open_session  # noqa: PLC0415

    accounts = Accounts(
        settings.twilio_account_sid,
        login,
        region=settings.twilio_region,
        edge=settings.twilio_edge,
        endpoint_url=settings.twilio_endpoint_url,
    )
    session = open_session(settings.proxy_to("TWILIO"))
    return TwilioClient(Funnel(accounts, limiter, session), load_registry())


def operations_alone(settings: Settings) -> Operations:
    """Return the operations for a machine without a stack: its limiter is this process's own."""
    from twilio_bridge.adapters.entities.limits import ProcessLimiter  # noqa: PLC0415  as above

    return build_operations(settings, settings.twilio_login, ProcessLimiter(settings.twilio_nodes))


def connect(
    settings: Settings | None = None, *, max_requests: int = MAX_REQUEST_COUNT, seconds: float = MAX_SECONDS
) -> "Connection":
    """Return a connection to the account that the environment names (TWILIO_ACCOUNT_SID and its login).

    `max_requests` is each statement's budget, `seconds` how long it may compute.
    """
    from twilio_bridge.entities.dbapi import Connection  # noqa: PLC0415  functions need none

    found = operations_alone(settings or base.settings())
    return Connection(found.engine, found.twilio, max_requests, seconds)
