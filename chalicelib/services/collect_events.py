"""Take what a client sends: each event checked alone, all of them durable in the queue before we answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

from chalicelib.domain.errors import BadRequest, Refused
from chalicelib.domain.events import Event, EventBatch, Origin, Rejection
from chalicelib.domain.keys import Secrets
from chalicelib.domain.segment_calls import BATCH_EVENTS, Batch, Receipt, event_of, instant
from chalicelib.services.ports import Clock, EventQueue

#: Excerpts are at most 2 KB each and share this much a batch, so that a batch always fits one queue message.
_EXCERPT_BYTES = 2_000
_EXCERPTS_BYTES = 100_000
#: What a refused call may carry and an excerpt never keeps: keys and proofs.
_CREDENTIAL = re.compile(rb'("(?:writeKey|userToken)"\s*:\s*)"(?:[^"\\]|\\.)*"?')


class CollectEvents:
    """One request is one queue message: all of it is taken, or (`Unavailable`) none of it."""

    def __init__(
        self, queue: EventQueue, secrets: Callable[[], Secrets], clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self._queue = queue
        self._secrets = secrets
        self._clock = clock
        self._new_id = new_id

    def one(self, raw: bytes, kind: str, origin: Origin) -> None:
        """Take a single call. Raises `BadRequest`, after keeping the refusal for the operator."""
        receipt = self._receipt(origin)
        try:
            event = event_of(raw, receipt, kind)
        except BadRequest as refusal:
            self._queue.send(EventBatch(rejected=(self._rejection(0, refusal, raw, receipt),)))
            raise
        self._queue.send(EventBatch(events=(event,)))

    def batch(self, batch: Batch, origin: Origin) -> tuple[Rejection, ...]:
        """Take a batch; what was refused comes back. Raises `BadRequest` where the batch itself is at fault."""
        if len(batch.batch) > BATCH_EVENTS:
            raise BadRequest("too-many-events", f"Send at most {BATCH_EVENTS:,} events a batch.", "batch")
        receipt = self._receipt(origin, instant(batch.sent_at, "sentAt"))
        events, rejected = self._sorted(batch.batch, receipt)
        if events or rejected:
            self._queue.send(EventBatch(events=tuple(events), rejected=tuple(_bounded(rejected))))
        return tuple(rejected)

    def _sorted(self, raws: Sequence[msgspec.Raw], receipt: Receipt) -> tuple[list[Event], list[Rejection]]:
        events: list[Event] = []
        rejected: list[Rejection] = []
        for index, raw in enumerate(raws):
            try:
                events.append(event_of(raw, receipt))
            except BadRequest as refusal:
                rejected.append(self._rejection(index, refusal, bytes(raw), receipt))
        return events, rejected

    def _receipt(self, origin: Origin, sent_at: int | None = None) -> Receipt:
        return Receipt(self._clock(), origin, self._proves, self._new_id, sent_at)

    def _proves(self, user_id: str, token: str) -> bool:
        return self._secrets().proves(user_id, token)

    def _rejection(self, index: int, refusal: Refused, raw: bytes, receipt: Receipt) -> Rejection:
        return Rejection(
            id=self._new_id(),
            code=refusal.code,
            message=refusal.message,
            index=index,
            received_at=receipt.received_at,
            excerpt=_CREDENTIAL.sub(rb'\1"..."', raw[:_EXCERPT_BYTES]).decode(errors="ignore"),
        )


def _bounded(rejected: Sequence[Rejection]) -> Iterable[Rejection]:
    """The rejections, with excerpts only while their share of the message lasts."""
    spent = 0
    for rejection in islice(rejected, BATCH_EVENTS):
        spent += len(rejection.excerpt)
        yield rejection if spent <= _EXCERPTS_BYTES else msgspec.structs.replace(rejection, excerpt="")
