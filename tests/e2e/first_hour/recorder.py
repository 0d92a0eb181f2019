"""AWS as `sam deploy` meets it: CloudFormation is played here and recorded, everything else is the local stack's moto.

CloudFormation does what it does before it makes anything: the template is transformed by SAM's own translator, and
every parameter is checked. Then the stack is there at once; its outputs are those of the local stack, which plays it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
"""

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import requests
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from tests.integration.test_template import ManagedPolicies
from tests.integration.test_template_parts import Evaluated

MANAGED: Final = "aws-sam-cli-managed-default"
BUCKET: Final = "aws-sam-cli-managed-default-samclisourcebucket-played"
REVIEWED: Final = "REVIEW_IN_PROGRESS"  # a stack that has a changeset and nothing else
Outputs = Callable[[Mapping[str, Any], Mapping[str, str]], dict[str, str]]


class RefusedError(Exception):
    """CloudFormation's ValidationError."""


@dataclass(slots=True)
class DeployedStack:
    """A stack: what it was made from."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    status: str = "CREATE_COMPLETE"
    resources: list[tuple[str, str]] = field(default_factory=list)
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def stack_id(self) -> str:
        """Return the ARN."""
        own = uuid.uuid5(uuid.NAMESPACE_URL, self.name)
        return f"arn:aws:cloudformation:us-east-1:123456789012:stack/{self.name}/{own}"


class Recorder:
    """A server on 127.0.0.1; `changesets` holds the parameters of each call of CreateChangeSet."""

    def __init__(self, moto_url: str, outputs: Outputs) -> None:
        self.changesets: list[dict[str, Any]] = []
        self.stacks = {MANAGED: DeployedStack(MANAGED, outputs={"SourceBucket": BUCKET})}
        self._moto_url = moto_url
        self._outputs = outputs
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        requests.put(f"{self._moto_url}/{BUCKET}", headers=_S3, timeout=10).raise_for_status()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def forward(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> requests.Response:
        """Return moto's answer."""
        own = {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}}
        return requests.request(
            method, self._moto_url + path, headers=own, data=body, timeout=60, allow_redirects=False
        )

    def answer(self, form: Mapping[str, str]) -> str:
        """Return CloudFormation's answer; raise RefusedError."""
        action = form["Action"]
        handler: Callable[[Mapping[str, str]], str] = getattr(
            self, f"_{re.sub('(?<!^)(?=[A-Z])', '_', action).lower()}"
        )
        return f"<{action}Response><{action}Result>{handler(form)}</{action}Result></{action}Response>"

    def _find(self, form: Mapping[str, str]) -> DeployedStack:
        name = form["StackName"].split("/")[1] if form["StackName"].startswith("arn:") else form["StackName"]
        if name not in self.stacks:
            raise RefusedError(f"Stack with id {name} does not exist")
        return self.stacks[name]

    def _describe_stacks(self, form: Mapping[str, str]) -> str:
        stack = self._find(form)
        outputs = _members({"OutputKey": key, "OutputValue": value} for key, value in stack.outputs.items())
        parameters = _members({"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items())
        tags = _members([{"Key": "ManagedStackSource", "Value": "AwsSamCli"}] if stack.name == MANAGED else [])
        return (
            f"<Stacks><member><StackId>{stack.stack_id}</StackId><StackName>{stack.name}</StackName>"
            f"<CreationTime>{stack.made_at.isoformat()}</CreationTime><StackStatus>{stack.status}</StackStatus>"
            f"<Outputs>{outputs}</Outputs><Parameters>{parameters}</Parameters><Tags>{tags}</Tags></member></Stacks>"
        )

    def _get_template_summary(self, form: Mapping[str, str]) -> str:
        names = [{"ParameterKey": name} for name in self._find(form).parameters]
        return f"<Parameters>{_members(names)}</Parameters>"

    def _create_change_set(self, form: Mapping[str, str]) -> str:
        name, kind = form["StackName"], form["ChangeSetType"]
        before = self.stacks.setdefault(name, DeployedStack(name, status=REVIEWED))
        if (kind == "CREATE") is not (before.status == REVIEWED):
            raise RefusedError(f"Stack {name} is there, or is not: {kind}")
        template = self._read_template(form)
        parameters = check_parameters(template["Parameters"], read_parameters(form), before.parameters)

        evaluated = Evaluated(_transform(template), parameters)
        resources = [(key, body["Type"]) for key, body in evaluated.resources.items()]
        if unknown := evaluated.unknown_references():
            raise RefusedError(f"Unresolved resource dependencies {sorted(unknown)}")
        self.changesets.append({"kind": kind, "given": read_parameters(form), "resources": resources})
        self._waiting = DeployedStack(
            name, parameters, self._outputs(evaluated.outputs, parameters), resources=resources
        )
        return (
            f"<Id>arn:aws:cloudformation:us-east-1:123456789012:changeSet/x/1</Id><StackId>{before.stack_id}</StackId>"
        )

    def _describe_change_set(self, _form: Mapping[str, str]) -> str:
        changes = "".join(
            "<member><Type>Resource</Type><ResourceChange><Action>Add</Action>"
            f"<LogicalResourceId>{name}</LogicalResourceId><ResourceType>{kind}</ResourceType></ResourceChange></member>"
            for name, kind in self._waiting.resources
        )
        return (
            f"<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>{changes}</Changes>"
        )

    def _execute_change_set(self, _form: Mapping[str, str]) -> str:
        stack = self._waiting
        stack.status = "CREATE_COMPLETE" if self.stacks[stack.name].status == REVIEWED else "UPDATE_COMPLETE"
        self.stacks[stack.name] = stack
        return ""

    def _describe_stack_events(self, form: Mapping[str, str]) -> str:
        stack = self._find(form)
        now = datetime.now(UTC).isoformat()
        return (
            f"<StackEvents><member><EventId>{uuid.uuid4()}</EventId><StackId>{stack.stack_id}</StackId>"
            f"<StackName>{stack.name}</StackName><LogicalResourceId>{stack.name}</LogicalResourceId>"
            f"<PhysicalResourceId>{stack.stack_id}</PhysicalResourceId>"
            f"<ResourceType>AWS::CloudFormation::Stack</ResourceType><Timestamp>{now}</Timestamp>"
            f"<ResourceStatus>{stack.status}</ResourceStatus></member></StackEvents>"
        )

    def _read_template(self, form: Mapping[str, str]) -> dict[str, Any]:
        text = form.get("TemplateBody")
        if not text:
            path = urlsplit(form["TemplateURL"]).path
            answer = requests.get(self._moto_url + path, headers=_S3, timeout=30)
            answer.raise_for_status()
            text = answer.text
        template: dict[str, Any] = yaml_parse(text)
        return template


def read_parameters(form: Mapping[str, str]) -> dict[str, str | None]:
    """Return the parameters of a call by name; None stands for UsePreviousValue."""
    found: dict[str, str | None] = {}
    number = 1
    while name := form.get(f"Parameters.member.{number}.ParameterKey"):
        found[name] = form.get(f"Parameters.member.{number}.ParameterValue")
        number += 1
    return found


def check_parameters(
    declared: Mapping[str, Any], given: Mapping[str, str | None], before: Mapping[str, str]
) -> dict[str, str]:
    """Return every parameter's value; raise RefusedError as CloudFormation does."""
    values: dict[str, str] = {}
    for name, body in declared.items():
        value = given.get(name, str(body["Default"]) if "Default" in body else None)
        value = before.get(name, value) if name in given and given[name] is None else value
        if value is None:
            raise RefusedError(f"Parameters: [{name}] must have values")
        if not re.fullmatch(str(body.get("AllowedPattern", ".*")), value):
            raise RefusedError(f"Parameter {name} failed to satisfy constraint: must match pattern")
        if "AllowedValues" in body and value not in map(str, body["AllowedValues"]):
            raise RefusedError(f"Parameter '{name}' must be one of AllowedValues")
        values[name] = value
    if unknown := given.keys() - declared.keys():
        raise RefusedError(f"Parameters: {sorted(unknown)} do not exist in the template")
    return values


def _transform(template: dict[str, Any]) -> Any:
    defaults = {name: str(body.get("Default", "")) for name, body in template["Parameters"].items()}
    return transform(template, defaults | {"AWS::Region": "us-east-1", "AWS::Partition": "aws"}, ManagedPolicies())


def _members(items: Any) -> str:
    return "".join(
        "<member>" + "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in item.items()) + "</member>"
        for item in items
    )


_S3: Final = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=x"
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, recorder: Recorder, *arguments: Any) -> None:
        self._recorder = recorder
        super().__init__(*arguments)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/cloudformation/" in self.headers.get("Authorization", ""):
            form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
            try:
                self._send(200, {"Content-Type": "text/xml"}, self._recorder.answer(form).encode())
            except Exception as error:  # noqa: BLE001  SAM would wait for an answer that never comes
                self.log_error("%s", error)
                text = f"<Code>ValidationError</Code><Message>{escape(str(error))}</Message>"
                body = f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error></ErrorResponse>".encode()
                self._send(400, {"Content-Type": "text/xml"}, body)
            return
        answer = self._recorder.forward(self.command, self.path, dict(self.headers.items()), body)
        skipped = {"content-length", "transfer-encoding", "connection", "date", "server", "content-encoding"}
        self._send(
            answer.status_code, {k: v for k, v in answer.headers.items() if k.lower() not in skipped}, answer.content
        )

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815  the base class's names

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""
