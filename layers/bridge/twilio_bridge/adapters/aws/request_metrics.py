"""Requests to vendors as a CloudWatch metric, written into the log in the embedded metric format.

One dimension, the vendor: each is a metric of its own, and is paid for.
"""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def count_request(namespace: str, vendor: str) -> None:
    """Write a line for one request."""
    metrics = EphemeralMetrics(namespace=namespace)
    metrics.add_dimension("Vendor", vendor)
    metrics.add_metric("VendorRequests", MetricUnit.Count, 1)
    metrics.flush_metrics()
