"""What other resources of the account show of its senders: its numbers, its Messaging Services and their pools.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
https://www.twilio.com/docs/messaging/api/service-resource, …/phonenumber-resource
"""

from typing import Final

from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.messages.senders import kind_of
from twilio_bridge_local.vendors.twilio.openapi.account import TwilioApi

NUMBERS: Final = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers"
SERVICES: Final = "/v1/Services"
POOL: Final = "/v1/Services/{ServiceSid}/PhoneNumbers"
PUBLISHED: Final = frozenset({NUMBERS, SERVICES, POOL})
_CAPABILITIES: Final = {"voice": True, "sms": True, "mms": True, "fax": False}


def publish_senders(account: Account, api: TwilioApi) -> None:
    """Put the account's numbers and services, as they are now, in place of those that are shown."""
    numbers = [each for each in account.proxy_numbers if kind_of(each) in {"toll-free", "US long code", "long code"}]
    shown = [{"phone_number": each, "friendly_name": each, "capabilities": _CAPABILITIES} for each in numbers]
    path = NUMBERS.replace("{AccountSid}", account.account_sid)
    api.replace_rows("api", f"{path}.json", shown)

    services = list(account.messaging.services.values())
    rows = [
        {
            "sid": service.sid,
            "friendly_name": service.friendly_name,
            "status_callback": service.status_callback or None,
            "validity_period": service.validity_s,
            "smart_encoding": service.smart_encoding,
        }
        for service in services
    ]
    api.replace_rows("messaging", SERVICES, rows)
    for service in services:
        pool = [{"phone_number": each} for each in service.senders if each in numbers]
        api.replace_rows("messaging", POOL.replace("{ServiceSid}", service.sid), pool)
