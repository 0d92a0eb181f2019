"""What the log holds of an error: where it happened, and nothing that it holds."""

import json

from twilio_bridge.logs import describe_error

NAME = "Ann Smith"


def fail() -> None:
    raise ValueError(NAME)


def caught(depth: int = 0) -> Exception:
    try:
        deeper(depth)
    except ValueError as error:
        return error
    raise AssertionError


def deeper(depth: int) -> None:
    if depth:
        deeper(depth - 1)
    fail()


def test_where() -> None:
    """An error is described by its class and its places."""
    found = describe_error(caught())

    assert found["error"] == "ValueError"
    assert found["cause"] is None
    assert isinstance(found["at"], list)
    assert found["at"][-1].startswith("unit/test_logs.py:")
    assert found["at"][-1].endswith(" fail")


def test_no_message() -> None:
    """Neither the error's message nor its cause's is logged."""
    try:
        try:
            fail()
        except ValueError as error:
            raise KeyError(NAME) from error
    except KeyError as error:
        found = describe_error(error)

    assert (found["error"], found["cause"]) == ("KeyError", "ValueError")
    assert NAME not in json.dumps(found)


def test_context() -> None:
    """What was being handled counts as the cause where none is named."""
    error = KeyError(NAME)
    error.__context__ = caught()

    assert describe_error(error)["cause"] == "ValueError"


def test_few_places() -> None:
    """A deep error names its last places only."""
    found = describe_error(caught(50))

    assert isinstance(found["at"], list)
    assert len(found["at"]) == 6


def test_never_raised() -> None:
    """An error that was never raised has no place."""
    assert describe_error(ValueError(NAME)) == {"error": "ValueError", "cause": None, "at": []}
