"""Fields of a JSON object, read one by one; what is wrong with them is collected, so that it is answered at once."""

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Fields:
    """An object's fields. `place` stands before their names in faults, such as `sender.`."""

    values: Mapping[str, Any]
    faults: list[str] = field(default_factory=list)
    place: str = ""

    def refuse(self, name: str, problem: str) -> None:
        """Collect what is wrong with a field."""
        self.faults.append(f"{self.place}{name}: {problem}")

    def check_names(self, known: Collection[str]) -> None:
        """Refuse the fields that are not known, each with the nearest known name."""
        for name in self.values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
                self.refuse(str(name)[:64], "no such field" + (f"; did you mean {near[0]}?" if near else ""))

    def read_text(self, name: str, default: str = "", pattern: str = "", form: str = "") -> str:
        """Return a text of a form, the default where it is absent or wrong."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self.refuse(name, "is to be a text")
            return default
        if pattern and not re.fullmatch(pattern, value.strip()):
            self.refuse(name, f"is to be {form}")
            return default
        return value.strip() if pattern else value

    def read_number(self, name: str, default: float, low: float, high: float, *, is_whole: bool = True) -> float:
        """Return a number within bounds, the default where it is absent or wrong."""
        value = self.values.get(name)
        if value is None:
            return default
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (is_whole and value != int(value)):
            self.refuse(name, f"is to be a{' whole' if is_whole else ''} number from {low:,g} to {high:,g}")
            return default
        return float(value)

    def read_optional_number(self, name: str, default: float | None, low: float, high: float) -> float | None:
        """Return a number within bounds, None where it is null."""
        if self.values.get(name) is None:
            return None if name in self.values else default
        return self.read_number(name, high, low, high, is_whole=False)

    def read_flag(self, name: str) -> bool:
        """Return a flag, False where it is absent or wrong."""
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            self.refuse(name, "is to be true or false")
        return value is True

    def read_choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return one of some texts, the default where it is absent or wrong."""
        value = self.values.get(name, default)
        if value not in choices:
            self.refuse(name, f"is to be {' or '.join(choices)}")
            return default
        return str(value)

    def read_texts(self, name: str) -> dict[str, str]:
        """Return an object of texts."""
        value = self.values.get(name) or {}
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            self.refuse(name, "is to be an object of texts")
            return {}
        return value

    def read_list(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            self.refuse(name, "is to be a list of texts")
            return ()
        return tuple(value)

    def read_object(self, name: str) -> "Fields":
        """Return an object's own fields, whose faults are collected here."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            self.refuse(name, "is to be an object")
        return Fields(value if isinstance(value, dict) else {}, self.faults, f"{self.place}{name}.")
