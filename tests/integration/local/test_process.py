"""Functions in processes of their own."""

import json
import os
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.local.project import ECHO, Lines, eventually, lives, pool
from twilio_bridge_local.functions.forks import ForkServer

ALIVE = """
    import os
    def lambda_handler(event, context):
        return os.getpid()
"""


def test_a_function_sees_only_its_own_environment(tmp_path: Path, log: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's variables and credentials stay outside; the template's and Lambda's are there."""
    monkeypatch.setenv("OF_THE_DEVELOPER", "secret")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    functions = pool(tmp_path, "import os\ndef lambda_handler(e, c): return dict(os.environ)", log)
    seen = functions.invoke({}).payload
    functions.close()

    assert set(seen) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"} == {
        "AWS_ACCESS_KEY_ID",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_LAMBDA",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SHARED_CREDENTIALS_FILE",
        "GIVEN",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "TZ",
        "_HANDLER",
    }
    assert (seen["AWS_SECRET_ACCESS_KEY"], seen["GIVEN"]) == ("local", "by the template")


def test_two_functions_share_no_memory(tmp_path: Path, log: Lines) -> None:
    """A module of the same name holds other values in each function; one function keeps its own."""
    code = """
        import shared
        def lambda_handler(event, context):
            shared.seen.append(event)
            return shared.seen
    """
    folders = [tmp_path / "one", tmp_path / "two"]
    pools = [pool(folder, code, log) for folder in folders]
    for folder in folders:
        (folder / "shared.py").write_text("seen = []\n")
    answers = [pools[index].invoke(event).payload for index, event in [(0, "a"), (1, "b"), (0, "c")]]
    for each in pools:
        each.close()
    assert answers == [["a"], ["b"], ["a", "c"]]


def test_a_slow_function_is_killed_and_the_next_call_works(tmp_path: Path, log: Lines) -> None:
    """The timeout is the template's; the instance is gone with it."""
    code = """
        import os, time
        def lambda_handler(event, context):
            print("pid", os.getpid())
            time.sleep(event)
            return "done"
    """
    functions = pool(tmp_path, code, log, timeout_s=0.5)
    slow, quick = functions.invoke(60), functions.invoke(0)
    functions.close()

    assert slow.failure == "timeout"
    assert slow.payload["errorMessage"].endswith("Task timed out after 0.50 seconds")
    assert quick.payload == "done"
    assert "Task timed out after 0.50 seconds" in log
    pids = [int(line.split()[-1]) for line in log.lines if line.startswith("It pid")]
    assert len(set(pids)) == 2
    assert not any(lives(pid) for pid in pids)


def test_a_function_that_cannot_be_imported_says_why(tmp_path: Path, log: Lines) -> None:
    """The error is worded as Lambda words it, in the answer and in the log, at every call."""
    functions = pool(tmp_path, "import nowhere_to_be_found", log)
    outcomes = [functions.invoke({}), functions.invoke({})]
    functions.close()
    for outcome in outcomes:
        assert outcome.failure == "error"
        assert outcome.payload["errorType"] == "Runtime.ImportModuleError"
        assert "No module named 'nowhere_to_be_found'" in outcome.payload["errorMessage"]
    assert "Unable to import module 'app'" in log


def test_a_missing_handler_is_named(tmp_path: Path, log: Lines) -> None:
    """A module without the handler is an error of its own kind."""
    functions = pool(tmp_path, "x = 1", log)
    outcome = functions.invoke({})
    functions.close()
    assert outcome.payload["errorType"] == "Runtime.HandlerNotFound"


def test_an_error_has_type_message_and_trace(tmp_path: Path, log: Lines) -> None:
    """What a handler raises is answered and logged; the instance lives on."""
    code = """
        import os
        def lambda_handler(event, context):
            if event: raise ValueError("not that")
            return os.getpid()
    """
    functions = pool(tmp_path, code, log)
    first, failed, second = functions.invoke(0), functions.invoke(1), functions.invoke(0)
    functions.close()
    assert failed.payload["errorType"] == "ValueError"
    assert failed.payload["errorMessage"] == "not that"
    assert "app.py" in failed.payload["stackTrace"][0]
    assert first.payload == second.payload
    (line,) = [line for line in log.lines if "ValueError" in line]
    assert json.loads(line.removeprefix("It "))["level"] == "ERROR"


