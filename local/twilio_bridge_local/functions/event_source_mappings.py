"""Everything that calls the bundle's functions by itself: queues, streams and schedules; used by the stack."""

from collections.abc import Iterator, Mapping
from functools import partial

from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.functions.feeds import Call, Feed
from twilio_bridge_local.functions.gateway import Invoke
from twilio_bridge_local.functions.on_failure import Clients, destination
from twilio_bridge_local.functions.queue_poller import QueuePoller
from twilio_bridge_local.functions.schedules import Timer
from twilio_bridge_local.functions.stream_poller import ShardPoller, StreamMapping, shard_pollers
from twilio_bridge_local.logs import Sink
from twilio_bridge_local.template.bundle import Bundle, Function


def feeds_of(
    bundle: Bundle, queue_urls: Mapping[str, str], clients: Clients, invoke: Invoke, log: Sink
) -> Iterator[Feed]:
    """A feed for every queue, shard and schedule that calls a function."""
    for function in bundle.functions:
        call = partial(invoke, function.name)
        yield from _queues(function, queue_urls, clients, call, log)
        yield from _shards(function, bundle, clients, call, log)
        yield from (Timer(schedule, call) for schedule in function.schedules)


def _queues(
    function: Function, queue_urls: Mapping[str, str], clients: Clients, call: Call, log: Sink
) -> Iterator[QueuePoller]:
    for source in function.queues:
        if source.queue not in queue_urls:
            raise TemplateError(f"Resources.{function.name}: {source.queue} is no queue of the template")
        yield QueuePoller(source, queue_urls[source.queue], clients("sqs"), call, log)


def _shards(function: Function, bundle: Bundle, clients: Clients, call: Call, log: Sink) -> Iterator[ShardPoller]:
    for source in function.streams:
        if source.stream not in {stream.name for stream in bundle.streams}:
            raise TemplateError(f"Resources.{function.name}: {source.stream} is no stream of the template")
        mapping = StreamMapping(function.name, source, call, destination(source, clients), log)
        yield from shard_pollers(mapping, clients("kinesis"))
