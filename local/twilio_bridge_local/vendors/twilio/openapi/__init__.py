"""A stand-in for the whole of Twilio's REST API, made from its OpenAPI description and from nothing else."""

from pathlib import Path
from typing import Final

DESCRIPTION: Final = Path(__file__).with_name("description")
