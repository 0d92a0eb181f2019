"""Where moto does the same work again and again, or more the more it holds, and what makes it answer at once.

Of any service, here:
- A request and an answer look up each of the ten types of each attribute. Here they look at the one there is.
- An answer works out anew under which names each of its members may stand. Here the names are kept.
- A request's id asks for 52 random letters one by one. Here it asks for them at once.
- A request lists all that DynamoDB can do anew, works out its action's name in Python, and looks through moto's folders
  for its service. Here all three are kept.

Of one: `moto_speed_dynamodb`, `moto_speed_expressions` and `moto_speed_sqs`.
"""

import string
from functools import cache, lru_cache
from typing import Any, Final

import moto.core.responses
from moto.core.parse import BaseJSONParser
from moto.core.serialize import AttributePickerContext, BaseJSONSerializer, XFormedAttributePicker
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.moto_api._internal.moto_random import MotoRandom
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from twilio_bridge_local.aws.moto_speed_dynamodb import speed_up_dynamodb
from twilio_bridge_local.aws.moto_speed_expressions import speed_up_expressions
from twilio_bridge_local.aws.moto_speed_sqs import speed_up_sqs

_moto_finds_service: Final = DomainDispatcherApplication.get_backend_for_host
_moto_finds_value: Final = BaseJSONSerializer.get_value
_moto_parses: Final = BaseJSONParser._parse_structure
_moto_serializes: Final = BaseJSONSerializer._serialize_type_structure

_LIKE_JSON: Final = {("S", str), ("N", str), ("BOOL", bool), ("NULL", bool)}


def speed_up_moto() -> None:
    """Let moto answer in a time that does not depend on what it holds, and do its work once."""
    BaseJSONParser._parse_structure = _parse
    BaseJSONSerializer._serialize_type_structure = _serialize
    BaseJSONSerializer.get_value = _find_value
    MotoRandom.get_random_string = _make_string
    moto.core.responses.camelcase_to_underscores = lru_cache(camelcase_to_underscores)
    moto.core.responses.method_names_from_class = cache(method_names_from_class)
    DomainDispatcherApplication.get_backend_for_host = _find_service
    speed_up_dynamodb()
    speed_up_expressions()
    speed_up_sqs()


def _find_service(dispatcher: Any, host: str | None) -> str | None:
    found: dict[str | None, str | None] = dispatcher.__dict__.setdefault("_found", {})
    if host not in found:
        found[host] = _moto_finds_service(dispatcher, host)
    return found[host]


def _parse(parser: Any, shape: Any, value: Any) -> Any:
    """Parse the type that an attribute's value has; anything else as moto does."""
    if shape.name != "AttributeValue" or type(value) is not dict or len(value) != 1:
        return _moto_parses(parser, shape, value)

    [(name, member)] = value.items()
    if member is None or name not in shape.members:
        return _moto_parses(parser, shape, value)

    parsed = parser.MAP_TYPE()
    parsed[name] = parser._parse_shape(shape.members[name], member)
    return parsed


def _serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Serialize what an attribute's value has; anything else as moto does."""
    if shape.name != "AttributeValue" or type(value) is not dict or not value.keys() <= shape.members.keys():
        _moto_serializes(serializer, serialized, value, shape, key)
        return

    wrapper: dict[str, object] = serializer.MAP_TYPE()
    for name, member in value.items():
        if (name, type(member)) in _LIKE_JSON:
            wrapper[name] = member
        elif member is not None:
            serializer._serialize(wrapper, member, shape.members[name], name)
    serializer._default_serialize(serialized, wrapper, shape, key)


def _find_value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
    """Return a plain dictionary's member by the first of its names that stands there; any other as moto does."""
    picker = serializer._value_picker
    if type(value) is not dict or type(picker) is not XFormedAttributePicker or picker.response_transformers:
        return _moto_finds_value(serializer, value, key, shape)

    return next((value[name] for name in _find_names(picker, key, shape) if name in value), None)


def _find_names(picker: Any, key: str, shape: Any) -> tuple[str, ...]:
    """Return the names under which a member may stand; all plain dictionaries have the same."""
    known: dict[object, tuple[str, ...]] = shape.__dict__.setdefault("_possible_names", {})
    asked = key, getattr(shape, "parent", None)
    if asked not in known:
        known[asked] = tuple(picker.get_possible_keys(AttributePickerContext({}, key, shape)))
    return known[asked]


def _make_string(random: Any, length: int = 20, include_digits: bool = True, lower_case: bool = False) -> str:
    letters = string.ascii_letters + (string.digits if include_digits else "")
    made = "".join(random.choices(letters, k=length))
    return made.lower() if lower_case else made
