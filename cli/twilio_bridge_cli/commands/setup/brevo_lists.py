"""Brevo's attributes that the mapping writes to, and the two lists."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from twilio_bridge.adapters.brevo.account_setup import BrevoAccountSetup
from twilio_bridge.errors import UnacceptableError
from twilio_bridge_cli.commands.setup.changes import Before, Change

ATTRIBUTES, LISTS = "brevo-attributes", "brevo-lists"
# By the key of `connectors.twilio_flex.lists`.
NAMES: Final[Mapping[str, str]] = {"support_contacts": "Support contacts", "csat_respondents": "CSAT respondents"}
NOTICE: Final = (
    "Brevo may block Lambda's changing addresses where the account was made since May 2024. Switch the blocking off at "
    "app.brevo.com/security/authorised_ips, or give the functions a fixed address and authorise that."
)
PutLists = Callable[[Mapping[str, int]], str]


class BrevoSetup:
    """Attributes and lists of one account; `put_lists` writes the lists' ids into the configuration."""

    def __init__(
        self,
        account: BrevoAccountSetup,
        samples: Mapping[str, object],
        lists: Mapping[str, int | None],
        before: Before,
        put_lists: PutLists,
    ) -> None:
        self._account = account
        self._samples = samples
        self._lists = lists
        self._before = before
        self._put_lists = put_lists

    def plan(self) -> Iterator[Change]:
        """Yield what is missing."""
        if missing := self._account.list_missing(self._samples):
            text = f"make the contact attributes {', '.join(sorted(missing))}"
            yield Change("brevo", "attributes", text, self._make_attributes)
        if wanted := [name for name, list_id in self._lists.items() if list_id is None]:
            names = " and ".join(f"“{NAMES[name]}”" for name in wanted)
            text = f"make the lists {names} where they are not there, and name them in bridge.yaml"
            yield Change("brevo", "lists", text, self._make_lists)

    def _make_attributes(self) -> str:
        missing = self._account.list_missing(self._samples)
        self._before.add(ATTRIBUTES, list(missing))
        for name, kind in missing.items():
            try:
                self._account.create_attribute(name, kind)
            except UnacceptableError:  # a delivery has made it meanwhile
                if name in self._account.list_missing(self._samples):
                    raise
        return f"{len(missing)} attributes made"

    def _make_lists(self) -> str:
        there = self._account.list_lists()
        wanted = [name for name, list_id in self._lists.items() if list_id is None]
        self._before.add(LISTS, [NAMES[name] for name in wanted if NAMES[name] not in there])
        ids = {name: there.get(NAMES[name]) or self._account.create_list(NAMES[name]) for name in wanted}
        return self._put_lists(ids)

    def plan_removal(self) -> Iterator[Change]:
        """Yield the end of what setup has made."""
        if made := (self._before.read(ATTRIBUTES) or {}).get("made"):
            text = f"delete the contact attributes {', '.join(made)}, with what contacts have there"
            yield Change("brevo", "attributes", text, self._delete_attributes)
        if made := (self._before.read(LISTS) or {}).get("made"):
            text = f"delete the lists {', '.join(made)}; their contacts stay"
            yield Change("brevo", "lists", text, self._delete_lists)

    def _delete_attributes(self) -> str:
        for name in (self._before.read(ATTRIBUTES) or {}).get("made", ()):
            self._account.delete_attribute(name)
        self._before.forget(ATTRIBUTES)
        return "deleted"

    def _delete_lists(self) -> str:
        there = self._account.list_lists()
        for name in (self._before.read(LISTS) or {}).get("made", ()):
            if name in there:
                self._account.delete_list(there[name])
        self._before.forget(LISTS)
        return "deleted"
