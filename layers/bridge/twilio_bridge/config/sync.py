"""The sections for syncs and for the export."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from twilio_bridge.config.section import Section

Rate = Annotated[int, Field(ge=1, le=100)]
AccountSid = Annotated[str, Field(pattern="^AC[0-9A-Za-z]{32}$")]
# Requests a second that Twilio takes of each product, by the connector's documentation.
RATES: Mapping[str, int] = {"conversations": 100, "taskrouter": 30, "taskrouter_events": 20}


class Sync(Section):
    """How Twilio is read.

    What is older than `events_max_age_h` hours when a sync reads it changes a contact's attributes and the figures, and
    is no event in Brevo. `accounts` are sub-accounts whose records are read as well.
    """

    events_max_age_h: Annotated[int, Field(ge=1, le=720)] = 24
    requests_per_s: Mapping[str, Rate] = RATES
    accounts: tuple[AccountSid, ...] = ()

    @field_validator("requests_per_s")
    @classmethod
    def _within_limits(cls, rates: Mapping[str, int]) -> Mapping[str, int]:
        """Return a rate for every product, none above Twilio's."""
        for product, rate in rates.items():
            if product not in RATES:
                known = {"product": product, "known": ", ".join(RATES)}
                raise PydanticCustomError("no_product", "there is no product {product}; there are {known}", known)
            if rate > RATES[product]:
                most = {"product": product, "most": RATES[product]}
                raise PydanticCustomError("rate", "{product} takes {most} requests a second at most", most)
        return {**RATES, **rates}


class Export(Section):
    """What of persons stands in the export's files: numbers and names (`addresses`), and what they wrote (`texts`).

    A hash is the same for the same number in every table; of texts there is none.
    """

    addresses: Literal["hash", "leave_out", "keep"] = "hash"
    texts: Literal["leave_out", "keep"] = "leave_out"
