"""Resolves CloudFormation's intrinsic functions the way `sam local invoke` does; used by `template`.

A `Ref` is the logical id (of a queue its URL, of a bucket its name), pseudo parameters are those of a stack
named `local`.
What is not known raises TemplateError with its name and place; nothing is passed over in silence.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from twilio_bridge_local.credentials import AWS_ACCOUNT_ID, AWS_REGION
from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.template.bundle import bucket_name, queue_name

STACK_NAME: Final = "local"
NO_VALUE: Final = object()
PSEUDO: Final[Mapping[str, object]] = {
    "AWS::AccountId": AWS_ACCOUNT_ID,
    "AWS::NoValue": NO_VALUE,
    "AWS::NotificationARNs": [],
    "AWS::Partition": "aws",
    "AWS::Region": AWS_REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{AWS_REGION}:{AWS_ACCOUNT_ID}:stack/{STACK_NAME}/local",
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com",
}
# What a template that names its HTTP API `Api` has for the API's address.
API_URL: Final = f"https://Api.execute-api.{AWS_REGION}.amazonaws.com"
_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_ARNS: Final[Mapping[str, str]] = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::Kinesis::Stream": "kinesis:{region}:{account}:stream/{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{name}",
}


@dataclass(frozen=True)
class Scope:
    """What names can refer to: parameters with their values, resources and conditions as they are written."""

    parameters: Mapping[str, object]
    resources: Mapping[str, Mapping[str, Any]]
    conditions: Mapping[str, object] = field(default_factory=dict)
    queue_urls: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, value: object, place: str) -> Any:  # noqa: ANN401  a template holds values of any type
        """The value with every intrinsic function replaced; `place` is where it stands, for errors."""
        if isinstance(value, list):
            items = [self.resolve(item, f"{place}[{index}]") for index, item in enumerate(value)]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        name = intrinsic(value)
        if name:
            return self._call(name, value[name], place)
        members = {str(key): self.resolve(item, f"{place}.{key}") for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not NO_VALUE}

    def holds(self, condition: str, place: str) -> bool:
        """Whether a condition of the template is true."""
        if condition not in self.conditions:
            raise TemplateError(f"{place}: there is no condition {condition}")
        return _truth(self.resolve(self.conditions[condition], f"Conditions.{condition}"), place)

    def reference(self, name: str, place: str) -> object:
        """Return what `Ref` resolves to."""
        for values in (PSEUDO, self.parameters):
            if name in values:
                return values[name]
        if name not in self.resources:
            raise TemplateError(f"{place}: Ref {name} names neither a parameter nor a resource")
        if self.resources[name].get("Type") == "AWS::SQS::Queue":
            return self.queue_urls.get(name, self.name(name))
        return self.name(name)

    def attribute(self, name: str, attribute: str, place: str) -> object:
        """Return what `Fn::GetAtt` resolves to."""
        if name not in self.resources:
            raise TemplateError(f"{place}: Fn::GetAtt {name}.{attribute} names no resource")
        kind = str(self.resources[name].get("Type"))
        if attribute == "Arn" and kind in _ARNS:
            text = _ARNS[kind].format(region=AWS_REGION, account=AWS_ACCOUNT_ID, name=self.name(name))
            return f"arn:aws:{text}"
        if kind == "AWS::SQS::Queue" and attribute in {"QueueName", "QueueUrl"}:
            return self.name(name) if attribute == "QueueName" else self.reference(name, place)
        raise TemplateError(f"{place}: Fn::GetAtt {name}.{attribute} ({kind}) is not known to the local stack")

    def name(self, logical_id: str) -> str:
        """What a resource is called in its service."""
        resource = self.resources[logical_id]
        properties = resource.get("Properties") or {}
        if resource.get("Type") == "AWS::S3::Bucket":
            given = self.resolve(properties.get("BucketName"), f"Resources.{logical_id}.BucketName")
            return str(given or bucket_name(logical_id, STACK_NAME))
        return queue_name(logical_id, fifo=properties.get("FifoQueue") is True)

    def _call(self, name: str, argument: object, place: str) -> object:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise TemplateError(f"{place}: {name} is not an intrinsic function the local stack resolves")
        try:
            return function(self, argument, place)
        except (TypeError, ValueError, AttributeError) as error:
            raise TemplateError(f"{place}: {name} cannot take {argument!r}") from error


def intrinsic(value: object) -> str | None:
    """The intrinsic function's name, where the value is a call of one."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    name = str(next(iter(value)))
    return name if name in {"Ref", "Condition"} or name.startswith("Fn::") else None


def _truth(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        raise TemplateError(f"{place}: {value!r} is neither true nor false")
    return value


def _all(scope: Scope, argument: Any, place: str) -> list[bool]:  # noqa: ANN401  as written in the template
    return [_truth(item, place) for item in scope.resolve(argument, place)]


def _get_att(scope: Scope, argument: Any, place: str) -> object:  # noqa: ANN401
    name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
    return scope.attribute(name, str(scope.resolve(attribute, place)), place)


def _if(scope: Scope, argument: Any, place: str) -> object:  # noqa: ANN401
    condition, yes, no = argument
    return scope.resolve(yes if scope.holds(condition, place) else no, place)


def _equals(scope: Scope, argument: Any, place: str) -> bool:  # noqa: ANN401
    left, right = scope.resolve(argument, place)
    return text(left, place) == text(right, place)


def _join(scope: Scope, argument: Any, place: str) -> str:  # noqa: ANN401
    separator, items = argument
    return str(separator).join(text(item, place) for item in scope.resolve(items, place))


def _sub(scope: Scope, argument: Any, place: str) -> str:  # noqa: ANN401
    template, own = argument if isinstance(argument, list) else (argument, {})
    values = scope.resolve(own, place)

    def replaced(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name.startswith("!"):
            return f"${{{name[1:]}}}"  # ${!Literal} is how Fn::Sub writes ${Literal}
        if name in values:
            return text(values[name], place)
        if name not in PSEUDO and "." in name:
            resource, attribute = name.split(".", 1)
            return text(scope.attribute(resource, attribute, place), place)
        return text(scope.reference(name, place), place)

    return _PLACEHOLDER.sub(replaced, template)


def text(value: object, place: str) -> str:
    """A scalar as CloudFormation hands it to an environment variable."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise TemplateError(f"{place}: {value!r} is not text")


_FUNCTIONS: Final[Mapping[str, Callable[[Scope, Any, str], object]]] = {
    "Ref": lambda scope, name, place: scope.reference(name, place),
    "Condition": lambda scope, name, place: scope.holds(name, place),
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::Not": lambda scope, argument, place: not _all(scope, argument, place)[0],
    "Fn::And": lambda scope, argument, place: all(_all(scope, argument, place)),
    "Fn::Or": lambda scope, argument, place: any(_all(scope, argument, place)),
    "Fn::Join": _join,
    "Fn::Sub": _sub,
}
