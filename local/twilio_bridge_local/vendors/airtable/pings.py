"""Airtable's notification pings: signed, coalesced, retried, from threads of their own; for the stand-in's server.

https://airtable.com/developers/web/api/webhooks-overview#webhook-notification-delivery
"""

import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import requests

from twilio_bridge_local.vendors.airtable.webhook_payloads import milliseconds
from twilio_bridge_local.vendors.airtable.webhooks import Webhook

MAC_HEADER = "X-Airtable-Content-MAC"
# Airtable takes every other status for a failure, other successes and redirects too.
ACCEPTED = frozenset({200, 204})
LAST_MOMENT_S = 0.2


@dataclass(frozen=True, slots=True)
class Pinging:
    """How pings are sent; by default as Airtable sends them: 13 retries take about a day.

    Attributes:
        delay_s: How long changes are gathered before one ping announces them all.
        timeout_s: How long a receiver may take.
        retries: How often a failed ping is sent again before notifications are disabled.
        first_wait_s: The wait before the first retry; it doubles each time.
    """

    delay_s: float = 0.2
    timeout_s: float = 25.0
    retries: int = 13
    first_wait_s: float = 10.0


AIRTABLES_PINGING = Pinging()


@dataclass(frozen=True, slots=True)
class Ping:
    """One attempt: what was sent, and its status or what went wrong; `retry` is 0 for the first try."""

    at: datetime
    webhook_id: str
    url: str
    body: bytes
    mac: str
    retry: int
    status: int | None
    problem: str
    duration_s: float

    @property
    def accepted(self) -> bool:
        """Whether Airtable counts the ping as delivered."""
        return self.status in ACCEPTED


class Pinger:
    """Sends pings between `start` and `stop`; each webhook has one thread while it has something to announce."""

    def __init__(self, base_id: str, now: Callable[[], datetime], plan: Pinging) -> None:
        self.plan = plan
        self.sent: list[Ping] = []
        self._base_id = base_id
        self._now = now
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._threads: dict[str, threading.Thread] = {}
        self._stopped = threading.Event()
        self._stopped.set()

    def start(self) -> None:
        """Send from now on; what happened before is not announced."""
        with self._lock:
            self._waiting, self._threads, self._stopped = set(), {}, threading.Event()

    def stop(self) -> None:
        """Send nothing more; a receiver that is still to answer is not waited for."""
        with self._lock:
            self._stopped.set()
            threads, self._threads = list(self._threads.values()), {}
        deadline = time.monotonic() + LAST_MOMENT_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def notify(self, webhook: Webhook) -> None:
        """Ping soon; until then, and while a ping fails, further changes need no ping of their own."""
        with self._lock:
            if self._stopped.is_set() or not webhook.wants_pings(self._now()):
                return
            self._waiting.add(webhook.id)
            if webhook.id not in self._threads:
                work = threading.Thread(target=self._work, args=(webhook, self._stopped), daemon=True)
                self._threads[webhook.id] = work
                work.start()

    def _work(self, webhook: Webhook, stopped: threading.Event) -> None:
        while self._is_waiting(webhook, stopped) and not stopped.wait(self.plan.delay_s):
            self._deliver(webhook, stopped)

    def _is_waiting(self, webhook: Webhook, stopped: threading.Event) -> bool:
        with self._lock:
            if not stopped.is_set() and webhook.id not in self._waiting:
                del self._threads[webhook.id]
                return False
            return not stopped.is_set()

    def _deliver(self, webhook: Webhook, stopped: threading.Event) -> None:
        for retry in range(self.plan.retries + 1):
            # Whatever changed until now is announced by this ping.
            with self._lock:
                self._waiting.discard(webhook.id)
            if not webhook.wants_pings(self._now()):
                return
            ping, last = self._ping(webhook, retry), retry == self.plan.retries
            self._note(webhook, ping, last=last)
            if ping.accepted or (not last and stopped.wait(self.plan.first_wait_s * 2**retry)):
                return
        webhook.notifications_enabled = False

    def _ping(self, webhook: Webhook, retry: int) -> Ping:
        at = self._now()
        notification = {"base": {"id": self._base_id}, "webhook": {"id": webhook.id}, "timestamp": milliseconds(at)}
        body = json.dumps(notification, separators=(",", ":")).encode()
        mac = "hmac-sha256=" + hmac.new(webhook.secret, body, "sha256").hexdigest()
        began = time.monotonic()
        status, problem = self._post(str(webhook.url), body, mac)
        return Ping(at, webhook.id, str(webhook.url), body, mac, retry, status, problem, time.monotonic() - began)

    def _post(self, url: str, body: bytes, mac: str) -> tuple[int | None, str]:
        headers = {"Content-Type": "application/json", MAC_HEADER: mac}
        try:
            with requests.Session() as session:
                session.trust_env = False  # the receiver is local: no proxy of this machine between
                answer = session.post(
                    url, data=body, headers=headers, timeout=self.plan.timeout_s, allow_redirects=False
                )
        except requests.RequestException as failed:
            return None, str(failed)
        problem = "" if answer.status_code in ACCEPTED else f"The receiver answered {answer.status_code}"
        return answer.status_code, problem

    def _note(self, webhook: Webhook, ping: Ping, *, last: bool) -> None:
        """The state in the list of webhooks: https://airtable.com/developers/web/api/model/webhooks-notification."""
        completed = milliseconds(self._now())
        result: dict[str, object] = {"success": ping.accepted}
        if ping.accepted:
            webhook.last_success = completed
        else:
            result |= {"error": {"message": ping.problem}, "willBeRetried": not last}
        result |= {
            "completionTimestamp": completed,
            "durationMs": round(ping.duration_s * 1000, 3),
            "retryNumber": ping.retry,
        }
        webhook.last_result = result
        self.sent.append(ping)
