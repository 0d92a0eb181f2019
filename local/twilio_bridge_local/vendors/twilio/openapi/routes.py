"""Twilio's description as routes: which operation a request asks for, and how it is described."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

Json = Mapping[str, Any]
DESCRIPTION: Final = Path(__file__).with_name("description")
METHODS: Final = ("get", "post", "put", "patch", "delete")
PAGING: Final = frozenset({"PageSize", "Page", "PageToken"})
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Document:
    """A file of the description: a version of a product."""

    product: str
    content: Json

    def resolve(self, schema: Json) -> Json:
        """Return a schema with its references followed and, of `oneOf`, all properties together."""
        beside: dict[str, Any] = {}
        while "$ref" in schema:
            beside = {**{name: value for name, value in schema.items() if name != "$ref"}, **beside}
            schema = self._at(schema["$ref"])
        merged = {**schema, **beside}
        if "oneOf" in merged:
            options = [self.resolve(option) for option in merged["oneOf"]]
            merged["properties"] = {name: part for option in options for name, part in option["properties"].items()}
        return merged

    def _at(self, reference: str) -> Json:
        found: Any = self.content
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found  # type: ignore[no-any-return]  # an object, as every target of a reference is


@dataclass(frozen=True)
class Route:
    """An operation at a path."""

    document: Document
    method: str
    path: str
    operation: Json = field(repr=False)

    @property
    def product(self) -> str:
        """The product, which is the first path segment where Twilio is reached elsewhere."""
        return self.document.product

    @property
    def verb(self) -> str:
        """List, Fetch, Create, Update or Delete, as Twilio's operation ids begin."""
        return re.split(r"(?<=[a-z])(?=[A-Z])", self.operation["operationId"], maxsplit=1)[0]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path has to look like; a parameter takes one segment."""
        parts = _PARAMETER.split(self.path)
        names = parts[1::2]
        texts = [re.escape(text) for text in parts[::2]]
        groups = [f"(?P<{name}>[^/]+)" for name in names]
        return re.compile("".join(text + group for text, group in zip(texts, [*groups, ""], strict=True)))

    @cached_property
    def query(self) -> Mapping[str, Json]:
        """The query parameters' schemas by name."""
        return {name: self.document.resolve(found["schema"]) for name, found in self._parameters("query")}

    @cached_property
    def places(self) -> Mapping[str, Json]:
        """The path parameters' schemas by name."""
        return {name: self.document.resolve(found["schema"]) for name, found in self._parameters("path")}

    @cached_property
    def body(self) -> Json:
        """The body's schema; empty where there is none."""
        contents = list(self.operation.get("requestBody", {}).get("content", {}).items())
        return self.document.resolve(contents[0][1]["schema"]) if contents else {}

    @property
    def takes_json(self) -> bool:
        """Whether the body is JSON, of any shape, and no form."""
        return "application/json" in self.operation.get("requestBody", {}).get("content", {})

    @cached_property
    def status(self) -> int:
        """The status of success."""
        return int(next(code for code in self.operation["responses"] if code[0] in "23"))

    @cached_property
    def answer(self) -> Mapping[str, Json]:
        """The properties of the successful answer."""
        content = self.operation["responses"][str(self.status)].get("content", {})
        schema = self.document.resolve(content.get("application/json", {}).get("schema", {}))
        return {name: self.document.resolve(part) for name, part in schema.get("properties", {}).items()}

    @cached_property
    def rows_key(self) -> str:
        """Where a list's rows stand in its answer."""
        return next(name for name, part in self.answer.items() if part.get("type") == "array")

    @cached_property
    def row(self) -> Mapping[str, Json]:
        """The properties of a resource that the operation answers."""
        if self.verb != "List":
            return self.answer
        schema = self.document.resolve(self.answer[self.rows_key]["items"])
        return {name: self.document.resolve(part) for name, part in schema.get("properties", {}).items()}

    @cached_property
    def key_param(self) -> str:
        """The parameter in the path's last segment: it names a resource of the collection before it."""
        match = _PARAMETER.fullmatch(self.path.removesuffix(".json").rpartition("/")[2])
        return match[1] if match else ""

    def _parameters(self, place: str) -> Iterator[tuple[str, Json]]:
        for each in self.operation.get("parameters", ()):
            found = self.document.resolve(each)
            if found["in"] == place:
                yield found["name"], found


@dataclass(frozen=True)
class Match:
    """A request's route, and the values in its path."""

    route: Route
    values: Mapping[str, str]


class Routes:
    """All of them, found by product, method and path."""

    def __init__(self, documents: list[Document]) -> None:
        self.all = [
            Route(document, method.upper(), path, item[method])
            for document in documents
            for path, item in document.content["paths"].items()
            for method in METHODS
            if method in item
        ]
        self.all.sort(key=lambda route: len(route.places))  # a plain segment goes before a parameter

    def find(self, product: str, method: str, path: str) -> Match | None:
        """Return the match of a raw path, still percent-encoded."""
        return next((match for match in self.matches(product, path) if match.route.method == method), None)

    def matches(self, product: str, path: str) -> Iterator[Match]:
        """Yield a path's matches, whatever the method."""
        for route in self.all:
            if route.product == product and (found := route.pattern.fullmatch(path)):
                yield Match(route, {name: unquote(value) for name, value in found.groupdict().items()})


@cache
def load_routes(folder: Path) -> Routes:
    """Return the routes of the description in a folder."""
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return Routes([Document(_product(content), content) for content in contents])


def _product(content: Json) -> str:
    return str(content["servers"][0]["url"]).removeprefix("https://").split(".")[0]
