"""A worker scrolls through some hundred contacts: each is there exactly once, whatever happens meanwhile."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.callbacks.conftest import Deploy, Deployment, many
from tests.sizes import IS_PROVING

Walk = Callable[[Deployment], Iterator[list[str]]]


def by_token(deployed: Deployment) -> Iterator[list[str]]:
    page, token = deployed.page()
    yield page
    while token:
        page, token = deployed.page(NextPageToken=token)
        yield page


def by_anchor(deployed: Deployment) -> Iterator[list[str]]:
    page, _ = deployed.page()
    while page:
        yield page
        page, _ = deployed.page(Anchor=page[-1])


# In `make test` a walk by anchor is the one whose anchors are deleted; either everywhere is for `make prove`, and
# tests/unit/contacts/test_directory.py holds both.
WALKS = [by_token, by_anchor]


def everybody(deployed: Deployment) -> set[str]:
    table = deployed.airtable.base.table("Customers")
    assert table

    return {record.id for record in deployed.airtable.base.listed(table)}


def walked(pages: Iterator[list[str]]) -> list[str]:
    return [contact_id for page in pages for contact_id in page]


@pytest.mark.prove
@pytest.mark.parametrize("walk", WALKS if IS_PROVING else [by_token])
def test_a_loaded_cache_gives_each_contact_once(deploy: Deploy, walk: Walk) -> None:
    """A dialect walks four hundred contacts from the cache, without a request to Airtable."""
    deployed = deploy(many(400))
    deployed.load()
    asked = deployed.requests_to_airtable()
    seen = walked(walk(deployed))

    assert (400, everybody(deployed)) == (len(seen), set(seen))
    assert asked == deployed.requests_to_airtable()


@pytest.mark.prove
@pytest.mark.parametrize("walk", WALKS if IS_PROVING else [by_token])
def test_an_empty_cache_gives_each_contact_once(deploy: Deploy, walk: Walk) -> None:
    """The first page comes straight from Airtable; the load ends meanwhile, and nobody is shown twice or missed."""
    deployed = deploy(many(300))
    pages = walk(deployed)
    first = next(pages)
    deployed.load()
    seen = first + walked(pages)

    assert (300, everybody(deployed)) == (len(seen), set(seen))


@pytest.mark.prove
@pytest.mark.parametrize("walk", WALKS if IS_PROVING else [by_anchor])
def test_contacts_deleted_meanwhile_shift_nothing(deploy: Deploy, walk: Walk) -> None:
    """With the page's last contact and one ahead deleted after each page, every other one is there exactly once."""
    deployed = deploy(many(200))
    deployed.load()
    before = everybody(deployed)
    seen: list[str] = []
    gone: set[str] = set()
    for page in walk(deployed):
        seen += page
        ahead = sorted(before - set(seen) - gone)[:1]
        for contact_id in [page[-1], *ahead]:
            deployed.ask("crm", Location="DeleteCustomer", Worker="jo@example.com", CustomerId=contact_id)
        gone |= {page[-1], *ahead}

    assert len(seen) == len(set(seen))
    assert before - gone <= set(seen)
    assert before - gone == everybody(deployed)


def test_an_anchor_deleted_in_airtable_goes_on_where_it_stood(deploy: Deploy) -> None:
    """Two loads after the anchor was deleted behind our back, its place in the list is still known."""
    deployed = deploy(many(90))
    deployed.load()
    first, _ = deployed.page()
    table = deployed.airtable.base.table("Customers")
    assert table

    deployed.airtable.base.delete(table, first[-1])
    deployed.load()
    deployed.load()
    second, _ = deployed.page(Anchor=first[-1])

    assert 30 == len(second)
    assert not set(first) & set(second)
    assert second == deployed.page(Anchor=first[-2])[0]
