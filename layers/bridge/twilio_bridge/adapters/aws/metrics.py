"""Figures as CloudWatch metrics, written into the log in the embedded metric format.

Dimensions are queue and channel, never a task or a person: each combination is a metric of its own, and is paid for.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import unicodedata

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from twilio_bridge.support.daily_figures import ANSWER, OUTBOUND, STAY
from twilio_bridge.support.persons.person import FigureRow

GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
NAMES = {
    "accepted": "Accepted",
    "abandoned": "Abandoned",
    "short": "ShortAbandons",
    "expired": "Expired",
    "follow-up": "FollowUps",
}


MAX_DIMENSION_LENGTH = 1_024


class EmbeddedMetrics:
    """The port Metrics."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def count(self, row: FigureRow) -> None:
        """Write a line for a stay in a queue that has ended, or for a survey's answer; none for an outbound task."""
        values = row.values
        name = NAMES.get(values.get("outcome", ""))
        if not row.key.startswith((STAY, ANSWER)) or (name is None and "score" not in values):
            return
        if values.get("direction") == OUTBOUND:
            return

        metrics = EphemeralMetrics(namespace=self._namespace)
        metrics.add_dimension("Queue", spell_ascii(values["queue"]) or "unknown")
        metrics.add_dimension("Channel", spell_ascii(values["channel"]) or "unknown")
        if "score" in values:
            metrics.add_metric("Csat", MetricUnit.NoUnit, values["score"])
        elif name:
            metrics.add_metric(name, MetricUnit.Count, 1)
            if "wait_s" in values:
                wait = "Wait" if name == "Accepted" else "WaitBeforeLeaving"
                metrics.add_metric(wait, MetricUnit.Seconds, values["wait_s"])
        metrics.flush_metrics()

    def measure_overdue(self, seconds: int) -> None:
        """Write a line without dimensions: there is one such age a stack."""
        metrics = EphemeralMetrics(namespace=self._namespace)
        metrics.add_metric("OldestOverdueEvent", MetricUnit.Seconds, seconds)
        metrics.flush_metrics()

    def measure_sync(self, failed: int, oldest_s: int) -> None:
        """Write a line without dimensions, as of the latest sync."""
        metrics = EphemeralMetrics(namespace=self._namespace)
        metrics.add_metric("FailedSlices", MetricUnit.Count, failed)
        metrics.add_metric("OldestSyncSlice", MetricUnit.Seconds, oldest_s)
        metrics.flush_metrics()


class SilentMetrics:
    """The port Metrics where nothing is to be shown."""

    def count(self, _row: FigureRow) -> None:
        """Show nothing."""

    def measure_overdue(self, _seconds: int) -> None:
        """Show nothing."""


class EmbeddedInsightsMetrics:
    """The port InsightsMetrics: no dimensions, for there is one such figure a stack."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def count_enriched(self, *, retries: int, cut: int, late_s: int | None) -> None:
        """Write a line for a task."""
        metrics = EphemeralMetrics(namespace=self._namespace)
        if late_s is None:
            metrics.add_metric("EnrichedInTime", MetricUnit.Count, 1)
        else:
            metrics.add_metric("EnrichedTooLate", MetricUnit.Seconds, late_s)
        metrics.add_metric("AttributeConflicts", MetricUnit.Count, retries)
        metrics.add_metric("AttributesCut", MetricUnit.Count, cut)
        metrics.flush_metrics()


def spell_ascii(name: str) -> str:
    """Return a queue's name as a dimension may have it: CloudWatch takes printable ASCII alone, and drops the others.

    Umlauts become ae, oe, ue, other accents go; what no Latin letter stands for is written as its code point, so that
    two queues never become one.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
    """
    plain = unicodedata.normalize("NFKD", name.translate(GERMAN))
    letters = (character for character in plain if not unicodedata.combining(character))
    text = "".join(letters).encode("ascii", "backslashreplace").decode()
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable.strip().lstrip(":")[:MAX_DIMENSION_LENGTH]
