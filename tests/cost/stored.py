"""What lies in moto's tables, and how many bytes it has."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from infra.local.resources import ACCOUNT, REGION
from tests.cost import units


def table(name: str) -> Any:
    """A table as moto holds it."""
    from moto.dynamodb.models import dynamodb_backends

    return dynamodb_backends[ACCOUNT][REGION].get_table(name)


def key_of(name: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """The key of an item of this table."""
    names = [each["AttributeName"] for each in table(name).schema]
    return {each: item[each] for each in names}


def stored(name: str, key: Mapping[str, Any]) -> int:
    """Bytes of what is stored under a key, 0 for nothing."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    found = table(name)
    hash_key, *rest = [DynamoType(key[each["AttributeName"]]) for each in found.schema]
    held = found.items.get(hash_key)
    item = held.get(rest[0]) if rest and held is not None else held
    if item is None:
        return 0
    return size_of(item)


def size_of(item: Any) -> int:
    """Bytes of an item as moto holds it."""
    return units.item_size({name: _plain(value.to_json()) for name, value in item.attrs.items()})


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """moto keeps binary as base64."""
    if "B" in value:
        held = value["B"]
        return {"B": base64.b64decode(held) if isinstance(held, str) else held}
    return value
