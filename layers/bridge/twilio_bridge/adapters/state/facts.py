"""Facts in SyncState: an item a task or conversation, an attribute a fact, so that adding some takes one request.

What stands there stays as it is: whoever adds at the same time, in whatever order, the item ends the same.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html has an expression's limits: 4 KB and
300 operators.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

from twilio_bridge.adapters.aws.dynamodb import FORMAT, Item, Table, item_size, pack, unpack
from twilio_bridge.logs import logger
from twilio_bridge.support.tasks.facts import Fact, KnownFacts, NewFacts, sort_facts
from twilio_bridge.support.tasks.folding import MAX_FACTS_COUNT, fold_facts

FACTS = "facts"
KEEP_S = 31 * 86_400
FACT, ATTRIBUTES = "e#", "a#"
MAX_ITEMS_PER_WRITE = 100
MAX_WRITE_BYTES = 50_000
# Facts are folded long before. What is as large all the same is somebody's mistake: what comes then is dropped, for
# nothing may block the stream. With one more write this is below AWS's limit.
LARGEST = 300_000
NOT_FULL = "attribute_not_exists(is_full)"
AS_READ = "revision = :revision OR attribute_not_exists(revision)"


class DynamoFacts:
    """The port Facts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add_facts(self, subject: str, added: NewFacts) -> KnownFacts:
        """Add facts in one update, or as many as it takes; return all that is known after the last."""
        item: Item = {}
        is_repeated = False
        for part in _parts(_entries(added)):
            before = self._add(subject, part)
            if before is None and self._fold_full(subject):
                before = self._add(subject, part)
            if before is None:
                return self._drop(subject, added)
            is_repeated |= any(name in before for name in part if name.startswith(FACT))
            item = {**part, **before, "revision": before.get("revision", 0) + 1}

        known = _known(subject, item)
        is_folded = len(known.facts) > MAX_FACTS_COUNT and self._fold(known, item)
        if not is_folded and item_size(item) > LARGEST:
            self._table.update(subject, FACTS, "SET is_full = :yes", {":yes": True})
        return replace(known, is_repeated=is_repeated)

    def read_facts(self, subject: str) -> KnownFacts:
        """Read the item as it is now."""
        return _known(subject, self._table.get(subject, FACTS, consistent=True) or {})

    def _add(self, subject: str, part: Mapping[str, str]) -> Item | None:
        """Write what is not there yet, and return the item as it was; None where it is full."""
        names = {f"#{number}": name for number, name in enumerate(part)}
        values: Item = {f":{number}": text for number, text in enumerate(part.values())}
        changes = [f"#{number}=if_not_exists(#{number},:{number})" for number in range(len(part))]
        change = "SET expires_at=:ends,v=:v" + "".join(f",{change}" for change in changes) + " ADD revision :one"
        values |= {":ends": int(time.time()) + KEEP_S, ":v": FORMAT, ":one": 1}
        return self._table.update(subject, FACTS, change, values, when=NOT_FULL, names=names, before=True)

    def _fold(self, known: KnownFacts, item: Item) -> bool:
        """Write the summary in place of what it stands for, unless others have added facts meanwhile."""
        folded = fold_facts(known)
        if folded is known:
            return False
        kept = {name: folded.attributes[name] for name in folded.attributes}
        entries = dict(_entries(NewFacts({fact.id: fact for fact in folded.facts}, kept)))
        revision = item.get("revision", 0)
        whole: Item = {"pk": known.subject, "sk": FACTS, "expires_at": int(time.time()) + KEEP_S, **entries}
        whole |= {"revision": revision + 1}
        is_written = self._table.put(whole, when=AS_READ, values={":revision": revision})
        if is_written:
            counts = {"facts": len(known.facts), "left": len(folded.facts)}
            logger.info("facts folded", extra={"subject": known.subject, **counts})
        return is_written

    def _fold_full(self, subject: str) -> bool:
        """Make room in an item that a former version left full."""
        item = self._table.get(subject, FACTS, consistent=True) or {}
        return bool(item) and self._fold(_known(subject, item), item)

    def _drop(self, subject: str, added: NewFacts) -> KnownFacts:
        item = self._table.get(subject, FACTS, consistent=True) or {}
        dropped = sum(FACT + fact_id not in item for fact_id in added.facts)
        if dropped:
            logger.error("facts dropped, there are too many", extra={"subject": subject, "facts": dropped})
        return replace(_known(subject, item), is_repeated=True)


def _entries(added: NewFacts) -> Iterator[tuple[str, str]]:
    """Return attributes of the item, task attributes before the facts that name them."""
    for name, kept in added.attributes.items():
        text = pack(kept)
        if len(text.encode()) <= MAX_WRITE_BYTES:  # Twilio's own are below 4,096 characters
            yield ATTRIBUTES + name, text
    for fact in added.facts.values():
        text = pack([fact.kind, fact.at, fact.values, fact.attributes])
        if len(text.encode()) > MAX_WRITE_BYTES:
            text = pack([fact.kind, fact.at, {}, fact.attributes])
        yield FACT + fact.id, text


def _parts(entries: Iterator[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Cut entries into what one update takes; nothing to add is still one, for it returns what is known."""
    part: dict[str, str] = {}
    size = 0
    for name, text in entries:
        if part and (len(part) == MAX_ITEMS_PER_WRITE or size + len(text.encode()) > MAX_WRITE_BYTES):
            yield part
            part, size = {}, 0
        part[name] = text
        size += len(text.encode())
    yield part


def _known(subject: str, item: Item) -> KnownFacts:
    kept = {name.removeprefix(ATTRIBUTES): unpack(item[name]) for name in item if name.startswith(ATTRIBUTES)}
    facts = (_fact(name.removeprefix(FACT), item[name], kept) for name in item if name.startswith(FACT))
    return sort_facts(subject, facts, kept)


def _fact(fact_id: str, text: str, kept: Mapping[str, object]) -> Fact:
    kind, at, values, attributes = unpack(text)
    return Fact(fact_id, kind, at, values, attributes if attributes in kept else "")
