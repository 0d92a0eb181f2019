"""Starts the stand-ins of the vendors that are not real; used by the stack."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twilio_bridge_local.environment import Environment

if TYPE_CHECKING:
    from twilio_bridge_local.airtable.server import AirtableStandIn
    from twilio_bridge_local.twilio.server import TwilioStandIn


@dataclass(frozen=True)
class StandIns:
    """The stand-ins that run; None where the vendor is real."""

    airtable: "AirtableStandIn | None" = None
    twilio: "TwilioStandIn | None" = None


def start_stand_ins(environment: Environment, cleanup: ExitStack) -> tuple[Environment, StandIns]:
    """Start what is missing until `cleanup` is closed; the environment comes back with its endpoints."""
    airtable = cleanup.enter_context(_airtable(environment)) if environment.airtable.stand_in else None
    twilio = cleanup.enter_context(_twilio(environment)) if environment.twilio.stand_in else None
    if airtable:
        environment = replace(environment, airtable=replace(environment.airtable, endpoint_url=airtable.url))
    if twilio:
        environment = replace(environment, twilio=replace(environment.twilio, endpoint_url=twilio.url))
    return environment, StandIns(airtable, twilio)


def _airtable(environment: Environment) -> "AirtableStandIn":
    from twilio_bridge_local.airtable.sample import sample_base  # noqa: PLC0415  only where no real base is used
    from twilio_bridge_local.airtable.server import AirtableStandIn  # noqa: PLC0415  same

    return AirtableStandIn(sample_base(), base_id=environment.airtable.account, token=environment.airtable.token)


def _twilio(environment: Environment) -> "TwilioStandIn":
    from twilio_bridge_local.airtable.sample import WORKERS  # noqa: PLC0415  only where no real account is used
    from twilio_bridge_local.twilio.server import TwilioStandIn  # noqa: PLC0415  same

    return TwilioStandIn(
        account_sid=environment.twilio.account,
        auth_token=environment.twilio.token,
        users=dict.fromkeys(WORKERS, True),
        proxy_numbers=(
            environment.settings["TWILIO_SMS_NUMBER"],
            environment.settings["TWILIO_WHATSAPP_NUMBER"],
        ),
    )
