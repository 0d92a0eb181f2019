"""Reads template.yaml into a Bundle; used by the stack, and by tests that want the deployed shape of things.

`read` merges Globals as SAM does, leaves out what a false condition leaves out, and raises TemplateError
for a resource's part that it does not know. Types that have no counterpart on this machine (layers,
alarms, log groups …) are left out.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.template.bundle import Bundle, Function, Queue, Stream, Table
from twilio_bridge_local.template.event_sources import events_of, last_part
from twilio_bridge_local.template.intrinsics import Scope, intrinsic, text

_TABLE_KEYS: Final = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_QUEUE_KEYS: Final = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)
_DEFAULTS: Final[Mapping[str, Any]] = {"Handler": "app.lambda_handler", "Timeout": 3, "MemorySize": 128}

_Properties = Mapping[str, Any]


def read(
    path: Path, parameters: Mapping[str, str] | None = None, queue_urls: Mapping[str, str] | None = None
) -> Bundle:
    """The bundle that the template describes; parameters that it does not declare do not matter."""
    document = _document(path)
    resources = document.get("Resources") or {}
    scope = Scope(
        parameters=_parameters(document.get("Parameters") or {}, parameters or {}),
        resources=resources,
        conditions=document.get("Conditions") or {},
        queue_urls=queue_urls or {},
    )
    present = {name: body for name, body in resources.items() if _present(scope, name, body)}
    shared = (document.get("Globals") or {}).get("Function") or {}

    def every(kind: str) -> list[tuple[str, _Properties]]:
        return [(name, body.get("Properties") or {}) for name, body in present.items() if body["Type"] == kind]

    return Bundle(
        functions=tuple(
            _function(scope, path.parent, name, merged(shared, own)) for name, own in every("AWS::Serverless::Function")
        ),
        tables=tuple(_table(scope, name, own) for name, own in every("AWS::DynamoDB::Table")),
        queues=tuple(_queue(scope, name, own) for name, own in every("AWS::SQS::Queue")),
        buckets=tuple(scope.name(name) for name, _ in every("AWS::S3::Bucket")),
        streams=tuple(_stream(scope, name, own) for name, own in every("AWS::Kinesis::Stream")),
    )


def merged(shared: object, own: object) -> Any:  # noqa: ANN401  template values have any type
    """Globals under a function's own properties: maps are merged, lists joined, else the function wins."""
    if intrinsic(shared) or intrinsic(own):
        return own
    if isinstance(shared, dict) and isinstance(own, dict):
        both = {key: merged(shared[key], own[key]) for key in shared.keys() & own.keys()}
        return {**shared, **own, **both}
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return own


def _document(path: Path) -> dict[str, Any]:
    try:
        document = parse_template(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(document, dict):
        raise TemplateError(f"{path} is not a template")
    return document


@lru_cache(maxsize=4)
def parse_template(text: str) -> Any:  # noqa: ANN401  a template may hold anything
    """Return a template's document as SAM reads it; nobody may change it, as every start reads it twice."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506  it is a CSafeLoader


class _Loader(yaml.CSafeLoader):
    """Reads CloudFormation's short forms (`!Ref`); SAM's own loader is eight times slower."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def _parameters(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, body in declared.items():
        if name not in given and "Default" not in body:
            raise TemplateError(f"Parameters.{name} has no default and was not given")
        value = given.get(name, body.get("Default"))
        is_list = str(body.get("Type")).startswith(("CommaDelimitedList", "List<"))
        values[name] = str(value).split(",") if is_list else value
    return values


def _present(scope: Scope, name: str, body: Mapping[str, Any]) -> bool:
    if not isinstance(body, dict) or "Type" not in body:
        raise TemplateError(f"Resources.{name} has no Type")
    condition = body.get("Condition")
    return condition is None or scope.holds(condition, f"Resources.{name}.Condition")


def _function(scope: Scope, root: Path, name: str, properties: _Properties) -> Function:
    place = f"Resources.{name}.Properties"

    def value(key: str) -> Any:  # noqa: ANN401  template values have any type
        return scope.resolve(properties.get(key, _DEFAULTS.get(key)), f"{place}.{key}")

    folder = value("CodeUri")
    if not isinstance(folder, str):
        raise TemplateError(f"{place}: only functions whose CodeUri is a folder run locally")
    variables = (value("Environment") or {}).get("Variables") or {}
    return Function(
        name=name,
        folder=(root / folder).resolve(),
        handler=value("Handler"),
        timeout_s=float(value("Timeout")),
        memory_mb=int(value("MemorySize")),
        environment={key: text(item, f"{place}.Environment.{key}") for key, item in variables.items()},
        **events_of(value("Events") or {}, f"{place}.Events"),
    )


def _table(scope: Scope, name: str, properties: _Properties) -> Table:
    place = f"Resources.{name}.Properties"
    definition = {key: scope.resolve(properties[key], f"{place}.{key}") for key in _TABLE_KEYS if key in properties}
    ttl = scope.resolve(properties.get("TimeToLiveSpecification"), f"{place}.TimeToLiveSpecification") or {}
    return Table(name, definition, ttl.get("AttributeName") if ttl.get("Enabled") else None)


def _queue(scope: Scope, name: str, properties: _Properties) -> Queue:
    place = f"Resources.{name}.Properties"
    resolved = {key: scope.resolve(value, f"{place}.{key}") for key, value in properties.items()}
    redrive = resolved.get("RedrivePolicy") or {}
    return Queue(
        logical_id=name,
        attributes={key: text(resolved[key], f"{place}.{key}") for key in _QUEUE_KEYS if key in resolved},
        dead_letters=last_part(redrive["deadLetterTargetArn"]) if redrive else None,
        max_receives=int(redrive["maxReceiveCount"]) if redrive else 0,
    )


def _stream(scope: Scope, name: str, properties: _Properties) -> Stream:
    resolved = scope.resolve(properties, f"Resources.{name}.Properties")
    mode = (resolved.get("StreamModeDetails") or {}).get("StreamMode")
    on_demand = mode == "ON_DEMAND" or (mode is None and "ShardCount" not in resolved)
    return Stream(
        name,
        shards=None if on_demand else int(resolved.get("ShardCount", 1)),
        retention_hours=int(resolved.get("RetentionPeriodHours", 24)),
        key_id=(resolved.get("StreamEncryption") or {}).get("KeyId"),
    )
