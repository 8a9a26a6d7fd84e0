"""EventBridge's rate of one minute, on the local clock, without the minutes in which nothing is due."""

from __future__ import annotations

import uuid
from typing import Any

from chalicelib.domain.instants import to_text
from infra.local.clock import LocalClock
from infra.local.functions import TICK
from infra.local.resources import ACCOUNT, PREFIX, REGION

MINUTE = 60_000


class TickPump:
    """Calls `tick` when a minute has begun since it last was; while the clock is held, only when asked to."""

    name, threads = "tick", 1

    def __init__(self, clock: LocalClock) -> None:
        self._clock = clock
        self._last = _minute(clock.now())
        self._asked = False

    def ready(self) -> bool:
        return self._asked or (not self._clock.held and _minute(self._clock.now()) > self._last)

    def next_due(self) -> int:
        return self._last + MINUTE

    def step(self) -> None:
        self._asked = False
        self._last = _minute(self._clock.now())
        self._pass_empty_minutes()
        TICK.invoke(tick_event(self._last))

    def ask(self) -> None:
        """Call `tick` at the instant the clock is held at."""
        self._asked = True

    def next_ring(self) -> int | None:
        """The first minute at which a tick will hand something out, None if nothing waits.

        A tick hands out the minute after its own, so that nothing rings late. What was counted is folded before the
        log of its slot may be gone, and learned of once it could be answered: there is a tick when a slot closes, and
        when an hour is ripe.
        """
        ring = _first_due(after=_agenda().cursor())
        waiting = [
            at
            for at in (ring and ring - MINUTE, _first_to_close(), _first_ripe(self._last))
            if at is not None
        ]
        return max(min(waiting), self._last + MINUTE) if waiting else None

    def start_over(self) -> None:
        """The clock was set back before anything was collected: the agenda begins here."""
        self._last = _minute(self._clock.now())
        agenda = _agenda()
        agenda.advance(agenda.cursor(), self._last - MINUTE)

    def _pass_empty_minutes(self) -> None:
        """Move the agenda's cursor up to what is due, so that two months of nothing aren't walked through."""
        agenda = _agenda()
        cursor = agenda.cursor()
        first = _first_due(after=cursor)
        empty = self._last if first is None else min(self._last, first - MINUTE)
        if empty > cursor:
            agenda.advance(cursor, empty)


def _minute(at: int) -> int:
    return at - at % MINUTE


def _agenda() -> Any:
    from chalicelib import wiring

    return wiring.agenda()


def _first_due(after: int) -> int | None:
    """The earliest minute in which anything is to be handed out: an entry of the agenda, the file of a day."""
    found = (_first_minute(after), _first_file(after))
    return min((minute for minute in found if minute is not None), default=None)


def _first_file(after: int) -> int | None:
    """When the file of the earliest day with letters is due, None if there are none."""
    from chalicelib.domain.instants import from_text
    from chalicelib.domain.letters import DAY, SETTLED

    days = {key.split("/")[1] for key in _letters()}
    due = (from_text(f"{day}T00:00:00Z") + DAY + SETTLED for day in days)
    return min((minute for minute in due if minute > after), default=None)


def _letters() -> list[str]:
    """The keys of letters that are in no file yet, read off moto's bucket."""
    from moto.s3.models import s3_backends

    from chalicelib import settings

    bucket = s3_backends[ACCOUNT]["aws"].buckets[settings.load().lake_bucket]
    return [key for key in list(bucket.keys) if key.startswith("mail/") and key.count("/") == 2]


def _first_minute(after: int) -> int | None:
    """The earliest minute that has entries, read off the slots' keys (`<minute in ms>#<shard>`)."""
    slots = (str(slot.value) for slot, entries in _items("agenda") if entries)
    minutes = (int(slot.split("#")[0]) for slot in slots if slot != "cursor")
    return min((minute for minute in minutes if minute > after), default=None)


def _first_to_close() -> int | None:
    """When the earliest slot closes that is marked as counted in, None if none is."""
    from chalicelib.domain.periods import CLOSED, start_of

    found = [
        str(part.value) for key, parts in _items("tallies") if str(key.value) == "marks" for part in parts
    ]
    return min((start_of(slot) + CLOSED for slot in found), default=None)


def _first_ripe(after: int) -> int | None:
    """When the next hour in which anything was counted is old enough to learn from, None if none is to come."""
    from chalicelib.services.read_tallies import ripe_at

    hours = {str(part.value).split("#")[0] for _, parts in _items("tallies") for part in parts}
    ripe = (at for hour in hours if len(hour) == len("2026-07-02T12") for at in ripe_at(hour))
    return min((at for at in ripe if at > after), default=None)


def _items(table: str) -> list[tuple[Any, Any]]:
    """A table's keys and what is under each, without a lock of moto's."""
    from moto.dynamodb.models import dynamodb_backends

    return list(dynamodb_backends[ACCOUNT][REGION].get_table(f"{PREFIX}-{table}").items.items())


def tick_event(minute: int) -> dict[str, Any]:
    """What EventBridge hands to `tick` at an instant (ms)."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": to_text(minute),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{PREFIX}-tick"],
        "detail": {},
    }
