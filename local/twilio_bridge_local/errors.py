"""What can be wrong with a local run; raised by every module here and printed by `__main__`.

LocalError
├── SettingsError   the environment or `.env` is incomplete or asks for something that is refused
├── TemplateError   template.yaml holds something that cannot be run here
├── PortTakenError  another program listens where the stack should
├── ForkServerError the process that functions are forked from has ended
└── EndpointError   an endpoint that was given does not answer, or refuses

Each message is one that a person at the terminal can act on.
"""


class LocalError(Exception):
    """The local stack cannot start, and the message has the reason."""


class SettingsError(LocalError):
    """The environment or `.env` is incomplete, contradictory, or points to where the stack must not go."""


class TemplateError(LocalError):
    """The template holds something the local stack does not know; the message names it and its place."""


class PortTakenError(LocalError):
    """Another program already listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is taken. Stop what listens there, or choose another one: PORT={port + 1}")


class ForkServerError(LocalError):
    """The process that functions are forked from has ended, so that none was started."""

    def __init__(self) -> None:
        super().__init__("The process that functions are forked from was ended; the next call starts it anew")


class EndpointError(LocalError):
    """An endpoint that was given does not answer, or refuses what the bundle needs."""
