"""What of a condition Twilio is asked: one request, one list, or nothing.

A comparison is handed on only where the registry states that Twilio's answer contains every row for which SQL's holds,
and SQL checks each row again. Filters that are no column, and parents, decide what the table holds: they are never
optional.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from twilio_bridge.entities.pushdown import encode_filter
from twilio_bridge.entities.registry import Entity, Filter
from twilio_bridge.entities.values import Value
from twilio_bridge.errors import BadRequestError

Role = tuple[str, str, str]
"""What an argument is for (parent, key, hidden, filter, limit), its column and the comparison."""

EQUAL: Final = "="
ACCOUNT: Final = "AccountSid"
LIMIT: Final = "limit"
OFFSET: Final = "offset"
UNKNOWN: Final = "…"
BOUNDS: Final = ("<", "<=", ">", ">=")
# What SQLite's planner weighs; only their order matters.
_LAST_RESORT: Final = 1e12
_FETCH, _CHILDREN, _EQUAL, _RANGE, _ALL = (
    (1.0, 1),
    (200.0, 50),
    (1_000.0, 500),
    (20_000.0, 10_000),
    (200_000.0, 100_000),
)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A comparison of a column that SQLite offers; `exact` where it compares texts as they are."""

    column: str
    operator: str
    usable: bool = True
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """How a table is read: what each argument is for, which constraint gives it, and what the reading costs.

    `is_whole` means that Twilio is asked all that is compared, so that nearly every row it answers is wanted.
    """

    entity: Entity
    roles: tuple[Role, ...]
    indexes: tuple[int, ...]
    fetches: bool
    cost: float
    rows: int
    is_whole: bool = False

    @property
    def required(self) -> tuple[int, ...]:
        """The constraints that SQL does not check again: filters that are no column."""
        pairs = zip(self.roles, self.indexes, strict=True)
        return tuple(index for (role, _, _), index in pairs if role == "hidden")


