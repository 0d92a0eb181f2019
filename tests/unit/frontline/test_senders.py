"""Which number speaks for a worker: their own, the country's, the usual one."""

import pytest

from tests.unit.build import JO, SAM
from twilio_bridge.config import schema
from twilio_bridge.frontline.senders import Senders, find_worker

UK = "+447700900100"
LONDON = "+442079460100"
JOS = "+14155550111"
USUAL = "+14155550100"
SETTINGS = schema.parse(f"""
workers:
  {JO}: {{sms: "{JOS}", whatsapp: "whatsapp:{JOS}"}}
  {SAM}: {{name: Sam}}
senders:
  countries:
    "+44": {{sms: "{UK}", whatsapp: "{UK}"}}
    "+4420": {{sms: "{LONDON}"}}
  chat: desk
""")


def senders(
    sms: str | None = USUAL, whatsapp: str | None = f"whatsapp:{USUAL}", settings: schema.Config = SETTINGS
) -> Senders:
    return Senders(settings.workers, settings.senders, schema.Sender(sms=sms, whatsapp=whatsapp))


@pytest.mark.parametrize(
    ("channel", "worker", "address", "expected"),
    [
        ("sms", JO, "+447700900001", JOS),
        ("sms", JO.upper(), "+447700900001", JOS),
        ("whatsapp", JO, "whatsapp:+447700900001", f"whatsapp:{JOS}"),
        ("sms", SAM, "+447700900001", UK),
        ("sms", SAM, "+442079460001", LONDON),
        ("whatsapp", SAM, "whatsapp:+442079460001", f"whatsapp:{USUAL}"),
        ("whatsapp", SAM, "whatsapp:+447700900001", f"whatsapp:{UK}"),
        ("sms", SAM, "+4930123456", USUAL),
        ("whatsapp", "nobody", "whatsapp:+4930123456", f"whatsapp:{USUAL}"),
        ("chat", JO, "ann", "desk"),
        ("chat", SAM, "", "desk"),
    ],
)
def test_precedence(channel: str, worker: str, address: str, expected: str) -> None:
    """The worker's own number comes first, then the longest prefix that fits, then the usual one."""
    assert expected == senders().find_sender(channel, worker, address)


@pytest.mark.parametrize(("channel", "address"), [("sms", "+1"), ("whatsapp", "whatsapp:+1"), ("chat", "ann")])
def test_none(channel: str, address: str) -> None:
    """Where nothing is configured there is no sender."""
    assert senders(None, None, schema.Config()).find_sender(channel, JO, address) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (JOS, [JO]),
        (f"whatsapp:{JOS}", [JO]),
        (USUAL, []),
        ("", []),
        ("whatsapp:", []),
        ("nonsense", []),
    ],
)
def test_owners_of(address: str, expected: list[str]) -> None:
    """A worker's own number leads back to them."""
    assert expected == senders().find_owners(address)


def test_owners_by_channel() -> None:
    """A number that somebody has for text messages is not theirs on WhatsApp."""
    settings = schema.parse(f'workers: {{a: {{sms: "{JOS}"}}, b: {{whatsapp: "{JOS}"}}, c: {{sms: "{JOS}"}}}}')

    assert ["a", "c"] == senders(settings=settings).find_owners(JOS)
    assert ["b"] == senders(settings=settings).find_owners(f"whatsapp:{JOS}")


@pytest.mark.parametrize("identity", ["nobody", "", " ", "{{name}}"])
def test_unknown_worker(identity: str) -> None:
    """Of an unknown worker nothing is configured."""
    assert find_worker(SETTINGS.workers, identity) is None
