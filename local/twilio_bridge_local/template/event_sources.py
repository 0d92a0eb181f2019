"""Turns a function's Events into routes, event source mappings and schedules; used by `template`.

An event type or a property that is not known raises TemplateError: a function that is never called, or
called with what a filter would have kept away, is worse than a stack that does not start.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final, TypedDict

from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.template.bundle import DEFAULT_ROUTE, QueueSource, Route, Schedule, StreamSource

_Properties = Mapping[str, Any]
Source = Route | QueueSource | StreamSource | Schedule


class Events(TypedDict):
    """A function's event sources by kind, under the names of Function's fields."""

    routes: tuple[Route, ...]
    queues: tuple[QueueSource, ...]
    streams: tuple[StreamSource, ...]
    schedules: tuple[Schedule, ...]


def events_of(events: Mapping[str, Any], place: str) -> Events:
    """The event sources of one function; `events` is its Events property, resolved."""
    found: dict[type, list[Any]] = defaultdict(list)
    for name, event in events.items():
        source = _source(name, event, f"{place}.{name}")
        if source is not None:
            found[type(source)].append(source)
    return Events(
        routes=tuple(found[Route]),
        queues=tuple(found[QueueSource]),
        streams=tuple(found[StreamSource]),
        schedules=tuple(found[Schedule]),
    )


def _source(name: str, event: Mapping[str, Any], place: str) -> Source | None:
    kind, properties = str(event.get("Type")), event.get("Properties") or {}
    if kind not in _KINDS:
        raise TemplateError(f"{place}: the local stack knows no event type {kind}")
    make, known = _KINDS[kind]
    for key in properties:
        if key not in known:
            raise TemplateError(f"{place}: the local stack does not know {key} of an event of type {kind}")
    disabled = properties.get("Enabled") is False or properties.get("State") == "DISABLED"
    try:
        return None if disabled else make(name, properties)
    except (KeyError, ValueError, TypeError) as error:
        raise TemplateError(f"{place}: {kind} lacks or misuses {error}") from error


def _route(_name: str, properties: _Properties) -> Route:
    path = properties.get("Path", DEFAULT_ROUTE)
    authorizer = (properties.get("Auth") or {}).get("Authorizer", "NONE")
    if authorizer not in {"NONE", "AWS_IAM"}:
        raise ValueError(f"Auth.Authorizer {authorizer}")
    method = str(properties.get("Method", "ANY")).upper().replace("*", "ANY")
    return Route(method=method, path=path, signed=authorizer == "AWS_IAM")


def _queue(_name: str, properties: _Properties) -> QueueSource:
    return QueueSource(
        queue=last_part(properties["Queue"]),
        batch_size=int(properties.get("BatchSize", 10)),
        window_s=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        partial_responses=_partial(properties),
        concurrency=int((properties.get("ScalingConfig") or {}).get("MaximumConcurrency", 2)),
    )


def _stream(_name: str, properties: _Properties) -> StreamSource:
    destination = (properties.get("DestinationConfig") or {}).get("OnFailure") or {}
    position, moment = properties["StartingPosition"], properties.get("StartingPositionTimestamp")
    if position not in _POSITIONS or (moment is None) is (position == "AT_TIMESTAMP"):
        raise ValueError(f"StartingPosition {position} (StartingPositionTimestamp: {moment})")
    return StreamSource(
        stream=last_part(properties["Stream"]),
        batch_size=_within(properties, "BatchSize", 100, range(1, 10_001)),
        window_s=_within(properties, "MaximumBatchingWindowInSeconds", 0, range(301)),
        starting_position=position,
        partial_responses=_partial(properties),
        bisect=properties.get("BisectBatchOnFunctionError") is True,
        retries=_within(properties, "MaximumRetryAttempts", -1, range(-1, 10_001)),
        record_age_s=_within(properties, "MaximumRecordAgeInSeconds", -1, range(60, 604_801)),
        parallelization=_within(properties, "ParallelizationFactor", 1, range(1, 11)),
        on_failure=destination.get("Destination"),
        starting_timestamp=None if moment is None else float(moment),
    )


def _within(properties: _Properties, name: str, default: int, allowed: range) -> int:
    value = int(properties.get(name, default))
    if value != default and value not in allowed:
        raise ValueError(f"{name} {value}: it is from {allowed.start} to {allowed.stop - 1}")
    return value


def _schedule(source: str, expression: str) -> Callable[[str, _Properties], Schedule]:
    def make(name: str, properties: _Properties) -> Schedule:
        payload = properties.get("Input")
        given = payload if isinstance(payload, str) or payload is None else json.dumps(payload)
        return Schedule(str(properties.get("Name", name)), properties[expression], source, given)

    return make


def _partial(properties: _Properties) -> bool:
    return "ReportBatchItemFailures" in (properties.get("FunctionResponseTypes") or ())


def last_part(arn: str) -> str:
    """The logical id that an ARN of ours ends with."""
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1].removesuffix(".fifo")


_POSITIONS: Final = frozenset({"TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"})
_TIMER: Final = frozenset({"Name", "Input", "Enabled", "State", "Description", "RetryPolicy", "DeadLetterConfig"})
_MAPPING: Final = frozenset(
    {"BatchSize", "Enabled", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds", "MetricsConfig"}
)
_KINDS: Final[Mapping[str, tuple[Callable[[str, _Properties], Source], frozenset[str]]]] = {
    "HttpApi": (
        _route,
        frozenset({"ApiId", "Auth", "Method", "Path", "PayloadFormatVersion", "RouteSettings", "TimeoutInMillis"}),
    ),
    "SQS": (_queue, _MAPPING | {"Queue", "ScalingConfig"}),
    "Kinesis": (
        _stream,
        _MAPPING
        | {
            "Stream",
            "StartingPosition",
            "StartingPositionTimestamp",
            "BisectBatchOnFunctionError",
            "DestinationConfig",
            "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts",
            "ParallelizationFactor",
        },
    ),
    "ScheduleV2": (
        _schedule("aws.scheduler", "ScheduleExpression"),
        _TIMER
        | {
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "FlexibleTimeWindow",
            "GroupName",
            "PermissionsBoundary",
            "RoleArn",
        },
    ),
    "Schedule": (_schedule("aws.events", "Schedule"), _TIMER | {"Schedule"}),
}
