"""The messaging binding of a request: who wrote, and in which chat service.

In a group MMS `MessagingBinding.Address` holds several addresses, in one text or repeated.
https://www.twilio.com/docs/conversations/group-texting
"""

from twilio_bridge.forms import Form


def list_addresses(form: Form) -> list[str]:
    """Return the addresses of the binding, each once."""
    texts = form.values.get("MessagingBinding.Address", [])
    parts = [part.strip() for text in texts for part in text.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


def find_author(form: Form) -> str:
    """Return the address that wrote: the author's, which groups name, else the first."""
    return form.get_text("MessagingBinding.AuthorAddress") or next(iter(list_addresses(form)), "")


def find_service(form: Form) -> str:
    """Return the SID of the chat service that the conversation lives in; routing names it differently."""
    return form.get_text("ChatServiceSid").strip() or form.get_text("ConversationServiceSid").strip()
