"""Messages' outcomes as events on the timelines of Brevo's contacts: https://developers.brevo.com/reference/createevent.

Who is no contact gets no event, and no contact is made for it.
"""

from collections.abc import Sequence

from twilio_bridge import phone
from twilio_bridge.errors import UnacceptableError
from twilio_bridge.messages.campaign import CampaignSettings
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending.write_back import describe_outcome
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact, MarketingContacts

EVENT = "MESSAGE_RESULT"


class BrevoResults:
    """The port ResultBook: one row a time, for events have no key by which Brevo would know them again."""

    rows_per_write = 1

    def __init__(self, contacts: MarketingContacts) -> None:
        self._contacts = contacts

    def write_results(self, settings: CampaignSettings, rows: Sequence[Row]) -> None:
        """Post each row's event."""
        for row in rows:
            number = phone.strip_channel(row.address)
            contact_id = self._contacts.find_contact(MarketingContact(phone=number)) if number else None
            if contact_id is not None:
                self._post(settings, row, contact_id)

    def _post(self, settings: CampaignSettings, row: Row, contact_id: int) -> None:
        code = {"error_code": row.error_code} if row.error_code else {}
        properties = {"campaign": settings.id, "status": describe_outcome(row), "channel": settings.channel, **code}
        key = f"{row.campaign}.{row.number}"
        event = TimelineEvent(key=key, name=EVENT, at=row.ended_at or row.status_at, version=1, properties=properties)
        try:
            self._contacts.post_event(contact_id, event)
        except UnacceptableError:
            return
