"""The part of the wiring for syncs and the export; see `wiring`."""

import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.queues import SliceQueue
from twilio_bridge.adapters.state.slices import DynamoOpenRows, DynamoSlices, hide_key
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.entrypoints import http
from twilio_bridge.entrypoints.sync import Act
from twilio_bridge.errors import NotFoundError, RefusedError, SettingError
from twilio_bridge.logs import logger
from twilio_bridge.support.persons.person import FigureRow, Interaction
from twilio_bridge.sync.estimating import estimate_run
from twilio_bridge.sync.export_rows import Anonymiser
from twilio_bridge.sync.ports import ExportFiles, SyncMetrics
from twilio_bridge.sync.request import SyncRequest, read_request
from twilio_bridge.sync.starting import cancel_sync, continue_run, make_plan, show_progress, start_sync
from twilio_bridge.sync.streams import Stream
from twilio_bridge.sync.support_export import export_support, find_latest
from twilio_bridge.sync.taking import SyncDeps
from twilio_bridge.sync.working import work_at_slice
from twilio_bridge.wiring import base, support

if TYPE_CHECKING:
    from twilio_bridge.entities.ports import Twilio

FLEX = "FlexConfiguration"
NAME_IT = "name one in TWILIO_WORKSPACE_SID (the parameter TwilioWorkspaceSid)"
REQUESTS_A_NODE = 25
# What a page may take, with all that is written of it.
PAGE_MS = 90_000


def syncing() -> SyncDeps:
    """What slices are worked at with."""
    settings, table, found = base.settings(), base.sync_state_table(), support.settled()
    account = settings.twilio_account_sid
    return SyncDeps(
        slices=DynamoSlices(table, account),
        open_rows=DynamoOpenRows(table, account),
        wakeups=slice_queue(),
        twilio=_twilio,
        parents=_parents,
        reducing=lambda: support.reducing(is_live=False),
        settings=found,
        accounts=(account, *found.sync.accounts),
        rate=_rate,
        files=export_files(),
        hide=lambda: Anonymiser(found.export, _hide_key(account)),
        clock=lambda: int(time.time() * 1000),
    )


@cache
def slice_queue() -> SliceQueue:
    """The queue that wakes slices."""
    return SliceQueue(clients.sqs(), base.settings().slice_queue_url)


@cache
def export_files() -> ExportFiles | None:
    """The export's bucket; None where the stack has none."""
    from twilio_bridge.adapters.aws.export_bucket import S3ExportFiles  # noqa: PLC0415  only some jobs need it

    bucket = base.settings().export_bucket
    return S3ExportFiles(clients.s3(), bucket) if bucket else None


def metrics() -> SyncMetrics:
    """What the operator sees of a sync."""
    from twilio_bridge.adapters.aws.metrics import EmbeddedMetrics  # noqa: PLC0415  as above

    return EmbeddedMetrics(base.settings().metrics_namespace)


@cache
def _hide_key(account: str) -> bytes:
    return hide_key(base.sync_state_table(), account, secrets.token_bytes(32))


def _rate(stream: Stream) -> int:
    """Return how many requests a second a stream's product takes: of those without a figure, what the nodes have."""
    own = support.settled().sync.requests_per_s.get(stream.limit)
    return own or base.settings().twilio_nodes * REQUESTS_A_NODE


def _twilio(stream: Stream) -> "Twilio":
    """Requests to a stream's product, with the login that the secret holds now."""
    rate = support.settled().sync.requests_per_s.get(stream.limit, 0)
    return _client(base.settings().twilio_login, stream.limit, rate)


@lru_cache(maxsize=8)
def _client(login: tuple[str, str], product: str, rate: int) -> "Twilio":
    from twilio_bridge.adapters.entities.limits import NodeLimiter, ProductLimiter  # noqa: PLC0415  as above
    from twilio_bridge.wiring.entities import build_twilio  # noqa: PLC0415

    settings, table = base.settings(), base.sync_state_table()
    account = settings.twilio_account_sid
    nodes = settings.twilio_nodes
    limiter = ProductLimiter(table, account, product, rate) if rate else NodeLimiter(table, account, nodes)
    return build_twilio(settings, login, limiter)


def _parents(stream: Stream, account: str) -> Mapping[str, str]:
    """What a stream's list stands under."""
    if stream.sink != "events":
        return {"AccountSid": account}
    return {"WorkspaceSid": _find_workspace(base.settings().twilio_workspace_sid, stream)}


@lru_cache(maxsize=1)
def _find_workspace(named: str | None, stream: Stream) -> str:
    """Return the TaskRouter workspace: the one that is named, or that of Flex."""
    if named:
        return named
    try:
        flex = _twilio(stream).fetch(load_registry().entity(FLEX), {}, "")
    except (RefusedError, NotFoundError) as error:
        raise SettingError(f"Flex does not name its TaskRouter workspace; {NAME_IT}") from error
    if not flex.get("taskrouter_workspace_sid"):
        raise SettingError(f"Flex has no TaskRouter workspace; {NAME_IT}")
    return str(flex["taskrouter_workspace_sid"])


def actions() -> Mapping[str, Act]:
    """What SyncFunction can be asked for by invoke."""
    return {"sync": _sync, "scheduled": _sync_regularly, "progress": _progress, "cancel": _cancel, "export": _export}


def _sync(given: Mapping[str, Any]) -> dict[str, Any]:
    deps = syncing()
    request = read_request(given, deps.clock(), deps.settings.connectors.twilio_flex.channels)
    if request.dry_run:
        return estimate_run(make_plan(request, deps), request, deps)
    return start_sync(request, deps)


def _sync_regularly(_given: Mapping[str, Any]) -> dict[str, Any]:
    """Begin an incremental sync, unless one is under way, and export what the support job has."""
    if export_files() is not None:
        _export({})
    return start_sync(SyncRequest(), syncing(), is_scheduled=True)


def _progress(_given: Mapping[str, Any]) -> dict[str, Any]:
    return show_progress(syncing())


def _cancel(_given: Mapping[str, Any]) -> dict[str, Any]:
    return cancel_sync(syncing())


def _export(given: Mapping[str, Any]) -> dict[str, Any]:
    """Write the support job's tables, of the latest days or of a stretch of time."""
    files, deps = export_files(), syncing()
    if files is None:
        raise SettingError("the stack has no export; deploy it with the parameter Export=on")
    stretch = read_request(given, deps.clock(), ())
    since = find_latest(deps.clock()) if stretch.since is None else stretch.since
    until = deps.clock() if stretch.until is None else stretch.until
    return asdict(export_support(_SupportRows(), files, deps.hide(), since, until))


class _SupportRows:
    """Interactions and figures, as the export asks for them."""

    def list_ended(self, since: int, before: int) -> Iterator[tuple[str, Interaction]]:
        return support.persons().list_ended(since, before)

    def read_day(self, day: str) -> Iterator[FigureRow]:
        from twilio_bridge.adapters.state.figures import DynamoFigures  # noqa: PLC0415  as above

        return DynamoFigures(base.sync_state_table()).read_day(day)


def work(message: Mapping[str, Any], context: http.Context) -> None:
    """Work at the slice that a message names, while there is time for another page."""
    each = work_at_slice(
        message["run"], message["slice"], syncing(), lambda: context.get_remaining_time_in_millis() > PAGE_MS
    )
    if each:
        counts = {"rows": each.rows, "requests": each.requests, "pages": each.page}
        logger.info("slice read", extra={"stream": each.stream, "kind": each.kind, "phase": each.phase, **counts})


def continue_latest() -> None:
    """Look after the latest sync."""
    continue_run(syncing(), metrics())
