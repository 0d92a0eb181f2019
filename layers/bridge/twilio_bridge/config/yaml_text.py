"""YAML as people write it, where YAML 1.1 reads something else into it.

A number with its plus sign, a time such as 10:00, a date and Norway's NO are texts: YAML itself would make
442079460000, 600, a moment and false of them.
"""

import re
from typing import Any

import yaml

TAG = "tag:yaml.org,2002:"
# What is no text, with the characters that it may begin with.
NO_TEXTS = (
    ("bool", r"yes|Yes|no|No|true|True|TRUE|false|False|FALSE|on|On|off|Off", "yYnNtTfFoO"),
    ("int", r"0|-?[1-9][0-9_]*", "-0123456789"),
    ("float", r"-?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?", "-0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)


class RepeatedKeyError(yaml.MarkedYAMLError):
    """A key stands twice in one mapping; YAML itself would silently drop the first."""


class _Loader(yaml.SafeLoader):
    """Refuses repeated keys while mappings still are as they were written: `<<` may be overridden."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  as it is declared there

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401  as it is declared there
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value} stands here a second time"
                    raise RepeatedKeyError(problem=problem, problem_mark=key.start_mark)
                seen.add(key.value)
        return node


for _kind, _pattern, _first in NO_TEXTS:
    _Loader.add_implicit_resolver(f"{TAG}{_kind}", re.compile(f"(?:{_pattern})$"), list(_first))


def load_yaml(text: str) -> Any:  # noqa: ANN401  any YAML
    """Return what a text holds.

    Raises:
        yaml.YAMLError: It is no YAML, or a RepeatedKeyError.
        ValueError, RecursionError: It is YAML that stands for nothing.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506  it is a SafeLoader
