"""What Insights asks of the outside; see `twilio_bridge.ports` for the rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from twilio_bridge.contacts.contact import Contact

End = Literal["completed", "canceled"]
FINISHED: frozenset[str] = frozenset(("completed", "canceled"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as TaskRouter has it now; `attributes` is the very text, `etag` the version of it.

    `updated_at` (epoch ms) is when it last changed, 0 where that is not known.
    """

    sid: str
    attributes: str
    etag: str = ""
    status: str = "pending"
    reason: str = ""
    channel: str = ""
    created_at: int = 0
    updated_at: int = 0

    @property
    def is_finished(self) -> bool:
        """Return whether it is completed or canceled: of its attributes only media links still count."""
        return self.status in FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker as TaskRouter has them now; `attributes` is the very text, `etag` empty where a list had it."""

    sid: str
    friendly_name: str
    attributes: str
    etag: str = ""


class Tasks(Protocol):
    """The tasks of a workspace."""

    def fetch_task(self, sid: str) -> Task | None:
        """Return a task; None where it is gone."""

    def write_attributes(self, task: Task, attributes: str) -> None:
        """Put a text in place of a task's attributes; ChangedError where somebody has changed the task meanwhile.

        NotFoundError where it is gone.
        """

    def end_task(self, task: Task, end: End, reason: str, attributes: str) -> None:
        """Complete or cancel a task, with these attributes; errors as `write_attributes` has them.

        RefusedError where it cannot be ended so: only an assigned task is completed, only an unassigned one cancelled.
        """

    def list_open_tasks(self) -> Iterator[Task]:
        """Return every task that is not finished."""

    def list_ended_tasks(self) -> Iterator[Task]:
        """Return the finished tasks that are not gone yet, for some minutes after their end."""


class Workers(Protocol):
    """The workers of a workspace."""

    def list_workers(self) -> Iterator[Worker]:
        """Return every worker, those without attributes in the list read one by one."""

    def fetch_worker(self, sid: str) -> Worker | None:
        """Return a worker; None where there is none."""

    def write_worker_attributes(self, worker: Worker, attributes: str) -> None:
        """Put a text in place of a worker's attributes; errors as `Tasks.write_attributes` has them."""


class ContactLookup(Protocol):
    """The cached contacts."""

    def find_by_address(self, number: str) -> Sequence[Contact]:
        """Return the contacts with this address."""

    def get_contact(self, contact_id: str) -> Contact | None:
        """Return a contact by the record's id."""


class InsightsMetrics(Protocol):
    """Figures of this job, without dimensions."""

    def count_enriched(self, *, retries: int, cut: int, late_s: int | None) -> None:
        """Count a task: its 412 answers, attributes that did not fit, and how late it was (None: in time)."""
