"""Starts the stand-ins of the vendors that are not real; used by the stack."""

import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from twilio_bridge_local.credentials import (
    SAMPLE_ADDRESS,
    SAMPLE_CHAT_SERVICE_SID,
    SAMPLE_CONTENT_SID,
    SAMPLE_CONVERSATION_SID,
    SAMPLE_FLEX_TOKEN,
    SAMPLE_MESSAGING_SERVICE_SID,
    SAMPLE_PARTICIPANT_SID,
    SAMPLE_PROXY_ADDRESS,
)
from twilio_bridge_local.environment import Environment

if TYPE_CHECKING:
    from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
    from twilio_bridge_local.vendors.airtable.store import Base
    from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
    from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

SAMPLE_LISTS: Final = ("Support contacts", "CSAT respondents")
_WEEK_S: Final = 7 * 86400  # longer than anybody leaves a stack running


@dataclass(frozen=True)
class StandIns:
    """The stand-ins that run; None where the vendor is real."""

    airtable: "AirtableStandIn | None" = None
    twilio: "TwilioStandIn | None" = None
    brevo: "BrevoStandIn | None" = None

    def reset(self) -> None:
        """Bring each back to what it held at the start."""
        if self.airtable:
            self.airtable.reset()
            self.airtable.base.replace_tables(_sample_base())
        if self.twilio:
            self.twilio.reset()
            _add_samples(self.twilio)
        if self.brevo:
            self.brevo.reset()
            self.brevo.account.clear()
            for name in SAMPLE_LISTS:
                self.brevo.account.add_list(name)


def start_stand_ins(environment: Environment, cleanup: ExitStack) -> tuple[Environment, StandIns]:
    """Start what is missing until `cleanup` is closed; the environment comes back with its endpoints."""
    airtable = cleanup.enter_context(_airtable(environment)) if environment.airtable.stand_in else None
    twilio = cleanup.enter_context(_twilio(environment)) if environment.twilio.stand_in else None
    brevo = cleanup.enter_context(_brevo(environment)) if environment.brevo.stand_in else None
    if airtable:
        environment = replace(environment, airtable=replace(environment.airtable, endpoint_url=airtable.url))
    if twilio:
        environment = replace(environment, twilio=replace(environment.twilio, endpoint_url=twilio.url))
    if brevo:
        environment = replace(environment, brevo=replace(environment.brevo, endpoint_url=brevo.url))
    return environment, StandIns(airtable, twilio, brevo)


def _sample_base() -> "Base":
    from twilio_bridge_local.samples.airtable_base import sample_base  # noqa: PLC0415  only where no real base is used

    return sample_base()


def _airtable(environment: Environment) -> "AirtableStandIn":
    from twilio_bridge_local.vendors.airtable.server import AirtableStandIn  # noqa: PLC0415  as above

    base_id, token = environment.airtable.account, environment.airtable.token
    return AirtableStandIn(_sample_base(), base_id=base_id, token=token, host=environment.host)


def _brevo(environment: Environment) -> "BrevoStandIn":
    from twilio_bridge_local.vendors.brevo.server import BrevoStandIn  # noqa: PLC0415  only where no real account is used

    return BrevoStandIn(lists=SAMPLE_LISTS, api_key=environment.brevo.token, host=environment.host)


def _twilio(environment: Environment) -> "TwilioStandIn":
    from twilio_bridge_local.samples.airtable_base import WORKERS  # noqa: PLC0415  only where no real account is used
    from twilio_bridge_local.vendors.twilio.server import TwilioStandIn  # noqa: PLC0415  same

    stand_in = TwilioStandIn(
        account_sid=environment.twilio.account,
        auth_token=environment.twilio.token,
        users=dict.fromkeys(WORKERS, True),
        host=environment.host,
        proxy_numbers=(
            environment.settings["TWILIO_SMS_NUMBER"],
            environment.settings["TWILIO_WHATSAPP_NUMBER"],
        ),
    )
    _add_samples(stand_in)
    return stand_in


def _add_samples(stand_in: "TwilioStandIn") -> None:
    """Add the Flex token and the conversation that sample events and printed calls name, still without a worker."""
    from twilio_bridge_local.samples.airtable_base import WORKERS  # noqa: PLC0415  as above
    from twilio_bridge_local.vendors.twilio.messages.records import Content  # noqa: PLC0415  as above
    from twilio_bridge_local.vendors.twilio.records import Binding, Conversation, Participant  # noqa: PLC0415  as above
    from twilio_bridge_local.vendors.twilio.store import Store  # noqa: PLC0415  as above

    stand_in.store = Store(default_service_sid=SAMPLE_CHAT_SERVICE_SID)
    stand_in.add_users()
    stand_in.add_service(SAMPLE_MESSAGING_SERVICE_SID, stand_in.proxy_numbers)
    stand_in.messaging.contents[SAMPLE_CONTENT_SID] = Content(
        SAMPLE_CONTENT_SID, "Hello {{1}}, your order {{2}} is on its way.", "order_on_its_way"
    )
    for worker in WORKERS if stand_in.taskrouter.find_workspace() else ():
        known = json.dumps({"email": worker, "contact_uri": f"client:{worker}", "routing": {"skills": ["support"]}})
        stand_in.taskrouter.add_worker(stand_in.taskrouter.find_workspace(), known, friendly_name=worker)
    stand_in.flex_tokens.issue(stand_in.account_sid, WORKERS[0], token=SAMPLE_FLEX_TOKEN, ttl_s=_WEEK_S)

    store, at = stand_in.store, datetime.now(UTC)
    store.conversations[SAMPLE_CONVERSATION_SID] = Conversation(
        sid=SAMPLE_CONVERSATION_SID,
        chat_service_sid=store.default_service_sid,
        messaging_service_sid=store.messaging_service_sid,
        number=store.next_number(),
        date_created=at,
        date_updated=at,
    )
    store.participants[SAMPLE_PARTICIPANT_SID] = Participant(
        sid=SAMPLE_PARTICIPANT_SID,
        conversation_sid=SAMPLE_CONVERSATION_SID,
        chat_service_sid=store.default_service_sid,
        number=store.next_number(),
        role_sid=store.role_sid,
        date_created=at,
        date_updated=at,
        messaging_binding=Binding("sms", SAMPLE_ADDRESS, SAMPLE_PROXY_ADDRESS),
    )
