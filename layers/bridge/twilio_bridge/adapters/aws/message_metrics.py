"""Figures about messages as CloudWatch metrics; none has a dimension, for each combination would be paid for."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


class MessageFigures:
    """The port MessageMetrics."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def count(self, name: str) -> None:
        """Write a line."""
        metrics = EphemeralMetrics(namespace=self._namespace)
        metrics.add_metric(name, MetricUnit.Count, 1)
        metrics.flush_metrics()
