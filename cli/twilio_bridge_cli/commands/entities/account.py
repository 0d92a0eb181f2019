"""Which Twilio account a command asks: that of the environment or `.env`, of a secret, or the local stack's."""

from collections.abc import Mapping
from typing import Final

from twilio_bridge.adapters.aws.secrets import Secrets
from twilio_bridge.entities.operations import Operations
from twilio_bridge.settings import ALIASES, Settings
from twilio_bridge.wiring import entities as wiring
from twilio_bridge_cli import aws, output
from twilio_bridge_cli.commands.call.tokens import LOCAL_TOKEN
from twilio_bridge_cli.environment import Environment, read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.local_stack import find_local_stack

SID: Final = "TWILIO_ACCOUNT_SID"
TOKEN: Final = "TWILIO_AUTH_TOKEN"  # noqa: S105  a name
LOCAL: Final = (SID, "TWILIO_ENDPOINT_URL")


def open_operations(secret: str | None, region: str | None) -> Operations:
    """Return the operations on the account."""
    return wiring.operations_alone(find_settings(read_environment(), secret, region))


def find_settings(environment: Environment, secret: str | None, region: str | None) -> Settings:
    """Return the settings that name the account and its login; raise CommandError where nothing does."""
    if secret:
        client = aws.make_client("secretsmanager", environment, region)
        own = {
            name: value for name, value in environment.items() if name not in {SID, TOKEN, ALIASES[SID], ALIASES[TOKEN]}
        }
        return Settings({**own, "TWILIO_SECRET": secret}, Secrets(client).read)
    if SID in environment or ALIASES[SID] in environment:
        return Settings(environment)
    local = _read_local_stack()
    if not local:
        raise CommandError(
            "Which Twilio account?",
            f"Set {SID} and {TOKEN} (or TWILIO_API_KEY_SID and …_SECRET) in the environment or .env, name a secret "
            "with --secret, or start a local stack: make run",
        )
    output.print_note("The local stack's made-up account is asked; TWILIO_ACCOUNT_SID is not set.", "dim")
    return Settings({TOKEN: LOCAL_TOKEN, **environment, **local})


def _read_local_stack() -> Mapping[str, str]:
    """Return where the Twilio of the local stack that runs is, if there is one."""
    stack = find_local_stack()
    functions = stack.functions.values() if stack else ()
    found = next((each for each in functions if all(each.get(name) for name in LOCAL)), {})
    return {name: str(found[name]) for name in LOCAL if name in found}
