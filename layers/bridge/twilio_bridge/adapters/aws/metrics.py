"""Figures as CloudWatch metrics, written into the log in the embedded metric format.

Dimensions are queue and channel, never a task or a person: each combination is a metric of its own, and is paid for.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from twilio_bridge.support.person import FigureRow

NAMES = {
    "accepted": "Accepted",
    "abandoned": "Abandoned",
    "short": "ShortAbandons",
    "expired": "Expired",
    "follow-up": "FollowUps",
}


class EmbeddedMetrics:
    """The port Metrics."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def count(self, row: FigureRow) -> None:
        """Write a line for a stay in a queue that has ended, or for a survey's answer."""
        values = row.values
        name = NAMES.get(values.get("outcome", ""))
        if "queue" not in values or (name is None and "score" not in values):
            return
        metrics = EphemeralMetrics(namespace=self._namespace)
        metrics.add_dimension("Queue", values["queue"] or "unknown")
        metrics.add_dimension("Channel", values["channel"] or "unknown")
        if "score" in values:
            metrics.add_metric("Csat", MetricUnit.NoUnit, values["score"])
        elif name:
            metrics.add_metric(name, MetricUnit.Count, 1)
            if "wait_s" in values:
                metrics.add_metric(
                    "Wait" if name == "Accepted" else "WaitBeforeLeaving", MetricUnit.Seconds, values["wait_s"]
                )
        metrics.flush_metrics()
