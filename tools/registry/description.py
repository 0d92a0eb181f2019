"""Twilio's OpenAPI description: reading it, and making it small enough to stand in the repository.

What is kept describes which requests are right and what answers look like; what is left out are examples, headers of
answers and long texts.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

METHODS: Final = ("get", "post", "put", "patch", "delete")
_LEFT_OUT: Final = frozenset({"examples", "example", "headers", "security", "servers", "summary", "tags", "title"})

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Document:
    """One file: a product's version."""

    product: str
    content: Json

    def resolve(self, schema: Json) -> Json:
        """Follow references; what stands beside a reference is kept."""
        beside: dict[str, Any] = {}
        while "$ref" in schema:
            beside = {**{name: value for name, value in schema.items() if name != "$ref"}, **beside}
            schema = _at(self.content, schema["$ref"])
        return {**schema, **beside}

    def operations(self) -> Iterator[tuple[str, str, Json]]:
        """Yield path, method and operation, in the file's order."""
        for path, item in self.content["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def parameters(self, operation: Json, place: str) -> list[Json]:
        """Return an operation's parameters in `path`, `query` or `header`."""
        found = [self.resolve(parameter) for parameter in operation.get("parameters", ())]
        return [parameter for parameter in found if parameter["in"] == place]

    def answer(self, operation: Json) -> Json:
        """Return the schema of the successful answer; empty where it has no JSON."""
        answers = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
        content = answers[0].get("content", {}) if answers else {}
        return self.resolve(content.get("application/json", {}).get("schema", {}))

    def body(self, operation: Json) -> tuple[str, Json]:
        """Return `form`, `json` or "", and the body's schema."""
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            return "json" if "json" in kind else "form", self.resolve(content["schema"])
        return "", {}


def read_documents(folder: Path) -> list[Document]:
    """Return the description's files in a folder, in the order of their names."""
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return [Document(_product(content), content) for content in contents]


def compact(content: Json) -> Json:
    """Return a file's content without what neither the registry nor the stand-in needs."""
    paths = {path: _compact_item(item) for path, item in content["paths"].items()}
    kept = {name: _compact(part) for name, part in content["components"].items() if name != "securitySchemes"}
    return {"servers": content["servers"], "paths": paths, "components": kept}


def write_compact(source: Path, target: Path) -> None:
    """Write every file of a folder, compact, into another: a path or a schema a line."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.json")):
        content = compact(json.loads(path.read_text(encoding="utf-8")))
        (target / path.name).write_text(_written(content), encoding="utf-8")


def first_sentence(text: str) -> str:
    """Return a text's first sentence without Markdown's links."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text or "").split("\n")[0].strip()
    return re.split(r"(?<=[.!?])\s", plain)[0]


def _product(content: Json) -> str:
    return str(content["servers"][0]["url"]).removeprefix("https://").split(".")[0]


def _at(content: Json, reference: str) -> Json:
    found: Any = content
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found  # type: ignore[no-any-return]  # an object, as every target of a reference is


def _compact_item(item: Json) -> Json:
    kept = {method: _compact_operation(item[method]) for method in METHODS if method in item}
    described = {"description": first_sentence(item["description"])} if item.get("description") else {}
    return {**described, **kept}


def _compact_operation(operation: Json) -> Json:
    kept = {name: value for name, value in operation.items() if name != "description"}
    kept["responses"] = {code: _compact_answer(answer) for code, answer in operation["responses"].items()}
    return _compact(kept)  # type: ignore[no-any-return]  # an object in, an object out


def _compact_answer(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name == "content"}


def _compact(part: Any, *, named: bool = False) -> Any:  # noqa: ANN401  any JSON
    """Leave out keywords that have no use here; what stands under `properties` are names, not keywords."""
    if isinstance(part, list):
        return [_compact(each) for each in part]
    if not isinstance(part, Mapping):
        return part
    left_out = frozenset[str]() if named else _LEFT_OUT | {"description"}
    inside = {name: value for name, value in part.items() if name not in left_out}
    return {name: _compact(value, named=name in {"properties", "schemas"}) for name, value in inside.items()}


def _written(content: Json) -> str:
    """Return JSON with one path or one component a line, so that a change is seen in its line."""
    paths = _lines(content["paths"])
    components = ",\n".join(f"{_json(name)}:{{\n{_lines(part)}\n}}" for name, part in content["components"].items())
    servers = _json(content["servers"])
    return f'{{"servers":{servers},\n"paths":{{\n{paths}\n}},\n"components":{{\n{components}\n}}}}\n'


def _lines(named: Json) -> str:
    return ",\n".join(f"{_json(name)}:{_json(value)}" for name, value in named.items())


def _json(value: Any) -> str:  # noqa: ANN401  any JSON
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
