"""What a refusal by Twilio means, where no stand-in can be in two regions or two accounts, or have another clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge.status.findings import Finding
from twilio_bridge.status.ports import FlexConfiguration
from twilio_bridge.status.probing import run_probes
from twilio_bridge.status.twilio_probe import TwilioProbe, Wanted, mask

OWN, OTHER = "AC" + "1" * 32, "AC" + "2" * 32


def refused(code: int) -> RefusedError:
    return RefusedError("twilio", f"status {code}", code=code)


@dataclass
class FakeAccount:
    """The ports TwilioAccount and TwilioRegions; `errors` are raised by method."""

    errors: Mapping[str, Exception] = field(default_factory=dict)
    region: str = ""
    ahead_s: float | None = 0.0
    account_sid: str = OWN
    workspace_sid: str = "WS1"
    queues: int = 2

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method that is not asked for anything in particular."""
        return lambda *_: self._answer(name, [])

    def _answer(self, name: str, value: Any) -> Any:
        if name in self.errors:
            raise self.errors[name]
        return value

    def check_token(self) -> str:
        return str(self._answer("check_token", "active"))

    def read_clock(self) -> float | None:
        return self.ahead_s

    def fetch_flex(self) -> FlexConfiguration:
        return FlexConfiguration(str(self._answer("fetch_flex", self.account_sid)), self.workspace_sid)

    def fetch_default_service(self) -> tuple[str, str]:
        return str(self._answer("fetch_default_service", self.account_sid)), "IS1"

    def fetch_workspace(self, sid: str) -> str:
        return str(self._answer("fetch_workspace", sid))

    def count_workers(self, _sid: str) -> int:
        return int(self._answer("count_workers", 45))

    def count_queues(self, _sid: str) -> int:
        return int(self._answer("count_queues", self.queues))

    def find_region(self) -> str:
        return self.region


def look(account: FakeAccount, **wanted: Any) -> dict[str, Finding]:
    probe = TwilioProbe(account, account, Wanted(account_sid=OWN, **wanted))
    return {each.check: each for each in run_probes([probe.list_all_checks()], 5)}


KEYED = {"uses_key": True}
STANDARD: dict[str, Exception] = {"list_keys": refused(401)}
RESTRICTED: dict[str, Exception] = {"list_keys": refused(403)}
WRONG_KEY = STANDARD | {"fetch_default_service": refused(401)}
CASES: list[tuple[FakeAccount, dict[str, Any], str, str, str]] = [
    (FakeAccount({"check_token": refused(401)}), {}, "credentials", "unauthorized", "auth token is wrong"),
    (FakeAccount({"check_token": refused(401)}, region="ie1"), {}, "credentials", "wrong-region", "ie1"),
    (FakeAccount({"check_token": refused(401)}, region="us1"), {"region": "au1"}, "credentials", "wrong-region", "au1"),
    (FakeAccount(WRONG_KEY), KEYED, "key-type", "unauthorized", "API key"),
    (FakeAccount(STANDARD, account_sid=OTHER), KEYED, "flex", "wrong-account", OTHER),
    (FakeAccount(STANDARD, account_sid=OTHER), KEYED, "conversations", "wrong-account", OTHER),
    (FakeAccount(RESTRICTED | {"count_workers": refused(403)}), KEYED, "workers", "missing-scope", "restricted"),
    (FakeAccount({"count_workers": refused(403)}), {}, "workers", "forbidden", "403"),
    (FakeAccount({"fetch_workspace": refused(404)}), {"workspace_sid": "WS9"}, "workspace", "wrong-workspace", "WS9"),
    (FakeAccount(workspace_sid=""), {}, "workspace", "no-workspace", "TWILIO_WORKSPACE_SID"),
    (FakeAccount(queues=0), {}, "queues", "no-queues", "no queue"),
    (FakeAccount(ahead_s=3_600.0), {}, "clock", "clock", "3600 s ahead of"),
    (FakeAccount(ahead_s=-90.0), {}, "clock", "clock", "90 s behind"),
    (FakeAccount({"fetch_flex": UnavailableError("twilio", "ReadTimeout")}), {}, "flex", "away", "ReadTimeout"),
    (FakeAccount({"list_sinks": refused(400)}), {"stream_arn": "arn"}, "sink", "refused", "400"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("account", "wanted", "check", "kind", "text"), CASES, ids=[f"{each[2]}: {each[3]}" for each in CASES]
)
def test_a_refusal_is_explained(account: FakeAccount, wanted: dict[str, Any], check: str, kind: str, text: str) -> None:
    """By the cause that is left, with what to do about it."""
    found = look(account, **wanted)[check]

    assert kind == found.kind
    assert text in found.text
    assert found.remedy


def test_all_is_well() -> None:
    """The five lines, in the brief's order; without support only that of Conversations."""
    lines = {check: each for check, each in look(FakeAccount()).items() if each.state == "ok"}
    five: Sequence[str] = [lines[name].text for name in ("flex", "conversations", "workspace", "workers", "queues")]

    assert five[:2] == ["Flex API connection successful", "Conversations API accessible"]
    assert five[2:] == [
        "TaskRouter workspace found (WS1)",
        "Agent list readable (45)",
        "Queue configuration loaded (2)",
    ]
    assert not {"flex", "workers", "queues", "plugin"} & look(FakeAccount(), has_support=False).keys()


def test_an_unknown_clock_is_no_fault() -> None:
    """An answer without a date says nothing."""
    assert "ok" == look(FakeAccount(ahead_s=None))["clock"].state


def test_an_address_is_shown_by_its_end() -> None:
    """A line of a check may be pasted anywhere."""
    assert ("…0006", "whatsapp:…0006") == (mask("+15005550006"), mask("whatsapp:+15005550006"))
