"""The lists that a contact is new on: whom marketing removed from one is not added again."""

from twilio_bridge.config import flex
from twilio_bridge.support.persons.metrics import Interactions
from twilio_bridge.support.persons.person import UNSENT, Dossier, TimelineEvent

# The events that come with a list's first interaction: one of them is sent once the contact is on the list.
SUPPORT_EVENTS, CSAT_EVENTS = ("requested", "resolved", "abandoned"), ("csat",)


def find_new_lists(interactions: Interactions, dossier: Dossier, lists: flex.Lists) -> tuple[int, ...]:
    """Return the lists that these interactions put a contact on who has not been added to them."""
    return tuple(sorted(_lists_of(_without_old(interactions, dossier), lists) - written_lists(dossier, lists)))


def _lists_of(interactions: Interactions, lists: flex.Lists) -> frozenset[int]:
    """Return the lists that these interactions put a contact on."""
    asked, scored = any(each.counts for each in interactions), any(each.score is not None for each in interactions)
    wanted = {lists.support_contacts if asked else None, lists.csat_respondents if scored else None}
    return frozenset(number for number in wanted if number is not None)


def _without_old(interactions: Interactions, dossier: Dossier) -> Interactions:
    """Return the interactions that are no old ones read by a sync: a list's automations are not for those."""
    skipped = {event.key.partition("#")[0] for event in dossier.events if event.status == "skipped"}
    return [each for each in interactions if not each.is_old and each.sid not in skipped]


def written_lists(dossier: Dossier, lists: flex.Lists) -> frozenset[int]:
    """Return the lists that the contact was added to; whom marketing removed from one is not added again.

    Earlier versions did not write them down, but added the contact with each change: then a list is new only where
    the first event that comes with it still waits.
    """
    person = dossier.person
    if person.lists is not None:
        return person.lists
    if not person.delivered:
        return frozenset()

    waiting = {_occasion(event) for event in dossier.events if event.status in UNSENT}
    sent = {_occasion(event) for event in dossier.events if event.status == "sent"}
    by_list = {lists.support_contacts: SUPPORT_EVENTS, lists.csat_respondents: CSAT_EVENTS}
    return frozenset(
        number
        for number, occasions in by_list.items()
        if number is not None and (waiting.isdisjoint(occasions) or not sent.isdisjoint(occasions))
    )


def _occasion(event: TimelineEvent) -> str:
    return event.key.rpartition("#")[2]
