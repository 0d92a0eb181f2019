"""Where moto does the same work again and again, or more the more it holds, and what makes it answer at once.

Of any service, here:
- An answer looks up each of the ten types of each attribute, under several names. Here it looks at the one there is.
- A request lists all that DynamoDB can do anew, and looks through moto's folders for its service. Here both are kept.

Of one: `moto_speed_dynamodb`, `moto_speed_expressions` and `moto_speed_sqs`.
"""

from functools import cache
from typing import Any, Final

import moto.core.responses
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from twilio_bridge_local.aws.moto_speed_dynamodb import speed_up_dynamodb
from twilio_bridge_local.aws.moto_speed_expressions import speed_up_expressions
from twilio_bridge_local.aws.moto_speed_sqs import speed_up_sqs

_moto_finds_service: Final = DomainDispatcherApplication.get_backend_for_host
_moto_serializes: Final = BaseJSONSerializer._serialize_type_structure


def speed_up_moto() -> None:
    """Let moto answer in a time that does not depend on what it holds, and do its work once."""
    BaseJSONSerializer._serialize_type_structure = _serialize
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


def _serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Serialize what an attribute's value has; anything else as moto does."""
    if shape.name != "AttributeValue" or type(value) is not dict or not value.keys() <= shape.members.keys():
        _moto_serializes(serializer, serialized, value, shape, key)
        return

    wrapper: dict[str, object] = serializer.MAP_TYPE()
    for name, member in value.items():
        if member is not None:
            serializer._serialize(wrapper, member, shape.members[name], name)
    serializer._default_serialize(serialized, wrapper, shape, key)
