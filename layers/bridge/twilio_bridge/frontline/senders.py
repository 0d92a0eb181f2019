"""Which of the company's numbers speaks for a worker on a channel."""

from collections.abc import Mapping
from dataclasses import dataclass

from twilio_bridge import phone
from twilio_bridge.config import schema

CHANNELS = ("sms", "whatsapp", "chat")


@dataclass(frozen=True, slots=True)
class Senders:
    """The numbers there are: the workers' own, the countries', and the usual ones."""

    workers: Mapping[str, schema.Worker]
    settings: schema.Senders
    usual: schema.Sender

    def find_sender(self, channel: str, worker: str, address: str) -> str | None:
        """Return the sender's address in Twilio's form: the worker's own, else the country's, else the usual one."""
        if channel == "chat":
            return self.settings.chat

        own, country = find_worker(self.workers, worker), self._country(phone.strip_channel(address))
        configured = [getattr(place, channel) for place in (own, country, self.usual) if place]
        number = next((phone.strip_channel(number) for number in configured if number), None)
        return f"{phone.WHATSAPP}{number}" if number and channel == "whatsapp" else number

    def find_owners(self, address: str) -> list[str]:
        """Return the workers whose own number this is, on the address's channel."""
        channel = "whatsapp" if phone.is_whatsapp(address) else "sms"
        number = phone.strip_channel(address)
        own = ((name, getattr(worker, channel)) for name, worker in self.workers.items())
        return [name for name, sender in own if sender and phone.strip_channel(sender) == number]

    def is_ours(self, address: str) -> bool:
        """Return whether this is one of the numbers that the configuration names."""
        places = (self.usual, *self.workers.values(), *self.settings.countries.values())
        numbers = [number for place in places for number in (place.sms, place.whatsapp) if number]
        return phone.strip_channel(address) in map(phone.strip_channel, numbers)

    def _country(self, number: str) -> schema.Sender | None:
        prefixes = [prefix for prefix in self.settings.countries if number.startswith(prefix)]
        return self.settings.countries[max(prefixes, key=len)] if prefixes else None


def find_worker(workers: Mapping[str, schema.Worker], identity: str) -> schema.Worker | None:
    """Return what is configured of a worker; identities are e-mail addresses, typed in any case."""
    folded = identity.strip().casefold()
    return next((worker for name, worker in workers.items() if name.strip().casefold() == folded), None)
