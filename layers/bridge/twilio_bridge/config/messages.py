"""The block `messages` of the configuration: what holds for a campaign without values of its own."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from twilio_bridge.config.section import Section

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Prefix = Annotated[str, Field(pattern=r"^(whatsapp:)?\+[0-9]{1,14}$")]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class SendingHours(Section):
    """When people are written to, by their own clocks; equal times are the whole day."""

    opens: Clock = "09:00"
    closes: Clock = "20:00"
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS


class ResultColumns(Section):
    """The columns that outcomes are written into, in the view that a campaign is read from; empty for none."""

    status: str = "message_status"
    error: str = "message_error"
    sid: str = "message_sid"


class Messages(Section):
    """Campaigns of messages."""

    sending_hours: SendingHours | None = SendingHours()
    timezone: str = "UTC"
    rate_per_s: Annotated[float, Field(gt=0, le=1_000)] = 10
    sender_rate_per_s: Annotated[float, Field(gt=0, le=1_000)] = 10
    sender_rates: Mapping[str, Annotated[float, Field(gt=0, le=1_000)]] = {}
    lookup_after_s: Annotated[int, Field(ge=1, le=3_600)] = 90
    max_placeholders: Annotated[int, Field(ge=1, le=100)] = 5
    retry_interval_ms: Annotated[int, Field(ge=1_000, le=3_600_000)] = 10_000
    retry_attempts: Annotated[int, Field(ge=0, le=1_000)] = 30
    validity_s: Annotated[int, Field(ge=1, le=36_000)] = 14_400
    max_failure_percent: Annotated[float, Field(ge=0, le=100)] | None = 30
    blocked_countries: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = ()
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    prices: Mapping[Prefix, Annotated[float, Field(ge=0)]] = {}
    result_columns: ResultColumns = ResultColumns()

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        from zoneinfo import ZoneInfo  # noqa: PLC0415  its data is wanted only where a zone is named

        try:
            ZoneInfo(timezone)
        except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
            raise PydanticCustomError("no_timezone", "no zone of IANA's has this name") from error
        return timezone
