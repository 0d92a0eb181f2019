"""By what Flex Insights links a customer's conversations, and what joins a new one to the earlier ones.

It takes the first that a task has of customers.external_id, customers.phone, customers.email, from or to, and
conversations.conversation_id. A conversation without an external id is joined by later ones whose external_id is what
it was linked by: https://www.twilio.com/docs/flex/developer/insights/enhance-integration#link-conversations
"""

from collections.abc import Iterable, Sequence

from twilio_bridge.support.persons.person import Interaction

# A person's keys by the priority in which Insights looks at them.
LINKS = ("external#", "phone#", "email#")


def find_link(interactions: Iterable[Interaction], sid: str) -> str | None:
    """Return what the person's first conversation was linked by, not looking at the task's own; None for no other.

    The first one's, so that all later ones have the same external id, in whatever order they are written.
    """
    others = [each for each in interactions if each.sid != sid and each.created_at and not each.is_summary]
    tasks = [each for each in others if each.sid.startswith("WT")]
    first = min(tasks, key=lambda each: (each.created_at, each.sid), default=None)
    return None if first is None else _read_link(first)


def find_first_task(interactions: Sequence[Interaction], sid: str) -> str | None:
    """Return the SID of the first task of this task's conversation; None where it is the first, or the only one."""
    own = next((each for each in interactions if each.sid == sid), None)
    if own is None or not own.conversation_sid:
        return None
    same = [
        each for each in interactions if each.conversation_sid == own.conversation_sid and each.sid.startswith("WT")
    ]
    first = min(same, key=lambda each: (each.created_at, each.sid))
    return None if first.sid == sid else first.sid


def _read_link(interaction: Interaction) -> str:
    for prefix in LINKS:
        if key := next((key for key in interaction.keys if key.startswith(prefix)), ""):
            return key.removeprefix(prefix)
    return interaction.sid
