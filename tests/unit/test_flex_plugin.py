"""The plugin in docs/flex-plugin.md, run as it stands there, where node is installed."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "flex-plugin.md"
NODE = shutil.which("node")
HARNESS = """
const calls = [];
const answers = ANSWERS;
globalThis.fetch = async (url, request) => {
  calls.push(JSON.parse(request.body));
  const answer = answers.shift();
  if (answer === 'down') throw new Error('down');
  return { ok: answer < 300, status: answer };
};
const chat = { taskSid: 'WT2', attributes: { a: 1 }, taskChannelUniqueName: 'chat', queueName: 'Q', age: 7 };
const tasks = new Map([['WT2', chat]]);
const manager = { user: { token: 't' }, store: { getState: () => ({ flex: { worker: { tasks } } }) } };
const pauses = [];
const body = describeTask(PAYLOAD, manager);
const done = await postTask(body, manager, async (ms) => { pauses.push(ms); });
console.log(JSON.stringify({ calls, done, pauses }));
"""


def code() -> str:
    """Return the sample without what only Flex has."""
    sample: str = re.findall(r"```js\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    plain = sample.replace("import { FlexPlugin } from '@twilio/flex-plugin';", "class FlexPlugin {}")
    return plain.replace("export default ", "").replace("export ", "").replace("process.env.FLEX_APP_BRIDGE_URL", "'u'")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize(
    ("payload", "answers", "bodies", "done"),
    [
        ({"sid": "WT2"}, [200], 1, True),
        ({"sid": "WT9"}, [200], 1, True),
        ({"task": {"taskSid": "WT1"}}, ["down", 503, 200], 3, True),
        ({"sid": "WT2"}, ["down", "down", "down", "down"], 4, False),
        ({"sid": "WT2"}, [403], 1, False),
        ({"sid": "WT2"}, [429, 200], 2, True),
    ],
)
def test_the_sample_posts_what_it_can(
    payload: dict[str, object], answers: list[object], bodies: int, done: bool, tmp_path: Path
) -> None:
    """With the task or its sid alone, again where the network fails, and never twice after a yes."""
    script = tmp_path / "plugin.mjs"
    harness = HARNESS.replace("ANSWERS", json.dumps(answers)).replace("PAYLOAD", json.dumps(payload))
    script.write_text(code() + harness, encoding="utf-8")
    shown = subprocess.run([str(NODE), str(script)], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
    found = json.loads(shown.stdout.splitlines()[-1])
    sid = payload.get("sid") or "WT1"
    assert (bodies, done, {sid}) == (len(found["calls"]), found["done"], {call["TaskSid"] for call in found["calls"]})
    assert found["pauses"] == [2000, 4000, 8000][: bodies - 1]


def test_the_sample_handles_a_sid_and_a_failing_network() -> None:
    """Also where nobody can run it: it takes `sid`, catches what fetch throws, and tries again."""
    text = code()
    for part in ("{ task, sid }", "tasks.get(sid)", "catch (error)", "TRIES"):
        assert part in text
