"""The Airtable adapter over the stand-in, and answers that the stand-in would never give."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.contract.tables import SYNC_STATE, Aws
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.config import schema
from twilio_bridge_local.http_server import HttpResponse, HttpServer
from twilio_bridge_local.vendors.airtable.server import BASE_ID, TOKEN, AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column

COLUMNS: Mapping[str, Sequence[str | Column]] = {
    "Customers": (
        *("id", "name", "sms", "whatsapp", "chat", "email", "linkedin", "notes", "owner", "avatar", "company"),
        Column("opt_out", "checkbox"),
        Column("anything", "formula"),
    ),
    "Templates": ("category", "text", Column("whatsAppApproved", "checkbox")),
}
CHAT = schema.Contacts(columns=schema.ContactColumns(chat="chat"))


class Unlimited(SlotLimiter):
    """A limiter that has a slot for everybody at once; blocks are as they are."""

    def reserve_slot(self, patience_s: float) -> None:
        self._refuse_while_blocked(patience_s)

    def _refuse_while_blocked(self, patience_s: float) -> None:
        if self._wait_s() > patience_s + 1:
            super().reserve_slot(patience_s)


@dataclass
class Surroundings:
    """The base behind the adapters, and the table their limiter stands in."""

    aws: Aws
    airtable: AirtableStandIn

    def adapter(
        self,
        contacts: schema.Contacts = CHAT,
        url: str = "",
        token: str = TOKEN,
        base_id: str = BASE_ID,
        templates: schema.Templates | None = None,
    ) -> AirtableContacts:
        limiter = Unlimited(self.aws.table(SYNC_STATE), AIRTABLE, base_id)
        return AirtableContacts(
            token,
            base_id,
            url or self.airtable.url,
            limiter,
            contacts,
            templates or schema.Templates(),
            patience_s=1.5,
        )

    def paths(self) -> list[tuple[str, int]]:
        return [(seen.method, seen.status) for seen in self.airtable.requests]


def stand_in(
    customers: Sequence[Mapping[str, object]] = (), templates: Sequence[Mapping[str, object]] = ()
) -> AirtableStandIn:
    return AirtableStandIn({"Customers": customers, "Templates": templates}, columns=COLUMNS, requests_per_s=1_000)


@contextmanager
def answering(body: object, status: int = 200) -> Iterator[str]:
    """Serve the same answer to everybody: text as it is, anything else as JSON."""
    sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    response = HttpResponse(status, (("Content-Type", "application/json"),), sent)
    with HttpServer(lambda _request: response) as server:
        yield server.url
