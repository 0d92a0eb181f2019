"""The whole bundle, running on this machine; used by `__main__`, the demonstration, tests and benchmarks.

    with Stack(decide(settings_of(Path())), port=0) as stack:
        requests.post(stack.url + "/callbacks/crm", ...)

When the block is entered everything answers; when it is left no process, no thread of work and no socket
is left. One stack with an embedded AWS can run in a process at a time (see `aws`).
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from twilio_bridge_local.aws.server import EmbeddedAws, client
from twilio_bridge_local.environment import Environment, Vendor
from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.functions.event_source_mappings import feeds_of
from twilio_bridge_local.functions.feeds import Feed
from twilio_bridge_local.functions.forks import ForkServer
from twilio_bridge_local.functions.gateway import gateway
from twilio_bridge_local.functions.invoke_api import invoke_api
from twilio_bridge_local.functions.lambda_environment import lambda_environment
from twilio_bridge_local.functions.processes import Outcome, Pool
from twilio_bridge_local.functions.schedules import Timer
from twilio_bridge_local.functions.stream_poller import ShardPoller
from twilio_bridge_local.http_server import HttpServer, listen, wait_until_it_answers
from twilio_bridge_local.logs import Alert, LogFile, quiet
from twilio_bridge_local.template import reader, resources
from twilio_bridge_local.template.bundle import Bundle, Function, Schedule
from twilio_bridge_local.template.intrinsics import API_URL, STACK_NAME
from twilio_bridge_local.vendors.stand_ins import StandIns, start_stand_ins

if TYPE_CHECKING:
    from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

DEFAULT_PORT: Final = 3000
TEMPLATE: Final = Path("template.yaml")


class Stack:
    """Everything of the template behind `url`, from `with` to the end of its block.

    `schedules=False` leaves scheduled functions to whoever calls `invoke`. Whoever gives a `fork_server` closes it, and
    may give it to the next stack; a stack without one has its own.

    Attributes:
        url: The gateway, without a final slash.
        aws_url: DynamoDB, SQS, Secrets Manager and so on.
        invoke_url: Lambda's Invoke API.
        embedded_aws: The embedded AWS, which knows who asked it for what; only where no other was given.
        bundle: What the template describes, with its parameters resolved.
        environment: What is real and what is not, with the endpoints in force.
        stand_ins: The vendors' stand-ins, to look into.
        log_path: The functions' output.
    """

    url: str
    aws_url: str
    invoke_url: str
    embedded_aws: EmbeddedAws
    bundle: Bundle
    environment: Environment
    stand_ins: StandIns
    log_path: Path

    def __init__(
        self,
        environment: Environment,
        *,
        template: Path = TEMPLATE,
        port: int = DEFAULT_PORT,
        log_folder: Path | None = None,
        alert: Alert = quiet,
        schedules: bool = True,
        fork_server: ForkServer | None = None,
    ) -> None:
        self.environment = environment
        self._template = template.resolve()
        self._port = port
        self._log_folder = log_folder
        self._alert = alert
        self._schedules = schedules
        self._fork_server = fork_server
        self._pools: dict[str, Pool] = {}
        self._feeds: Sequence[Feed] = ()
        self._cleanup = ExitStack()

    def invoke(self, function: str, event: object) -> Outcome:
        """Call a function and wait for what it comes to."""
        return self._pools[function].invoke(event)

    def kill(self, function: str) -> int:
        """Let all processes of a function crash where they are; return how many were serving an event."""
        return self._pools[function].kill()

    def reset(self) -> None:
        """Bring everything back to how it was at the start: stand-ins, embedded AWS, the functions' memory, the log.

        Addresses stay. What is under way is ended first, so that nothing of before writes afterwards.
        """
        self.stand_ins.reset()
        for pool in self._pools.values():
            pool.reset()
        for shard in self._shards():
            shard.clear()
        resources.clear(self.bundle, self.aws_url, self.environment.secrets(STACK_NAME))
        self.embedded_aws.calls.clear()
        self._log.clear()

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes its clients' classes while it runs
        """A boto3 client of the stack's AWS."""
        return client(service, self.invoke_url if service == "lambda" else self.aws_url)

    def iterator_age_ms(self, function: str) -> int | None:
        """How far behind its streams a function is: the age of what it was handed last; None before that."""
        ages = [shard.iterator_age_ms for shard in self._shards() if shard.function == function]
        return max((age for age in ages if age is not None), default=None)

    def _shards(self) -> list[ShardPoller]:
        return [feed for feed in self._feeds if isinstance(feed, ShardPoller)]

    @property
    def public_url(self) -> str:
        """The URL that Twilio calls, and so signs."""
        return self.environment.settings.get("PUBLIC_BASE_URL", self.url)

    def _url_for(self, vendor: Vendor) -> str:
        """The URL that a vendor calls; none where the real one could not reach this machine."""
        is_near = bool(vendor.endpoint_url)
        return self.public_url if is_near or "PUBLIC_BASE_URL" in self.environment.settings else ""

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._start(starting)
            self._cleanup = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def _start(self, cleanup: ExitStack) -> None:
        listening = listen(self._port)  # first of all: a taken port should not cost a start
        cleanup.callback(listening.close)
        self._log = self._open_log(cleanup)
        self._start_aws(cleanup)
        self.environment, self.stand_ins = start_stand_ins(self.environment, cleanup)
        queue_urls = self._make_resources()
        front = gateway(self.bundle.functions, self.invoke, listening, self._log)
        cleanup.callback(front.stop)
        self.url = front.url
        self._add_functions(self._fork_server or cleanup.enter_context(closing(ForkServer())))
        self.bundle = _reached_at(self.bundle, self._url_for(self.environment.airtable))
        feeds = self._feeds = list(self._make_feeds(queue_urls))
        _stop_in_order(cleanup, front, feeds, self._pools.values())
        if not self.environment.aws_endpoint_url:
            cleanup.callback(self.embedded_aws.end_waits)
        front.start()
        wait_until_it_answers(self.url)
        if self.stand_ins.twilio:
            self._connect_twilio(self.stand_ins.twilio)
        for feed in feeds:
            feed.start()

    def _open_log(self, cleanup: ExitStack) -> LogFile:
        folder = self._log_folder or Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="twilio-bridge-")))
        self.log_path = folder / "functions.log"
        return cleanup.enter_context(LogFile(self.log_path, self._alert))

    def _start_aws(self, cleanup: ExitStack) -> None:
        answer = invoke_api(self._pools, self.invoke)
        given = self.environment.aws_endpoint_url
        if given:
            self.aws_url, self.invoke_url = given, cleanup.enter_context(HttpServer(answer)).url
        else:
            self.embedded_aws = cleanup.enter_context(EmbeddedAws(answer, host=self.environment.host))
            self.aws_url = self.invoke_url = self.embedded_aws.url

    def _make_resources(self) -> dict[str, str]:
        """Only the second reading knows the queues' URLs, as the endpoint gives them."""
        parameters = self.environment.parameters(self.aws_url)
        planned = reader.read(self._template, parameters)
        queue_urls = resources.make(planned, self.aws_url, self.environment.secrets(STACK_NAME))
        self.bundle = reader.read(self._template, parameters, queue_urls)
        return queue_urls

    def _add_functions(self, server: ForkServer) -> None:
        for function in self.bundle.functions:
            if not function.folder.is_dir():
                raise TemplateError(f"Resources.{function.name}: there is no folder {function.folder}")
            variables = lambda_environment(
                _with_url(function, self._url_for(self.environment.twilio)),
                aws_url=self.aws_url,
                invoke_url=self.invoke_url,
                bridge_config=self.environment.bridge_config,
            )
            self._pools[function.name] = Pool(function, variables, server, self._log)

    def _make_feeds(self, queue_urls: Mapping[str, str]) -> Iterator[Feed]:
        feeds = feeds_of(self.bundle, queue_urls, self.client, self.invoke, self._log)
        return feeds if self._schedules else (feed for feed in feeds if not isinstance(feed, Timer))

    def _connect_twilio(self, twilio: "TwilioStandIn") -> None:
        kinesis = self.client("kinesis")
        twilio.callbacks_url = self.public_url
        twilio.put_event = lambda arn, event: kinesis.put_record(
            StreamName=arn.rpartition("/")[2], Data=json.dumps(event).encode(), PartitionKey=event["id"]
        )


def _with_url(function: Function, url: str) -> Function:
    """Let the function's environment name this address where the template names the API's."""
    environment = {name: value.replace(API_URL, url) for name, value in function.environment.items()}
    return replace(function, environment=environment)


def _reached_at(bundle: Bundle, url: str) -> Bundle:
    """Let schedules name this address where the template names the API's."""

    def with_input(schedule: Schedule) -> Schedule:
        return replace(schedule, payload=schedule.payload and schedule.payload.replace(API_URL, url))

    own = (replace(each, schedules=tuple(map(with_input, each.schedules))) for each in bundle.functions)
    return replace(bundle, functions=tuple(own))


def _stop_in_order(cleanup: ExitStack, front: HttpServer, feeds: Sequence[Feed], pools: Iterable[Pool]) -> None:
    """Feeds begin nothing more, functions end, and then neither feeds nor callers have anything to wait for."""
    first_to_last = [*(feed.halt for feed in feeds), *(pool.close for pool in pools), front.stop]
    for step in reversed([*first_to_last, *(feed.stop for feed in feeds)]):
        cleanup.callback(step)
