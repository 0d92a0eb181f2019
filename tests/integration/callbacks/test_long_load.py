"""A load that its invocation cannot finish goes on by itself, where it was."""

from tests.integration.callbacks.conftest import Deploy, Deployment, many
from tests.integration.waiting import patiently
from twilio_bridge_local.vendors.airtable.server import BASE_ID
from twilio_bridge_local.vendors.faults import Faults

LISTING = f"/v0/{BASE_ID}/Customers"
# The second page is refused as often as it is tried.
INTERRUPTED = Faults(status=503, only=(f"GET {LISTING}",), skip=1, times=2)
INTERRUPTED_AND_READ = [200, 503, 503, 200, 200]


def listings(deployed: Deployment) -> list[int]:
    return [seen.status for seen in deployed.airtable.requests if seen.path.startswith(LISTING)]


def test_an_interrupted_load_goes_on_by_itself(deploy: Deploy) -> None:
    """What was read is not read again, and in the end everybody is there once."""
    deployed = deploy(many(250))
    deployed.airtable.faults = INTERRUPTED

    assert {"staged": 100} == deployed.stack.invoke("RefreshContactsFunction", {"whole": True}).payload

    assert INTERRUPTED_AND_READ == patiently(lambda: listings(deployed), INTERRUPTED_AND_READ.__eq__, seconds=10)
    deployed.load()  # a whole one: the other left nothing to go on with
    assert [*INTERRUPTED_AND_READ, 200, 200, 200] == listings(deployed)

    page, token = deployed.page()
    seen = list(page)
    while token:
        page, token = deployed.page(NextPageToken=token)
        seen += page
    assert (250, 250) == (len(seen), len(set(seen)))
