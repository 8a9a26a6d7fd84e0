"""A look at an e-mail that could be a person's or a scanner's is told, now that what came after it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import EventBatch
from chalicelib.domain.looks import look_in
from chalicelib.domain.machines import is_burst, mark_of
from chalicelib.services.ports import Clock, Deliveries, EventQueue


@dataclass(frozen=True, slots=True)
class JudgeLook:
    """Takes the job of `domain/looks.py`. Taken twice it sends the same event twice, which counts once."""

    deliveries: Deliveries
    events: EventQueue
    clock: Clock

    def __call__(self, job: Mapping[str, Any]) -> bool:
        """Send the event; whether it was a machine. Raises `Retry`."""
        look = look_in(job)
        row = self.deliveries.read([look.delivery]).get(look.delivery)
        if row is None:  # erased
            return False
        machine = is_burst(look.at, row.followed, mark_of(look.link) if look.link else "")
        self.events.send(EventBatch((look.event(row, machine=machine, now=self.clock()),)))
        return machine
