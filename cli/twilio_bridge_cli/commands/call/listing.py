"""Contact lists in answers, and all pages of one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from twilio_bridge_cli.commands.call.sending import Answer, Call, send_call
from twilio_bridge_cli.errors import SERVER, CommandError


@dataclass(frozen=True, slots=True)
class Contacts:
    """One page of contacts, each a pair of name and id, and the token of the next page, if there is one."""

    rows: list[tuple[str, str]]
    token: str


class RepeatedPageError(CommandError):
    """Following the tokens would never end."""

    code = SERVER


def read_page(answer: Answer) -> Contacts | None:
    """Return the contacts of a list answer; None of any other."""
    objects = _objects(answer)
    customers = objects.get("customers") if objects else None
    if objects is None or not isinstance(customers, list):
        return None
    rows = [_row(customer) for customer in customers if isinstance(customer, dict)]
    return Contacts(rows, str(objects.get("next_page_token") or ""))


def fetch_pages(call: Call) -> Iterator[Answer]:
    """Follow next_page_token to the end, or to the first answer that is no page."""
    seen: set[str] = set()
    while True:
        answer = send_call(call)
        yield answer
        found = read_page(answer)
        if not answer.ok or found is None or not found.token:
            return
        if found.token in seen:
            raise RepeatedPageError("A page's token came a second time: the list would never end.", "Read the log.")
        seen.add(found.token)
        call = replace(call, parameters={**call.parameters, "NextPageToken": [found.token]})


def join_pages(answers: list[Answer]) -> Answer:
    """Return several pages as one answer: everybody, the whole time, the largest page's size."""
    last = answers[-1]
    everybody = [customer for answer in answers for customer in (_objects(answer) or {}).get("customers", [])]
    body = {"objects": {**(_objects(last) or {}), "customers": everybody}}
    return replace(last, body=body, ms=sum(each.ms for each in answers), size=max(each.size for each in answers))


def _objects(answer: Answer) -> dict[str, Any] | None:
    objects = answer.body.get("objects") if isinstance(answer.body, dict) else None
    return objects if isinstance(objects, dict) else None


def _row(customer: dict[str, Any]) -> tuple[str, str]:
    return str(customer.get("display_name", "")), str(customer.get("customer_id", ""))
