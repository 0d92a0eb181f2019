"""Thousands of workers synchronised under TaskRouter's limit by a process that is killed twice: the same end."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.contract.twilio.test_tasks import ACCOUNT_SID, TOKEN, WORKSPACE
from tests.contract.twilio.worker_sync_process import address
from tests.sizes import size
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

COUNT = size(60, 5_000)
# After which part of the workers a run is killed.
KILLS = (4, 2)[: size(1, 2)]
# As fast as two cores can; the stand-in refuses what is faster.
PER_S = 150
LIST = "/Workers"


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn(ACCOUNT_SID, TOKEN, seeded=0) as running:
        yield running


def theirs(number: int) -> str:
    """Return what another program wrote of a worker: routing, a null, a number of its own spelling."""
    return f'{{ "email":"{address(number)}","routing":{{"skills":["a"],"level":1.0}},"roles":null }}'


def start(twilio: TwilioStandIn) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contract.twilio.worker_sync_process", twilio.url, str(COUNT), str(PER_S)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  this very Python


def kill_after(twilio: TwilioStandIn, written: int) -> None:
    """End a run, in the middle of whatever it does, once it has written so many."""
    with start(twilio) as running:
        assert running.stdout
        done = 0
        for line in running.stdout:
            done += int(line)
            if done >= written:
                break
        running.send_signal(signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL


@pytest.mark.prove
def test_killed_twice_it_goes_on_and_ends_the_same(twilio: TwilioStandIn) -> None:
    """Each worker is written once; a run costs its list anew, and what was under way when it was killed."""
    twilio.taskrouter_reads_per_s = twilio.taskrouter_writes_per_s = PER_S
    sids = [twilio.taskrouter.add_worker(WORKSPACE, theirs(number)) for number in range(COUNT)]
    for part in KILLS:
        kill_after(twilio, COUNT // part)
    with start(twilio) as last:
        assert last.stdout
        *_, summary = last.stdout.read().splitlines()
    assert last.returncode == 0

    for number, sid in enumerate(sids):
        team = f'"team_id":"{number // 10}","team_name":"Team {number // 10}","location":"London"'
        wanted = theirs(number).replace("null }", f"null,{team} }}")
        assert twilio.taskrouter.find(WORKSPACE, sid)["attributes"] == wanted

    seen = twilio.requests
    lists = [one for one in seen if one.path.endswith(LIST)]
    writes = [one for one in seen if one.method == "POST"]
    assert {one.status for one in seen} == {200}
    assert len(writes) == COUNT
    pages = -(-COUNT // 1_000)
    assert len(lists) == (len(KILLS) + 1) * pages
    # Beside list, read and write of each worker: those read by a run that was killed before it wrote them.
    again = len(seen) - len(lists) - 2 * COUNT
    assert 0 <= again <= len(KILLS) * 16
    assert set(json.loads(summary)["results"]) == {"written"}
    sys.stdout.write(f"{len(seen)} requests for {COUNT} workers, {again} of which were read once more\n")
