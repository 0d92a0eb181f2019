"""A call's parameters: defaults or a sample's, under the options, under what was given as PARAMETER=VALUE."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from twilio_bridge_cli.commands.call.callbacks import Callback, CallOptions, MissingParameter, fill_from_sample
from twilio_bridge_cli.errors import CommandError

Parameters = Mapping[str, list[str]]


def build_parameters(
    callback: Callback, options: CallOptions, given: Iterable[str], sample: Path | None, *, local: bool
) -> Parameters:
    """Return what is sent; raise CommandError where a parameter is missing."""
    _check_options(callback, options)
    over = parse_pairs(given)
    if sample is not None:
        return dict(_of_sample(sample, callback)) | _of_options(callback, options) | over
    defaults = callback.defaults(fill_from_sample(options) if local else options, local)
    missing = {
        name: value.hint for name, value in defaults.items() if isinstance(value, MissingParameter) and name not in over
    }
    if missing:
        raise CommandError(
            f"{' and '.join(missing)} cannot be guessed.", f"Add, for example: {' '.join(missing.values())}"
        )
    return {name: [value] for name, value in defaults.items() if isinstance(value, str)} | over


def parse_pairs(given: Iterable[str]) -> dict[str, list[str]]:
    """Read PARAMETER=VALUE; a repeated parameter has several values."""
    found: dict[str, list[str]] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise CommandError(f"{text!r} is no PARAMETER=VALUE.", "Write it like PageSize=10.")
        found.setdefault(name, []).append(value)
    return found


def _check_options(callback: Callback, options: CallOptions) -> None:
    """Refuse an option that would change nothing."""
    for option, value in asdict(options).items():
        if value is not None and option not in callback.options:
            usable = ", ".join(f"--{name}" for name in callback.options)
            raise CommandError(f"--{option} means nothing for {callback.name}.", f"It takes {usable}.")


def _of_options(callback: Callback, options: CallOptions) -> dict[str, list[str]]:
    chosen = {option: value for option, value in asdict(options).items() if value is not None}
    for option in chosen:
        if not callback.options[option]:
            raise CommandError(f"--{option} cannot change a sample.", "Use PARAMETER=VALUE, such as Author=…")
    return {callback.options[option]: [value] for option, value in chosen.items()}


def _of_sample(path: Path, callback: Callback) -> Parameters:
    """Decode the form of an event as API Gateway delivers it."""
    event = _event(path)
    if not str(event.get("rawPath", "")).endswith(callback.path):
        raise CommandError(f"{path} is no sample of {callback.name}.", "See events/: one folder a function.")
    try:
        body = str(event.get("body") or "")
        form = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    except ValueError as error:
        raise CommandError(f"The body of {path} cannot be decoded.") from error
    return parse_pairs(f"{name}={value}" for name, value in parse_qsl(form, keep_blank_values=True))


def _event(path: Path) -> Mapping[str, Any]:
    try:
        event = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).", "See events/ for samples.") from error
    except ValueError as error:
        raise CommandError(f"{path} is no JSON.", "See events/ for samples.") from error
    if not isinstance(event, dict):
        raise CommandError(f"{path} is no event: it should be a JSON object.")
    return event
