"""`python -m twilio_bridge_local.console.brevo`: what the running stack's Brevo holds, as tables or as JSON.

Ends with 2 and one sentence where no stack with a stand-in for Brevo runs.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import requests
from rich.console import Console

from twilio_bridge_local.console.brevo_tables import show
from twilio_bridge_local.running import find_stacks
from twilio_bridge_local.vendors.server import OWN_PATH

ENDPOINT = "BREVO_ENDPOINT_URL"
TIMEOUT_S = 5
BETWEEN_LOOKS_S = 1


class NotThereError(Exception):
    """There is nothing to look at; the text names the remedy."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the account, once or whenever it has changed; the answer is the exit code."""
    options = _parser().parse_args(arguments)
    try:
        url = options.url or _url_of_local_stack()
        state = _state(url)
        _show(state, as_json=options.json)
        while options.watch:
            state = _watch(url, state, as_json=options.json)
    except NotThereError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def _watch(url: str, shown: Any, *, as_json: bool) -> Any:  # noqa: ANN401  the stand-in's JSON
    """Look again and show what has changed; return what is shown now."""
    time.sleep(BETWEEN_LOOKS_S)
    state = _state(url)
    if state != shown:
        _show(state, as_json=as_json)
    return state


def _show(state: Any, *, as_json: bool) -> None:  # noqa: ANN401  same
    if as_json:
        sys.stdout.write(json.dumps(state) + "\n")
        sys.stdout.flush()
    else:
        show(state, Console(highlight=False))


def _state(url: str) -> Any:  # noqa: ANN401  same
    try:
        answer = requests.get(f"{url.rstrip('/')}{OWN_PATH}state", timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()
    except (requests.RequestException, ValueError) as error:
        raise NotThereError(f"no stand-in for Brevo answers at {url}; is the stack running (make run)?") from error


def _url_of_local_stack() -> str:
    """Return where the stack that was started last, of those that run, has its Brevo."""
    stacks = find_stacks()
    if not stacks:
        raise NotThereError("the local stack is not running: make run")
    functions = stacks[0]["functions"].values()
    found = next((url for each in functions if (url := each.get(ENDPOINT))), None)
    if found is None:
        raise NotThereError("the local stack uses the real Brevo (BREVO_API_KEY is set): look there")
    return str(found)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m twilio_bridge_local.console.brevo",
        description="Shows what the local stack's stand-in for Brevo holds: contacts, lists, timelines.",
    )
    parser.add_argument("--url", help="where the stand-in is (default: that of the stack started last)")
    parser.add_argument("--watch", action="store_true", help="show it again whenever it has changed")
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of tables")
    return parser


if __name__ == "__main__":
    sys.exit(main())
