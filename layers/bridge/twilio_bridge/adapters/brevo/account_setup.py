"""The port BrevoAccount, and the changes that the set-up makes: attributes and lists.

https://developers.brevo.com/reference/get-account, https://developers.brevo.com/reference/create-list
"""

from collections.abc import Mapping
from typing import Any

from twilio_bridge.adapters.brevo.attributes import BUILT_IN, IDENTIFIERS, BrevoAttributes, type_for
from twilio_bridge.adapters.brevo.client import CONTACTS, NEVER_TWICE, THE_REST, BrevoRequests, Call
from twilio_bridge.adapters.brevo.errors import BREVO, NotThereError
from twilio_bridge.errors import UnavailableError

PAGE_SIZE = 50
PLAN_UNKNOWN = "plan unknown"
MAX_LISTS_COUNT = 300  # https://developers.brevo.com/docs/contact-import: an account's own limit


class BrevoAccountSetup:
    """One account; `create` is whether missing attributes are made by the deliveries themselves."""

    def __init__(self, brevo: BrevoRequests, *, create: bool) -> None:
        self._brevo = brevo
        self._attributes = BrevoAttributes(brevo, create=create)

    def fetch_plan(self) -> str:
        """Fetch the account: one of a hundred calls an hour."""
        plans = self._get(THE_REST, "/account").get("plan") or []
        names = [str(each.get("type")) for each in plans if isinstance(each, dict) and each.get("type")]
        return ", ".join(dict.fromkeys(names)) or PLAN_UNKNOWN

    def find_misfits(self, samples: Mapping[str, object]) -> Mapping[str, str]:
        """List the attributes and compare."""
        return self._attributes.find_misfits(samples)

    def fetch_list(self, list_id: int) -> str:
        """Fetch a list."""
        return str(self._get(CONTACTS, f"/contacts/lists/{list_id}").get("name") or "")

    def list_missing(self, samples: Mapping[str, object]) -> dict[str, str]:
        """Return the type of each attribute that is not there, by name."""
        listed = self._get(CONTACTS, "/contacts/attributes").get("attributes") or []
        there = {str(each.get("name")).upper() for each in listed if isinstance(each, dict)}
        own = {name: type_for(value) for name, value in samples.items() if name not in BUILT_IN | IDENTIFIERS}
        return {name: kind for name, kind in own.items() if name not in there}

    def create_attribute(self, name: str, kind: str) -> None:
        """Make an attribute of contacts."""
        path = f"/contacts/attributes/normal/{name}"
        self._brevo.ask(Call(group=CONTACTS, method="POST", path=path, body={"type": kind}, policy=NEVER_TWICE))

    def delete_attribute(self, name: str) -> None:
        """Remove an attribute, and what contacts have there; one that is gone is removed."""
        self._delete(f"/contacts/attributes/normal/{name}")

    def list_lists(self) -> dict[str, int]:
        """Return the ids of the lists by name, the oldest of a name."""
        found: dict[str, int] = {}
        for offset in range(0, MAX_LISTS_COUNT, PAGE_SIZE):
            params: dict[str, str | int | list[str]] = {"limit": PAGE_SIZE, "offset": offset}
            page = self._get(CONTACTS, "/contacts/lists", params)
            rows = [each for each in page.get("lists") or [] if isinstance(each, dict)]
            found |= {str(each.get("name")): int(each.get("id") or 0) for each in rows}
            if len(rows) < PAGE_SIZE:
                break
        return found

    def create_list(self, name: str) -> int:
        """Make a list in the account's first folder."""
        folders = self._get(CONTACTS, "/contacts/folders", {"limit": 10, "offset": 0}).get("folders") or []
        if not folders:
            raise UnavailableError(BREVO, "the account has no folder for lists")
        body = {"name": name, "folderId": int(folders[0]["id"])}
        made = self._brevo.ask(
            Call(group=CONTACTS, method="POST", path="/contacts/lists", body=body, policy=NEVER_TWICE)
        )
        return int((made or {}).get("id") or 0)

    def delete_list(self, list_id: int) -> None:
        """Remove a list; its contacts stay."""
        self._delete(f"/contacts/lists/{list_id}")

    def _get(
        self, group: str, path: str, params: Mapping[str, str | int | list[str]] | None = None
    ) -> Mapping[str, Any]:
        found = self._brevo.ask(Call(group=group, method="GET", path=path, params=params))
        return found if isinstance(found, dict) else {}

    def _delete(self, path: str) -> None:
        try:
            self._brevo.ask(Call(group=CONTACTS, method="DELETE", path=path))
        except NotThereError:
            return
