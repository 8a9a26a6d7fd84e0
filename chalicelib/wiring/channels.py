"""The channels that go to the customer: who carries each. A new one is a line of `CARRIERS` and its adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring

if TYPE_CHECKING:
    from chalicelib.services.ports import Sender

#: The factory in `wiring` of each carrier's sender.
CARRIERS = {"email": "email_sender", "sms": "sms_sender"}


def carriers() -> frozenset[str]:
    """Those there are: on any other channel that goes out nobody can be reached."""
    return frozenset(CARRIERS)


class Senders(Mapping[str, "Sender"]):
    """A sender by carrier, each made when it is first needed: who sends e-mail loads no other client."""

    def __getitem__(self, carrier: str) -> Sender:
        if carrier not in carriers():
            raise KeyError(carrier)
        made: Sender = getattr(wiring, CARRIERS[carrier])()
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(carriers())

    def __len__(self) -> int:
        return len(carriers())


@cache
def senders() -> Mapping[str, Sender]:
    """Every carrier's sender."""
    return Senders()
