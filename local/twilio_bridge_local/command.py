"""The command `python -m twilio_bridge_local`: what it takes, and what it does with it.

Ends with 2 and one sentence where the stack cannot start. A demonstration ends when all of it is played: with 0 if
every answer was right, else with 1.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

from twilio_bridge.config.schema import parse
from twilio_bridge.errors import SettingError
from twilio_bridge_local.console.screen import alerts, description, overview
from twilio_bridge_local.environment import decide, own_address, port_of, settings_of
from twilio_bridge_local.errors import LocalError, SettingsError
from twilio_bridge_local.http_server import LOOPBACK
from twilio_bridge_local.running import announce
from twilio_bridge_local.stack import DEFAULT_PORT, TEMPLATE, Stack

LOOK_S: Final = 0.5
_EPILOG: Final = """\
examples:
  python -m twilio_bridge_local                   stand-ins, or real vendors where .env has credentials
  python -m twilio_bridge_local --port 8080       the same elsewhere (or PORT=8080)
  python -m twilio_bridge_local --demo            plays two scenarios against stand-ins, whatever .env says
  python -m twilio_bridge_local --demo --live     plays it against the real vendors of .env
  python -m twilio_bridge_local --host 172.17.0.1 lets containers of `sam local` reach the stand-ins (Linux)
  python -m twilio_bridge_local --config my.yaml  with this configuration (or BRIDGE_CONFIG=my.yaml)
  python -m twilio_bridge_local --json            one JSON object in place of the overview

settings:
  TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN           make Twilio real (TWILIO_ENDPOINT_URL: elsewhere)
  AIRTABLE_TOKEN, AIRTABLE_BASE_ID                make Airtable real (AIRTABLE_ENDPOINT_URL: elsewhere)
  BREVO_API_KEY                                   makes Brevo real (BREVO_ENDPOINT_URL: elsewhere)
  AWS_ENDPOINT_URL                                in place of the embedded AWS; never AWS itself
"""


def run(is_stopping: Callable[[], bool], arguments: Sequence[str] | None = None) -> int:
    """Run until a KeyboardInterrupt comes, or `is_stopping` where it got lost; return the exit code."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=options.json, highlight=False)
    try:
        return _run(options, console, is_stopping)
    except LocalError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2


def _run(options: argparse.Namespace, console: Console, is_stopping: Callable[[], bool]) -> int:
    settings = settings_of(Path())
    if options.config:
        settings = {**settings, "BRIDGE_CONFIG": options.config}
    port = port_of(settings, DEFAULT_PORT) if options.port is None else options.port
    environment = decide(settings, demo=options.demo, live=options.live)
    environment = replace(environment, host=own_address(options.host))
    _check_config(environment.bridge_config)

    with Stack(environment, template=TEMPLATE, port=port, alert=alerts(console)) as stack:
        if options.demo:
            return 0 if importlib.import_module("twilio_bridge_local.demo.play").play(stack) else 1
        with announce(stack.url, stack.log_path, stack.bundle.functions):
            _describe(stack, console, as_json=options.json)
            while not is_stopping():
                time.sleep(LOOK_S)
    return 0


def _check_config(file: str) -> None:
    """Raise SettingsError with all that is wrong where the configuration file cannot be used."""
    if not file:
        return
    try:
        parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"BRIDGE_CONFIG: {file} cannot be read") from error
    except SettingError as error:
        raise SettingsError(f"{file} cannot be used\n{error}") from error


def _describe(stack: Stack, console: Console, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(description(stack)) + "\n")
        sys.stdout.flush()
    else:
        overview(stack, console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m twilio_bridge_local",
        description="Runs the whole bundle on 127.0.0.1, without an account anywhere.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--demo", action="store_true", help="play two scenarios and end")
    parser.add_argument("--live", action="store_true", help="let them use the real vendors of .env")
    parser.add_argument("--port", type=_port, help=f"where to listen (default: PORT, or {DEFAULT_PORT})")
    parser.add_argument("--host", default=LOOPBACK, help="where AWS and the vendors' stand-ins listen (see above)")
    parser.add_argument("--config", metavar="FILE", help="a bridge.yaml, in place of the stored or the packaged one")
    parser.add_argument("--json", action="store_true", help="describe what runs as one JSON object")
    return parser


def _port(text: str) -> int:
    """Return a port; 0 takes any free one, which only a program that reads --json can find."""
    try:
        return 0 if text == "0" else port_of({"PORT": text})
    except LocalError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
