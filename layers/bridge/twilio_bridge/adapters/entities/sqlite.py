"""The engine: SQLite in memory over Twilio's resources, which can only be read.

A statement may select, call functions and recurse; an authorizer refuses everything else, a progress handler ends what
computes too long, and limits hold what a value may grow to.
"""

import json
import re
from collections import UserDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import apsw

from twilio_bridge.adapters.entities.functions import country
from twilio_bridge.adapters.entities.virtual_tables import Module, Session
from twilio_bridge.entities.engine import Parameters, ResultColumn
from twilio_bridge.entities.errors import (
    MissingValueError,
    StatementError,
    UnknownColumnError,
    UnknownEntityError,
)
from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.registry import Entity, Registry, nearest_names
from twilio_bridge.entities.values import Value, compare_moments
from twilio_bridge.errors import BadRequestError

MAX_VALUE_BYTES: Final = 1_000_000  # a function of two such texts computes for seconds, and nothing ends it before
MAX_STATEMENT_LENGTH: Final = 100_000
MAX_MEMORY_BYTES: Final = 256 * 1024 * 1024
MAX_PATTERN_LENGTH: Final = 1_000
STEPS_BETWEEN_CHECKS: Final = 1_000
TEMP_STORE_MEMORY: Final = 2
NO_TEXT: Final = "a value of the result is no text: bytes that were made one; write hex(…) of it"
MAX_INTEGER: Final = 2**63
_ALLOWED: Final = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE})
_REFUSED_FUNCTIONS: Final = frozenset({"load_extension", "fts3_tokenizer"})
_NAMES: Final[Mapping[int, str]] = {
    code: name.removeprefix("SQLITE_").replace("_", " ")
    for name, code in apsw.mapping_authorizer_function.items()
    if isinstance(name, str) and isinstance(code, int)
}


class SqliteEngine:
    """A connection to Twilio's resources. One statement runs at a time."""

    def __init__(self, registry: Registry, *, push_down: bool = True) -> None:
        self._registry = registry
        self._session = Session(push_down=push_down)
        self._refusal = ""
        self._connection = self._open()

    def _open(self) -> apsw.Connection:
        connection = apsw.Connection(":memory:")
        apsw.hard_heap_limit(MAX_MEMORY_BYTES)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, MAX_STATEMENT_LENGTH)
        connection.limit(apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, MAX_PATTERN_LENGTH)
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
        connection.pragma("temp_store", TEMP_STORE_MEMORY)  # else a sort writes people's data to the disk
        connection.drop_modules(["json_each", "json_tree"])
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)  # else an unknown column in quotes is a text
        connection.create_collation("MOMENT", compare_moments)
        connection.create_scalar_function("country", country, 1, deterministic=True)
        for name in (*self._registry.names, *self._registry.aliases):
            module: Any = Module(self._session, partial(self._registry.entity, name))
            connection.create_module(name, module, use_bestindex_object=True, eponymous_only=True, read_only=True)
        connection.authorizer = self._authorize
        connection.set_progress_handler(self._check_progress, STEPS_BETWEEN_CHECKS)
        return connection

    def _authorize(self, action: int, first: str | None, second: str | None, *_where: object) -> int:
        is_refused_function = action == apsw.SQLITE_FUNCTION and (second or "").lower() in _REFUSED_FUNCTIONS
        if action in _ALLOWED and not is_refused_function:
            return apsw.SQLITE_OK
        self._refusal = f"function {second}" if is_refused_function else _NAMES.get(action, str(action))
        del first
        return apsw.SQLITE_DENY

    def _check_progress(self) -> bool:
        if self._session.statement is not None:
            self._session.statement.check_time()
        return False

    def execute(
        self, sql: str, parameters: Parameters, statement: Statement
    ) -> tuple[tuple[ResultColumn, ...], Iterator[tuple[Value, ...]]]:
        """Run a SELECT; return its columns and its rows, which are read while they are taken."""
        check_reads(sql)
        return self._run(sql, parameters, statement)

    def _run(
        self, sql: str, parameters: Parameters, statement: Statement
    ) -> tuple[tuple[ResultColumn, ...], Iterator[tuple[Value, ...]]]:
        self._session.begin(statement)
        self._refusal = ""
        cursor, trace = self._connection.cursor(), _Trace()
        cursor.exec_trace = trace
        bound = _bind(parameters)
        try:
            cursor.execute(sql, bound)
        except UnicodeDecodeError:
            raise StatementError(NO_TEXT) from None
        except apsw.Error as error:
            raise self._as_ours(error, sql) from None
        return trace.columns, self._rows(cursor, sql, statement)

    def _rows(self, cursor: apsw.Cursor, sql: str, statement: Statement) -> Iterator[tuple[Value, ...]]:
        try:
            while True:
                self._session.statement = statement
                row = next(cursor, None)
                if row is None:
                    return
                yield row
        except UnicodeDecodeError:
            raise StatementError(NO_TEXT) from None
        except apsw.Error as error:
            raise self._as_ours(error, sql) from None
        finally:
            cursor.close(True)

    def explain(self, sql: str, parameters: Parameters, statement: Statement) -> list[dict[str, Any]]:
        """Return the requests that a statement would make, outer loops first; none is made."""
        check_reads(sql)
        _, rows = self._run(f"EXPLAIN QUERY PLAN {sql}", parameters, statement)
        return [step for row in rows if (step := _step_of(str(row[3])))]

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _as_ours(self, error: Exception, sql: str) -> BadRequestError:
        text = str(error).removeprefix("SQLError: ")
        if self._refusal:
            return StatementError(f"statements only read; {self._refusal} is refused")
        if found := re.search(r"no such table: (?:\w+\.)?(.+)", text):
            names = [*self._registry.names, *self._registry.aliases]
            return UnknownEntityError(found[1], nearest_names(found[1], names))
        if found := re.search(r'no such column: ("?)(.+?)\1( - should this be .*)?$', text):
            return self._unknown_column(found[2], sql)
        if "no query solution" in text:
            return self._missing_parents()
        if isinstance(error, apsw.NoMemError):
            return StatementError(f"the statement needs more than {MAX_MEMORY_BYTES // 1024**2} MB; select less")
        offset = getattr(error, "error_offset", -1)
        where = f" at position {offset + 1}" if isinstance(offset, int) and offset >= 0 else ""
        if re.search(r'near "(to|from)"', text, re.IGNORECASE):
            text = f"{text}; To and From are words of SQL: write Recipient and Sender, or put them in double quotes"
        reason = text.partition("  Current offset")[0].rstrip(". ")
        return StatementError(f"the statement cannot be run{where}: {reason}")

    def _unknown_column(self, name: str, sql: str) -> BadRequestError:
        bare = name.rpartition(".")[2].strip('"')
        words = set(re.findall(r"\w+", sql.lower()))
        mentioned = [each for each in (*self._registry.names, *self._registry.aliases) if each.lower() in words]
        entities = [self._registry.entity(each) for each in mentioned]
        if any(column.secret and column.name.lower() == bare.lower() for each in entities for column in each.columns):
            return StatementError(f"{bare} is a secret and never leaves the bridge")
        known = [column for each in entities for column in each.names.values()]
        if f'"{bare}"' in sql:
            bare_text = bare.replace("'", "''")
            return StatementError(f"there is no column {bare!r}; where it is a text, write '{bare_text}'")
        owners = " or ".join(dict.fromkeys(each.name for each in entities)) or "the statement"
        return UnknownColumnError(bare, owners, nearest_names(bare, known))

    def _missing_parents(self) -> BadRequestError:
        refused = self._session.refused
        if not refused:
            return StatementError("a filter of Twilio's is compared with a column that comes later; name its value")
        sentences = [_explain_refusal(self._registry.entity(name), needed) for name, needed in refused.items()]
        return MissingValueError("; ".join(sentences))


