"""The account's telephone numbers: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource."""

from twilio_bridge.adapters.twilio.client import Account, call_twilio

PAGE_SIZE = 1_000


class TwilioAccountNumbers:
    """The port AccountNumbers."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def list_numbers(self, limit: int) -> list[str]:
        """List them, a thousand a request."""
        numbers = self._account.make_client().incoming_phone_numbers
        found = call_twilio(lambda: numbers.list(limit=limit, page_size=PAGE_SIZE))
        return [str(each.phone_number) for each in found if each.phone_number]
