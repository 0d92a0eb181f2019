"""What every block of the configuration is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A block of the configuration: nothing in it is unknown, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)