def _bind(parameters: Parameters) -> "_Named | tuple[Value, ...]":
    """Return parameters as SQLite takes them; raise StatementError for one that it cannot take."""
    if isinstance(parameters, Mapping):
        return _Named({name: _check_value(value) for name, value in parameters.items()})
    return tuple(map(_check_value, parameters))


class _Named(UserDict[str, Value]):
    """Parameters by name, without which a statement is refused."""

    def __missing__(self, name: str) -> Value:
        raise StatementError(f"give a value for :{name}")


def _check_value(value: object) -> Value:
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise StatementError("a parameter holds half a character (a lone surrogate)")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= MAX_INTEGER:
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="seconds")
    if value is None or isinstance(value, str | int | float):
        return value
    raise StatementError(f"a parameter is a {type(value).__name__}; it may be a text, a number, true, false or null")


def _explain_refusal(entity: Entity, needed: Sequence[str]) -> str:
    """Return why an entity cannot be read as a statement wants it, and what would be right."""
    note = f" ({entity.note})" if entity.note else ""
    if not entity.is_listable and "get" not in entity.operations:
        return f"{entity.name} cannot be read{note}: Twilio can only {', '.join(entity.operations)} it"
    subject = entity.name if entity.is_listable else f"Twilio has no list of {entity.name}{note}"
    return f"{subject}: name {' and '.join(needed)}, or join them with the entity they belong to"


class _Trace:
    """Notes a statement's columns before its first row, and refuses a second statement in one text."""

    def __init__(self) -> None:
        self.columns: tuple[ResultColumn, ...] = ()
        self._count = 0

    def __call__(self, cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
        self._count += 1
        if self._count > 1:
            raise StatementError("run one statement at a time")
        self.columns = tuple(ResultColumn(name, _type_of(declared)) for name, declared in cursor.get_description())
        return True


def check_reads(sql: str) -> None:
    """Raise StatementError for what is no query; the authorizer holds what a query may do."""
    if found := re.search("[\0\ud800-\udfff]", sql):
        raise StatementError(f"position {found.start() + 1} holds no character (NUL, or half of one)")
    bare = re.sub(r"--[^\n]*|/\*.*?(\*/|$)", " ", sql, flags=re.DOTALL)
    word = re.match(r"[\s(]*(\w*)", bare)
    keyword = word[1].upper() if word else ""
    if keyword not in {"SELECT", "WITH", "VALUES"}:
        raise StatementError(f"statements only read; {keyword} is refused" if keyword else "write a SELECT")


def _type_of(declared: str | None) -> str:
    words = (declared or "").lower().split()
    if not words:
        return ""
    return {"text": "text", "integer": "integer", "real": "number", "boolean": "boolean"}.get(words[-1], words[-1])


def _step_of(detail: str) -> dict[str, Any] | None:
    """Return one table of EXPLAIN QUERY PLAN's answer as the request it stands for."""
    found = re.fullmatch(r"(?:SCAN|SEARCH) (.+?) VIRTUAL TABLE INDEX \d+:(\{.*\}).*", detail, re.DOTALL)
    return {"table": found[1], **json.loads(found[2])} if found else None