def test_a_crash_is_reported_and_the_next_call_works(tmp_path: Path, log: Lines) -> None:
    """A process that ends in the middle is an error with its status."""
    code = "import os\ndef lambda_handler(event, context): return os._exit(3) if event else 'fine'"
    functions = pool(tmp_path, code, log)
    crashed, fine = functions.invoke(1), functions.invoke(0)
    functions.close()
    assert crashed.payload["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in crashed.payload["errorMessage"]
    assert fine.payload == "fine"


def test_an_answer_that_is_not_json_is_an_error(tmp_path: Path, log: Lines) -> None:
    """Lambda cannot hand on what JSON cannot hold."""
    functions = pool(tmp_path, "def lambda_handler(event, context): return {1, 2}", log)
    outcome = functions.invoke({})
    functions.close()
    assert outcome.payload["errorType"] == "Runtime.MarshalError"


def test_parallel_calls_have_instances_of_their_own(tmp_path: Path, log: Lines) -> None:
    """Three calls at once run in three processes; a later one uses one of them again."""
    code = """
        import os, time
        def lambda_handler(event, context):
            time.sleep(event)
            return os.getpid()
    """
    functions = pool(tmp_path, code, log)
    with ThreadPoolExecutor(3) as callers:
        pids = {outcome.payload for outcome in callers.map(functions.invoke, [0.6] * 3)}
    again = functions.invoke(0).payload
    functions.close()
    assert len(pids) == 3
    assert again in pids


def test_what_a_function_prints_is_log_and_never_answer(tmp_path: Path, log: Lines) -> None:
    """Standard output, standard error, a child's output: all goes to the log; the input is empty."""
    code = """
        import subprocess, sys
        def lambda_handler(event, context):
            print("printed")
            print("complained", file=sys.stderr)
            subprocess.run(["echo", "by a child"])
            return sys.stdin.read()
    """
    functions = pool(tmp_path, code, log)
    outcome = functions.invoke({})
    functions.close()
    assert outcome.payload == ""
    for text in ("It printed", "It complained", "It by a child"):
        assert text in log


def test_the_context_is_lambdas(tmp_path: Path, log: Lines) -> None:
    """Request id, names, memory and remaining time are there."""
    code = """
        def lambda_handler(event, context):
            return [context.aws_request_id, context.function_name, context.memory_limit_in_mb,
                    context.invoked_function_arn, context.log_group_name, context.get_remaining_time_in_millis()]
    """
    functions = pool(tmp_path, code, log)
    *names, remaining = functions.invoke({}, "the-id").payload
    functions.close()
    arn = "arn:aws:lambda:us-east-1:123456789012:function:It"
    assert names == ["the-id", "It", "128", arn, "/aws/lambda/It"]
    assert 4000 < remaining <= 5000


def test_closing_ends_a_process_that_is_busy(tmp_path: Path, log: Lines) -> None:
    """No process outlives the pool, and a call after it is refused."""
    code = "import os, time\ndef lambda_handler(e, c):\n    print('pid', os.getpid())\n    time.sleep(300)"
    functions = pool(tmp_path, code, log, timeout_s=300)
    with ThreadPoolExecutor(1) as callers:
        call = callers.submit(functions.invoke, {})
        assert eventually(lambda: "It pid" in log)
        began = time.monotonic()
        functions.close()
        assert call.result().failure == "error"
    assert time.monotonic() - began < 100
    assert not lives(int(log.lines[0].split()[-1]))
    assert functions.invoke({}).failure == "error"


def test_an_idle_instance_that_died_is_replaced(tmp_path: Path, log: Lines) -> None:
    """A process that was killed from outside costs no call."""
    functions = pool(tmp_path, ALIVE, log)
    first = functions.invoke({}).payload
    os.kill(first, 9)
    assert eventually(lambda: not lives(first))
    second = functions.invoke({}).payload
    functions.close()
    assert first != second


def test_events_of_any_json_come_through(tmp_path: Path, log: Lines) -> None:
    """Text of all scripts, line ends, and a large event arrive as they were."""
    functions = pool(tmp_path, ECHO, log)
    event = {"text": "héllo\n\r\u2028 🙂 \x00", "large": "x" * 1_000_000, "none": None}
    outcome = functions.invoke(event)
    functions.close()
    assert outcome.payload == event


def test_processes_are_started_again_after_their_parent_was_killed(tmp_path: Path, log: Lines) -> None:
    """How a process ends cannot be seen without its parent: those it has started are replaced, and end."""
    code = "import os\ndef lambda_handler(event, context): return os.getpid(), os.getppid()"
    functions, others = pool(tmp_path / "one", code, log), pool(tmp_path / "two", code, log)
    first, parent = functions.invoke({}).payload
    os.kill(parent, 9)
    assert eventually(lambda: not lives(parent))

    answers = [each.invoke({}).payload for each in (functions, others)]
    for each in (functions, others):
        each.close()
    assert len({parent, *(its_parent for _, its_parent in answers)}) == 2
    assert eventually(lambda: not lives(first))


def test_a_new_process_has_what_no_environment_changes(tmp_path: Path, log: Lines) -> None:
    """Libraries, and what of the bundle reads none, nor loads what does: that is loaded anew in each function."""
    code = """
        import sys
        loaded = {*sys.modules}
        def lambda_handler(event, context):
            return [[name for name in names if name in loaded] for names in event]
    """
    functions = pool(tmp_path, code, log)
    shared = ["boto3", "twilio_bridge.config.schema", "twilio_bridge.contacts.paging", "twilio_bridge.support.ports"]
    own = ["twilio_bridge.logs", "twilio_bridge.settings", "twilio_bridge.wiring.base", "twilio_bridge.frontline.crm"]
    answer = functions.invoke([shared, own]).payload
    functions.close()
    assert answer == [shared, []]


def test_what_is_shared_of_the_bundle_reads_no_environment() -> None:
    """While it is loaded, else a function would have what stands in another's; pydantic asks for plugins."""
    code = """
        import json, os
        from twilio_bridge_local.functions import fork_server

        read, names = type(os.environ).__getitem__, set()

        def note(environment, name):
            names.add(name)
            return read(environment, name)

        fork_server.load_libraries()
        type(os.environ).__getitem__ = note
        fork_server.load_bundle()
        shared = sorted(names)
        import twilio_bridge.logs
        print(json.dumps([shared, sorted(names)]))
    """
    asked = [sys.executable, "-P", "-c", textwrap.dedent(code)]
    printed = subprocess.run(asked, check=True, timeout=60, capture_output=True, text=True).stdout  # noqa: S603  ours
    shared, own = json.loads(printed)
    assert (shared, "POWERTOOLS_LOG_LEVEL" in own) == (["PYDANTIC_DISABLE_PLUGINS"], True)


def test_a_module_that_cannot_be_loaded_fails_whoever_imports_it(tmp_path: Path, log: Lines) -> None:
    """And nobody else: each function has its own error, whatever is wrong with the module."""
    bundle = tmp_path / "layer" / "twilio_bridge"
    bundle.mkdir(parents=True)
    modules = {"__init__": "", "ending": "raise SystemExit(3)", "raising": "1 / 0", "unreadable": "def", "whole": ""}
    for name, content in modules.items():
        (bundle / f"{name}.py").write_text(content)
    kinds = {}

    with closing(ForkServer()) as server:
        for name in list(modules)[1:]:
            code = f"import twilio_bridge.{name}\ndef lambda_handler(event, context): return twilio_bridge.__file__"
            functions = pool(tmp_path / name, code, log, server=server, PYTHONPATH=str(bundle.parent))
            outcome = functions.invoke({})
            functions.close()
            kinds[name] = outcome.payload if outcome.ok else outcome.payload["errorType"]

    assert kinds == {
        "ending": "SystemExit",
        "raising": "ZeroDivisionError",
        "unreadable": "Runtime.UserCodeSyntaxError",
        "whole": str(bundle / "__init__.py"),
    }


def test_what_describes_aws_is_read_before_a_process_is_forked(tmp_path: Path, log: Lines) -> None:
    """A function's first client reads none of it; each would decode the same again."""
    code = """
        import boto3
        from botocore.loaders import JSONFileLoader

        read, files = JSONFileLoader._load_file, []

        def note(loader, path, open_method):
            files.append(path)
            return read(loader, path, open_method)

        JSONFileLoader._load_file = note

        def lambda_handler(event, context):
            boto3.Session().client(event)
            return [file for file in files if "service-2" in file]
    """
    functions = pool(tmp_path, code, log)
    known, other = functions.invoke("dynamodb").payload, functions.invoke("sns").payload
    functions.close()
    assert (known, bool(other)) == ([], True)


def test_a_process_holds_no_file_of_another(tmp_path: Path, log: Lines) -> None:
    """A pipe that a neighbour held open would not show that its process ended."""
    code = "import os\ndef lambda_handler(event, context): return len(os.listdir('/dev/fd'))"
    pools = [pool(tmp_path / name, code, log) for name in ("one", "two", "three")]
    counts = {each.invoke({}).payload for each in pools}
    for each in pools:
        each.close()
    assert len(counts) == 1
