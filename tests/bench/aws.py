"""The real services over moto, with every call to AWS counted by operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.stack import Stack


@contextmanager
def counted_stack() -> Iterator[tuple[Stack, Counter[str]]]:
    """A stack whose pumps stand still, and the calls its clients make from now on."""
    from chalicelib import wiring

    calls: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    with Stack() as stack:
        for name in ("dynamodb", "sqs", "firehose"):
            wiring.client(name).meta.events.register(f"before-call.{name}", note)
        yield stack, calls
