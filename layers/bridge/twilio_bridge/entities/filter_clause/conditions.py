"""What a clause comes to: its conditions, and the WHERE that they are rendered as."""

from dataclasses import dataclass

from twilio_bridge.entities.values import Value
from twilio_bridge.errors import BadRequestError


@dataclass(frozen=True, slots=True)
class Term:
    """One of the conditions that a clause joins by AND: its text, and what Twilio could be asked of it."""

    text: str
    comparisons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FilterClause:
    """A clause as a WHERE, the values bound to it, and its terms; or one SID."""

    where: str = ""
    values: tuple[Value, ...] = ()
    terms: tuple[Term, ...] = ()
    sid: str = ""


class FilterClauseError(BadRequestError):
    """The clause cannot be used; `position` (from 1) is where."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"filterClause, position {position}: {message}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Test:
    """A column compared with values: `operator` is a comparison, IN, BETWEEN, LIKE or IS NULL."""

    column: str
    operator: str
    values: tuple[Value, ...]
    position: int
    negated: bool = False
    hidden: bool = False

    @property
    def comparisons(self) -> tuple[tuple[str, str], ...]:
        """The comparisons that stand for it where it is handed to Twilio."""
        operators = {"IN": ("=",), "BETWEEN": (">=", "<=")}.get(self.operator, (self.operator,))
        return () if self.negated else tuple((self.column, operator) for operator in operators)


@dataclass(frozen=True, slots=True)
class Group:
    """Terms joined by AND or OR, or one of which the contrary holds (NOT)."""

    joined_by: str
    terms: tuple["Node", ...]

    @property
    def comparisons(self) -> tuple[tuple[str, str], ...]:
        """As of a test; only of what is joined by AND."""
        each = [term.comparisons for term in self.terms]
        return tuple(pair for pairs in each for pair in pairs) if self.joined_by == "AND" and all(each) else ()


Node = Test | Group


def render_condition(node: Node, values: list[Value], *, top: bool) -> str:
    """Return a condition as SQL and add its values.

    Only what the clause joins by AND is left for Twilio. `+` keeps SQLite from reading a table once a branch of an OR:
    a list that is cut goes on in the middle of one reading.
    """
    if isinstance(node, Test):
        return _render_test(node, values, top=top)
    if node.joined_by == "NOT":
        return f"NOT ({render_condition(node.terms[0], values, top=False)})"
    is_top = top and node.joined_by == "AND"
    return f"({f' {node.joined_by} '.join(render_condition(term, values, top=is_top) for term in node.terms)})"


def _render_test(test: Test, values: list[Value], *, top: bool) -> str:
    column = f'{"" if top else "+"}"{test.column}"'
    negation = "NOT " if test.negated else ""
    values.extend(test.values)
    match test.operator:
        case "IN":
            return f"{column} {negation}IN ({', '.join('?' * len(test.values))})"
        case "BETWEEN":
            return f"{column} {negation}BETWEEN ? AND ?"
        case "LIKE":
            return f"{column} {negation}LIKE ?{' ESCAPE ?' if test.values[1:] else ''}"
        case "IS NULL":
            return f"{column} IS {negation}NULL"
    return f"{column} {test.operator} ?"
