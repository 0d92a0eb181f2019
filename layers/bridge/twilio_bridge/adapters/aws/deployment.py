"""The port Deployment: the stack's queues, alarms and last hour, as SQS and CloudWatch have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from twilio_bridge.adapters.aws import clients
from twilio_bridge.errors import RefusedError, UnavailableError, UpstreamError
from twilio_bridge.status.ports import Alarm, QueueState, Traffic

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

HOUR, A_MINUTE = timedelta(hours=1), timedelta(minutes=1)
STATES = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
REFUSALS = frozenset({"AccessDenied", "AccessDeniedException", "ExpiredToken", "InvalidClientTokenId"})
MAX_ALARMS_COUNT = 100


@dataclass(frozen=True, slots=True)
class QueueNames:
    """A queue's name, and the URLs of it and of its dead letters."""

    name: str
    url: str
    dead_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackNames:
    """What of the stack is looked at; empty where the part is not deployed."""

    stack: str
    queues: Sequence[QueueNames] = ()
    stream: str = ""
    events_function: str = ""
    callback_functions: Sequence[str] = ()
    quarantine: str = ""


class AwsDeployment:
    """One stack."""

    def __init__(self, sqs: "SQSClient", cloudwatch: Any, names: StackNames, s3: "S3Client | None" = None) -> None:  # noqa: ANN401  boto3 makes its clients' classes late
        self._sqs = sqs
        self._cloudwatch = cloudwatch
        self._names = names
        self._s3 = s3

    def read_queues(self) -> Sequence[QueueState]:
        """Ask for each queue's and each dead-letter queue's messages, whatever state they are in."""
        return [QueueState(each.name, self._count(each.url), self._count(each.dead_url)) for each in self._names.queues]

    def _count(self, url: str) -> int:
        try:
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        except clients.FAILURES as error:
            raise _translate("sqs", error) from error
        found: Mapping[str, str] = {str(name): value for name, value in answer["Attributes"].items()}
        return sum(int(found.get(name, "0")) for name in STATES)

    def count_quarantined(self) -> int:
        """List a page of the bucket."""
        if self._s3 is None or not self._names.quarantine:
            return 0
        try:
            return int(self._s3.list_objects_v2(Bucket=self._names.quarantine).get("KeyCount", 0))
        except clients.FAILURES as error:
            raise _translate("s3", error) from error

    def read_alarms(self) -> Sequence[Alarm]:
        """List the alarms whose names begin with the stack's."""
        try:
            found = self._cloudwatch.describe_alarms(
                AlarmNamePrefix=f"{self._names.stack}-", AlarmTypes=["MetricAlarm"], MaxRecords=MAX_ALARMS_COUNT
            )
        except clients.FAILURES as error:
            raise _translate("cloudwatch", error) from error
        return [self._alarm(each) for each in found.get("MetricAlarms", [])]

    def _alarm(self, found: Mapping[str, Any]) -> Alarm:
        """Return an alarm by the template's name: CloudFormation puts the stack's before it, and a mark behind."""
        name = str(found.get("AlarmName", "")).removeprefix(f"{self._names.stack}-").rpartition("-")
        return Alarm(name[0] or name[2], str(found.get("StateValue", "")), str(found.get("AlarmDescription", "")))

    def read_traffic(self) -> Traffic:
        """Ask for the last hour in one request."""
        names, queries = self._names, []
        if names.stream:
            queries.append(_query("events", "AWS/Kinesis", "IncomingRecords", {"StreamName": names.stream}, "Sum"))
        if names.events_function:
            function = {"FunctionName": names.events_function}
            queries.append(_query("age", "AWS/Lambda", "IteratorAge", function, "Maximum", 60))
        brevo = next((each for each in names.queues if each.name == "BrevoQueue"), None)
        if brevo:
            queue = {"QueueName": brevo.url.rpartition("/")[2]}
            queries.append(_query("deliveries", "AWS/SQS", "NumberOfMessagesDeleted", queue, "Sum"))
        for number, function_name in enumerate(names.callback_functions):
            function = {"FunctionName": function_name}
            queries.append(_query(f"callbacks{number}", "AWS/Lambda", "Invocations", function, "Sum"))
        return _traffic(self._ask(queries)) if queries else Traffic()

    def _ask(self, queries: Sequence[Any]) -> dict[str, list[float]]:
        now = datetime.now(UTC)
        try:
            found = self._cloudwatch.get_metric_data(
                MetricDataQueries=queries, StartTime=now - HOUR, EndTime=now + A_MINUTE, ScanBy="TimestampDescending"
            )
        except clients.FAILURES as error:
            raise _translate("cloudwatch", error) from error
        return {str(each["Id"]): list(each.get("Values", [])) for each in found["MetricDataResults"]}


def _query(
    name: str, namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str, period_s: int = 3600
) -> dict[str, Any]:
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    measured = {"Namespace": namespace, "MetricName": metric, "Dimensions": listed}
    return {"Id": name, "MetricStat": {"Metric": measured, "Period": period_s, "Stat": statistic}}


def _traffic(found: Mapping[str, list[float]]) -> Traffic:
    """Return the numbers; a metric without a value in the hour is unknown, the callbacks are a sum."""
    callbacks = [sum(values) for name, values in found.items() if name.startswith("callbacks") and values]
    ages = found.get("age") or []
    return Traffic(
        events=_total(found.get("events")),
        callbacks=int(sum(callbacks)) if callbacks else None,
        deliveries=_total(found.get("deliveries")),
        iterator_age_s=ages[0] / 1000 if ages else None,
    )


def _total(values: Sequence[float] | None) -> int | None:
    return int(sum(values)) if values else None


def _translate(system: str, error: Exception) -> UpstreamError:
    code = clients.code_of(error)
    return RefusedError(system, code, code=403) if code in REFUSALS else UnavailableError(system, code)
