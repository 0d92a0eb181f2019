"""Functions that call functions."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.integration.local.project import ECHO, Project, eventually
from twilio_bridge_local.aws.server import client

ACCOUNT = "123456789012"
CALLER = """
    import boto3
    def lambda_handler(event, context):
        answer = boto3.client("lambda").invoke(FunctionName="Echo", Payload=b'{"from": "caller"}')
        return answer["Payload"].read().decode()
"""

WAITING = """
    import pathlib, time
    def lambda_handler(event, context):
        while not pathlib.Path("go").exists():
            time.sleep(0.05)
        print("ran", event)
"""


def test_a_function_calls_another(project: Project) -> None:
    """boto3 in a function finds the Invoke API without being told more than on AWS."""
    project.function("Echo", ECHO)
    project.function("Caller", CALLER)
    with project.stack() as stack:
        outcome = stack.invoke("Caller", {})
    assert json.loads(outcome.payload) == {"from": "caller"}


@pytest.mark.parametrize(
    "name",
    ["Echo", "Echo:$LATEST", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:Echo", f"{ACCOUNT}:function:Echo"],
)
def test_a_function_is_known_by_name_and_arn(project: Project, name: str) -> None:
    """All forms of a function's name lead to it."""
    project.function("Echo", ECHO)
    with project.stack() as stack:
        answer = stack.client("lambda").invoke(FunctionName=name, Payload=b"[1]")
        assert (answer["StatusCode"], json.load(answer["Payload"])) == (200, [1])


def test_an_asynchronous_call_does_not_wait(project: Project) -> None:
    """Event is answered with 202 at once, and the function runs."""
    project.function("Slow", WAITING)
    with project.stack() as stack:
        functions = stack.client("lambda")
        answer = functions.invoke(FunctionName="Slow", InvocationType="Event", Payload=b'"it"')
        assert answer["StatusCode"] == 202
        assert "ran" not in project.log()
        (project.folder / "functions/Slow/go").touch()
        assert eventually(lambda: "Slow ran it" in project.log())


def test_an_unknown_function_is_not_found(project: Project) -> None:
    """The error is Lambda's own, for both kinds of call."""
    with project.stack() as stack:
        for kind in ("RequestResponse", "Event"):
            with pytest.raises(ClientError, match="Function not found") as caught:
                stack.client("lambda").invoke(FunctionName="Nobody", InvocationType=kind)
            assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_failed_function_is_marked(project: Project) -> None:
    """The status is 200, the header says that it failed, and the payload says how."""
    project.function("Broken", "def lambda_handler(e, c): raise KeyError('x')")
    with project.stack() as stack:
        answer = stack.client("lambda").invoke(FunctionName="Broken")
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        assert json.load(answer["Payload"])["errorType"] == "KeyError"


def test_the_embedded_aws_answers_invocations_too(project: Project) -> None:
    """Where only AWS_ENDPOINT_URL reaches a function, as in its container, it is enough."""
    project.function("Echo", ECHO)
    with project.stack() as stack:
        answer = client("lambda", stack.aws_url).invoke(FunctionName="Echo", Payload=b'{"a": 1}')
        assert json.load(answer["Payload"]) == {"a": 1}
        with pytest.raises(ClientError, match="Function not found"):
            client("lambda", stack.aws_url).invoke(FunctionName="Nobody")
