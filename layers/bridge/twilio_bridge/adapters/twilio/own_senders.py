"""Whether the account may send from a number, a short code or a Messaging Service.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
https://www.twilio.com/docs/messaging/api/service-resource
"""

from collections.abc import Sequence

from twilio_bridge import phone
from twilio_bridge.adapters.twilio.client import Account, call_twilio, require_resource
from twilio_bridge.errors import RefusedError

NOT_FOUND = 20404


class TwilioOwnSenders:
    """The port OwnSenders.

    Alphanumeric sender ids and senders of other channels stand in no list of the account's: they are left to Twilio's
    answer to the first message.
    """

    def __init__(self, account: Account) -> None:
        self._client = account.make_client()

    def find_unknown(self, numbers: Sequence[str], messaging_services: Sequence[str]) -> list[str]:
        """Ask for each, once."""
        unknown = [number for number in dict.fromkeys(numbers) if not self._can_send(number)]
        return unknown + [sid for sid in dict.fromkeys(messaging_services) if not self._has_service(sid)]

    def _can_send(self, number: str) -> bool:
        if phone.E164.fullmatch(number):
            listing = self._client.incoming_phone_numbers.list
            found = call_twilio(lambda: listing(phone_number=number, limit=1))
            return any((each.capabilities or {}).get("sms", True) for each in found if each.phone_number == number)
        if number.isascii() and number.isdecimal():
            listing = self._client.short_codes.list
            return any(each.short_code == number for each in call_twilio(lambda: listing(short_code=number, limit=1)))
        return True

    def _has_service(self, sid: str) -> bool:
        fetch = self._client.messaging.v1.services(sid).fetch
        try:
            call_twilio(lambda: require_resource(fetch()))
        except RefusedError as error:
            if error.code == NOT_FOUND:
                return False
            raise
        return True
