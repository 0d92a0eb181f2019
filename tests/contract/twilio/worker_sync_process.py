"""One run of a synchronisation of workers in a process of its own, for the test that kills it.

python -m tests.contract.twilio.worker_sync_process URL COUNT PER_S
"""

import json
import sys
from collections.abc import Mapping

from tests.contract.twilio.test_tasks import ACCOUNT_SID, TOKEN, WORKSPACE
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.state.limiter import SlotLimiter, pace_for
from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.tasks import TaskRouterRequests, TwilioWorkers
from twilio_bridge.config.insights import Insights
from twilio_bridge.insights.worker_job import sync_table


def make_rows(count: int) -> list[Mapping[str, str]]:
    """Return a table of so many workers, in teams of ten."""
    return [
        {"email": address(n), "team_id": str(n // 10), "team_name": f"Team {n // 10}", "location": "London"}
        for n in range(count)
    ]


def address(number: int) -> str:
    return f"agent{number}@example.com"


def main(url: str, count: str, per_s: str) -> None:
    """Write what differs, and print what was done; a line for each batch shows how far it is."""
    limiter = SlotLimiter(Dictionary().table, "taskrouter", WORKSPACE, bulk=True, pace=pace_for(float(per_s)))
    account = Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=url)
    requests = TaskRouterRequests(account, WORKSPACE, limiter)

    def advance(written: int) -> None:
        sys.stdout.write(f"{written}\n")
        sys.stdout.flush()

    found = sync_table(make_rows(int(count)), TwilioWorkers(requests), Insights(), apply=True, advance=advance)
    sys.stdout.write(json.dumps({"results": found["results"], "requests": requests.count}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
