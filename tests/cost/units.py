"""What a call to AWS is billed, from what was sent and what came back.

Sources: DynamoDB Developer Guide, "DynamoDB item sizes and formats" and "DynamoDB read and write operations";
SQS pricing (64 KB a request); Firehose pricing (a record is rounded up to 5 KB).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

KB = 1024
GB = 1_000_000_000
Item = Mapping[str, Mapping[str, Any]]


def item_size(item: Item) -> int:
    """Bytes of an item: the names and the values of its attributes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """Bytes of one attribute's value, as DynamoDB counts them; a number has a byte for two digits and one more."""
    (kind, held), *_ = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "B":
        return len(held)
    if kind == "N":
        return ceil(len(held.lstrip("-").replace(".", "")) / 2) + 1
    if kind == "M":
        return 3 + len(held) + item_size(held)
    if kind == "L":
        return 3 + len(held) + sum(map(value_size, held))
    if kind in ("SS", "NS", "BS"):
        return sum(value_size({kind[0]: each}) for each in held)
    return 1


def write_units(before: int, after: int, *, transaction: bool = False) -> int:
    """Units of a write: one a KB begun of the larger of the item before and after; in a transaction twice that."""
    return max(1, ceil(max(before, after) / KB)) * (2 if transaction else 1)


def read_units(size: int, *, consistent: bool = False) -> float:
    """Units of reading one item: one for 4 KB begun; half of it if an older state will do."""
    return max(1, ceil(size / (4 * KB))) * (1.0 if consistent else 0.5)


def query_units(sizes: Iterable[int], *, consistent: bool = False) -> float:
    """Units of a query or a scan: its items count together."""
    return read_units(sum(sizes), consistent=consistent)


def sqs_requests(bodies: int) -> int:
    """Requests that one call of this many bytes is."""
    return max(1, ceil(bodies / (64 * KB)))


def firehose_bytes(records: Iterable[int]) -> int:
    """Bytes that Firehose bills for records of these sizes."""
    return sum(ceil(size / (5 * KB)) * 5 * KB for size in records)