@dataclass(frozen=True, slots=True)
class Request:
    """What Twilio is asked for once: one resource by its key, or a list with parameters."""

    entity: Entity
    parents: Mapping[str, str]
    params: Mapping[str, str]
    key: str | None
    hidden: Mapping[str, Value]
    pushed: tuple[tuple[str, str], ...]
    limit: int | None
    is_whole: bool

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for requests with the same answer."""
        return (self.entity.name, tuple(self.parents.items()), tuple(self.params.items()), self.key)


def plan_read(entity: Entity, constraints: Sequence[Constraint], *, push_down: bool = True) -> Plan | None:
    """Return how the table is read under these constraints; None where they do not suffice."""
    found: dict[Role, int] = {}
    is_last_resort = False
    for index, each in enumerate(constraints):
        kind = _kind_of(entity, each.column)
        if kind in {"parent", "hidden"} and each.operator == EQUAL and not each.usable:
            if each.column != ACCOUNT:
                return None  # without it the table would hold something else
            is_last_resort = True  # it would be the own account's rows: only where no other order of the join works
        if each.usable and each.exact and (kind == "filter" or each.operator == EQUAL):
            found.setdefault((kind, each.column, each.operator), index)
    given = {column for kind, column, _ in found if kind == "parent"}
    if any(parent.column not in given for parent in entity.required_parents):
        return None

    found = found if push_down else {role: index for role, index in found.items() if role[0] != "filter"}
    plan = _plan_fetch(entity, found, push_down=push_down) or _plan_list(entity, found, constraints)
    return replace(plan, cost=plan.cost + _LAST_RESORT) if plan and is_last_resort else plan


def _kind_of(entity: Entity, column: str) -> str:
    if any(each.hidden and each.column == column for each in entity.filters):
        return "hidden"
    if any(parent.column == column for parent in entity.parents):
        return "parent"
    return "key" if column == entity.key and not entity.is_listable else "filter"


def needed_columns(entity: Entity) -> tuple[str, ...]:
    """Return the columns without which Twilio cannot be asked at all."""
    parents = tuple(parent.column for parent in entity.required_parents)
    return parents if entity.is_listable or not entity.key else (*parents, entity.key)


def _plan_fetch(entity: Entity, found: Mapping[Role, int], *, push_down: bool) -> Plan | None:
    """Plan to get one resource: by its key where that is known, always where Twilio has no list."""
    if "get" not in entity.operations or (entity.is_listable and not (entity.key and push_down)):
        return None
    by_key = next((role for role in found if role[1:] == (entity.key, EQUAL)), None)
    if entity.key and by_key is None:
        return None
    used = {role: index for role, index in found.items() if role[0] == "parent"}
    used |= {("key", entity.key, EQUAL): found[by_key]} if by_key else {}
    return Plan(entity, tuple(used), tuple(used.values()), True, *_FETCH)


def _plan_list(entity: Entity, found: Mapping[Role, int], constraints: Sequence[Constraint]) -> Plan | None:
    if not entity.is_listable:
        return None
    used = {role: index for role, index in found.items() if role[0] != "filter" or _filters_of(entity, role)}
    operators = {operator for kind, _, operator in used if kind == "filter"}
    cost = _EQUAL if EQUAL in operators else _RANGE if operators else _CHILDREN if entity.required_parents else _ALL

    others = [each.operator for each in constraints if each.operator not in {LIMIT, OFFSET}]
    is_whole = len(used) == len(others)
    limit = next((index for index, each in enumerate(constraints) if each.operator == LIMIT and each.usable), None)
    if limit is not None and all(each.operator != OFFSET for each in constraints):
        used |= {(LIMIT, "", LIMIT): limit}
    return Plan(entity, tuple(used), tuple(used.values()), False, *cost, is_whole)


def _filters_of(entity: Entity, role: Role) -> list[tuple[Filter, str]]:
    """Return Twilio's parameters for a comparison, and the comparison that each stands for.

    Where no filter compares for equality, the bounds from both sides do.
    """
    kind, column, operator = role
    own = [each for each in entity.filters if each.column == column and each.hidden == (kind == "hidden")]
    if kind == "hidden" or operator not in {EQUAL, *BOUNDS}:
        return [(each, EQUAL) for each in own] if kind == "hidden" else []
    same = [(each, operator) for each in own if each.operator == operator[0]]
    bounds = [(each, f"{each.operator}=") for each in own if each.operator in "<>"]
    if operator != EQUAL:
        return same
    takes_moments = any(each.type == "datetime" for each, _ in bounds)  # a day would be wider than two moments
    return bounds if takes_moments or not same else same


def build_request(plan: Plan, arguments: Sequence[Value]) -> Request | None:
    """Return the request for these values; None where no row can match: nothing equals NULL.

    Raise BadRequestError where a filter that is no column cannot take its value: nothing would check it later.
    """
    given = list(zip(plan.roles, arguments, strict=True))
    if any(value is None for _, value in given):
        return None
    parents = {column: str(value) for (kind, column, _), value in given if kind == "parent"}
    keys = [str(value) for (kind, _, _), value in given if kind == "key"]
    encoded = {role: _encode(plan.entity, role, value) for role, value in given if role[0] in {"filter", "hidden"}}

    params: dict[str, str] = {}
    for role in sorted(encoded, key=lambda role: role[0] == "hidden"):  # what is no column decides what is listed
        params = {**encoded[role], **params} if role[0] == "filter" else params | encoded[role]
    return Request(
        plan.entity,
        parents,
        params,
        key=(keys or [""])[0] if plan.fetches else None,
        hidden={column: value for (kind, column, _), value in given if kind == "hidden"},
        pushed=tuple(role[1:] for role, _ in given if role[0] != LIMIT and encoded.get(role, True)),
        limit=next((value for role, value in given if role[0] == LIMIT and isinstance(value, int)), None),
        is_whole=plan.is_whole and all(encoded.values()),
    )


def _encode(entity: Entity, role: Role, value: Value) -> dict[str, str]:
    """Return Twilio's parameters for a value; none where its answer could lack rows that match."""
    filters = _filters_of(entity, role)
    encoded = {each.param: encode_filter(each, operator, value) for each, operator in filters}
    if role[0] == "hidden" and None in encoded.values():
        raise BadRequestError(f"{role[1]} takes {_describe_values(filters[0][0])}, not {value!r}")
    return {param: text for param, text in encoded.items() if text is not None}


def _describe_values(given: Filter) -> str:
    return f"one of {', '.join(given.values)}" if given.values else f"a value of type {given.type}"


def describe_request(plan: Plan, values: Sequence[Value]) -> dict[str, object]:
    """Return what a plan asks Twilio, with `…` for each value (None) that is not known before it runs."""
    operation = plan.entity.operations["get" if plan.fetches else "list"]
    path, pushed = operation.path, []
    params: dict[str, str] = {}
    for role, value in zip(plan.roles, values, strict=True):
        kind, column, operator = role
        if kind == LIMIT:
            continue
        pushed.append(f"{column} {operator}")
        if kind in {"parent", "key"}:
            param = plan.entity.key_param if kind == "key" else _path_param(plan.entity, column)
            path = path.replace(f"{{{param}}}", UNKNOWN if value is None else str(value))
        else:
            unknown = {each.param: UNKNOWN for each, _ in _filters_of(plan.entity, role)}
            params |= unknown if value is None else _encode(plan.entity, role, value)
    query = "&".join(f"{param}={value}" for param, value in params.items())
    request = f"{operation.method} {plan.entity.product}{path}{'?' if query else ''}{query}"
    return {"entity": plan.entity.name, "request": request, "pages": not plan.fetches, "pushed_down": pushed}


def _path_param(entity: Entity, column: str) -> str:
    return next(parent.param for parent in entity.parents if parent.column == column)
