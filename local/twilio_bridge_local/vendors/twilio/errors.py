"""Twilio's errors as the stand-in answers them; used by every module that may refuse something.

The codes are those of Twilio's error catalogue (https://www.twilio.com/docs/api/errors), which does not list
which HTTP status a code comes with. 403 for 50430 stands in Twilio's support pages and 409 for 50433 is what
callers report; the other statuses follow the meaning of the text, 409 for 50416 and 50386 among them. Not
certain either: the codes for a participant's or message's attributes (the catalogue has 50303 and 50304 for the
older Chat channels), and 20001 wherever a value is too long.
"""

from typing import Final

from twilio_bridge_local.vendors.server import Refusal

MORE_INFO: Final = "https://www.twilio.com/docs/errors/"

CATALOGUE: Final = {
    20001: (400, "Invalid parameter"),
    20003: (401, "Authenticate"),
    20403: (403, "Forbidden"),
    20404: (404, "The requested resource was not found"),
    20405: (405, "Method not allowed"),
    20412: (412, "Precondition failed"),
    20409: (409, "The resource already exists"),
    20429: (429, "Too Many Requests"),
    20009: (409, "Cannot delete this resource before it is complete"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Number"),
    21266: (400, "'To' and 'From' number cannot be the same"),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21604: (400, "A 'To' phone number is required"),
    21606: (400, "The 'From' phone number provided is not a valid, SMS-capable inbound phone number for your account"),
    21609: (400, "Invalid 'StatusCallback' URL"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS with the 'From' number"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A Message Body, Media URL or Content SID is required"),
    21620: (400, "Invalid media URL(s)"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21655: (400, "The ContentSid is Invalid"),
    21656: (400, "The ContentVariables Parameter is invalid"),
    21701: (404, "The Messaging Service does not exist"),
    21703: (400, "The Messaging Service does not contain a phone number that fits"),
    21705: (400, "The Messaging Service is invalid"),
    21712: (400, "The 'From' sender is not in the Messaging Service"),
    21910: (400, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel"),
    30409: (400, "This message cannot be canceled"),
    35111: (400, "SendAt timestamp is missing"),
    35114: (400, "Scheduling does not support this timestamp"),
    35115: (400, "Scheduling does not support this timestamp"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
    35125: (429, "Maximum limit reached in the account for scheduling messages"),
    35126: (400, "The ScheduleType value provided is not supported for this channel"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
    90007: (400, "Invalid validity period value"),
    50303: (400, "Attributes too long"),
    50304: (400, "Attributes not valid JSON"),
    50353: (409, "Conversation with provided unique name already exists"),
    50365: (400, "Invalid conversation webhook filter"),
    50377: (400, "Can't update conversation as it's in final closed state"),
    50384: (400, "Initial state can't be 'closed'"),
    50386: (409, "Conversation in 'initializing' state may not be updated or used for message sending"),
    50407: (400, "Invalid messaging binding address"),
    50408: (400, "Invalid participant proxy address"),
    50409: (400, "Participant address equals proxy address"),
    50412: (400, "Participant proxy address is empty"),
    50414: (400, "Participant address type does not match proxy address type"),
    50416: (409, "A binding for this participant and proxy address already exists"),
    50434: (400, "Participant projected address not provided"),
    50430: (403, "User not participant of conversation"),
    50433: (409, "Participant already exists"),
    50437: (409, "Group Participant already exists"),
    91000: (400, "Invalid Sink configuration"),
    93104: (400, "Invalid ARN or region"),
    # Frontline's: the worker reads them in the app, so their status is never seen.
    48001: (400, "Callback URL is not set"),
    48003: (400, "Callback answered with something that is invalid or larger than 64k"),
    48004: (400, "Callback returned an error"),
    48005: (400, "Callback took longer than 6 seconds"),
    48010: (400, "Custom routing callback failed"),
    48025: (400, "Contact address is invalid: it must be E.164, with its channel's prefix"),
    48026: (400, "Proxy address is invalid or absent"),
    48027: (400, "Proxy address equals contact address"),
    48028: (400, "Proxy address belongs to another account"),
    48029: (400, "Proxy address is of another type than the contact's channel"),
    48030: (400, "Proxy address is not a WhatsApp-enabled sender"),
    48031: (400, "An active conversation for this contact and proxy address already exists"),
    48033: (400, "Chat identity is invalid"),
}


class TwilioError(Refusal):
    """A refusal with Twilio's code and the HTTP status it travels with."""

    def __init__(self, code: int, status: int, message: str) -> None:
        body = {"code": code, "message": message, "more_info": f"{MORE_INFO}{code}", "status": status}
        super().__init__(status, body)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class HookRejectedError(TwilioError):
    """A pre-action webhook answered 4xx or 5xx: nothing was published, and `status` is the hook's own.

    Twilio's documentation names no code for the author's side; 20000 + status is the stand-in's choice.
    """


def refusal(code: int, detail: str = "") -> TwilioError:
    """The catalogue's error of that code, with a detail after its text."""
    status, text = CATALOGUE[code]
    return TwilioError(code, status, f"{text}: {detail}" if detail else text)


def of_status(status: int) -> TwilioError:
    """Return the error of Twilio's REST API for a bare HTTP status."""
    text = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}
    return TwilioError(20000 + status, status, text.get(status, f"Request failed with status {status}"))
