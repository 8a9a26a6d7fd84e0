"""Carrying out what commits decided: the outbox of every stored version, in the order of the stream.

Each effect has an id that follows from its cause, so carrying it out twice is the same as once, and a record
that comes again is simply done again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from chalicelib.domain.confirming import ASK_TO_CONFIRM
from chalicelib.domain.deliveries import DROP
from chalicelib.domain.effects import Cancel, Confirm, Count, Deliver, Effect, Join, Leave, Record, Ring
from chalicelib.domain.errors import Retry
from chalicelib.domain.periods import slot_of
from chalicelib.domain.stored import Commit
from chalicelib.services.ports import Clock, Deliveries, Delivery, Groups, JobQueue, Lake, Tallies, Timeline
from chalicelib.services.put_off import PutOff, Waiting

#: How long to wait (s) before each further try of an effect, within one call.
PAUSES = (0.1, 0.4)
#: A commit younger than this (ms) that cannot be relayed is left to the stream, which brings it again.
PATIENCE = 60_000


@dataclass(slots=True)
class Relayed:
    """What came of a batch: `failed` is where the stream goes on from ("" past the end), `dead` is set aside."""

    done: int = 0
    dead: list[tuple[str, str]] = field(default_factory=list)
    failed: str = ""


@dataclass(frozen=True, slots=True)
class RelayEffects:
    """Carries out effects one after another; what goes to queue, tallies and lake goes together, at the end.

    An effect that fails is tried again at once, a few times. After that the age of its commit decides, since a
    stream doesn't say how often it brought a record: a young one is left to the stream (a service may be down
    for a minute), an older one goes with its content to the dead-letter queue and relay moves on. What can
    never succeed goes there at once. A dead letter is a job (`{"kind": "effect", ...}`): moved to the jobs
    queue, it is carried out after all.
    """

    deliveries: Deliveries
    groups: Groups
    timeline: Timeline
    lake: Lake
    tallies: Tallies
    put_off: PutOff
    dead: JobQueue
    asking: JobQueue
    clock: Clock
    pause: Callable[[float], None]

    def __call__(self, commits: Sequence[Commit]) -> Relayed:
        """Relay a batch. Raises `Unavailable` if the dead-letter queue refuses: the batch comes again."""
        relayed, gathered = Relayed(), _Gathered()
        for commit in commits:
            if commit.unreadable:
                self._set_aside_unreadable(commit, relayed)
            if not all(self._settled(commit, effect, relayed, gathered) for effect in commit.effects):
                relayed.failed = commit.sequence
                break
        left = [
            self._record(gathered.lines, relayed),
            self._hand_over(gathered.due, relayed),
            self._tally(gathered.counts, relayed),
            relayed.failed,
        ]
        relayed.failed = next((each.sequence for each in commits if each.sequence in left), "")
        self._pour([effect for _, effect in gathered.lines], relayed)
        return relayed

    def redo(self, job: dict[str, Any]) -> None:
        """Carry out a dead letter that was moved to the jobs queue. Raises what the effect raises."""
        effect = msgspec.convert(job["effect"], Effect)
        self._carry_out(effect)
        if isinstance(effect, Deliver):
            self.put_off.delivery(_waiting(effect))
        if isinstance(effect, Record):
            self.timeline.record([_row(effect)])
            self.lake.put("decision", [_lake_line(effect)])
        if isinstance(effect, Count):
            self._count_again(effect)

    def _count_again(self, effect: Count) -> None:
        """Into its own slot where that has it already (only the mark was missing): in another it would count twice."""
        known = any(id == effect.id for id, _ in self.tallies.log(slot_of(effect.at)))
        self.tallies.append([effect], effect.at if known else self.clock())

    def _settled(self, commit: Commit, effect: Effect, relayed: Relayed, gathered: _Gathered) -> bool:
        """Whether relay may go on: the effect is carried out, or set aside. False leaves it to the stream."""
        fault = self._tried(lambda: self._carry_out(effect))
        if self._may_pass(fault, commit):
            return False
        if fault is not None:
            self._set_aside(effect, fault, relayed)
            return True
        relayed.done += 1
        if isinstance(effect, Record):
            gathered.lines.append((commit, effect))
        if isinstance(effect, Deliver):
            gathered.due.append((commit, effect))
        if isinstance(effect, Count):
            gathered.counts.append((commit, effect))
        return True

    def _record(self, lines: list[tuple[Commit, Record]], relayed: Relayed) -> str:
        """What was decided, in the timeline, 25 a call; one that can never be stored is set aside by itself."""
        if not lines:
            return ""
        fault = self._tried(lambda: self.timeline.record([_row(effect) for _, effect in lines]))
        if fault is None or isinstance(fault, Retry):
            return self._judged(lines, fault, relayed)
        alone = [
            self._together([one], partial(self.timeline.record, [_row(one[1])]), relayed) for one in lines
        ]
        return next(filter(None, alone), "")

    def _hand_over(self, due: list[tuple[Commit, Deliver]], relayed: Relayed) -> str:
        """Deliveries whose rows are there, together. What the queue refuses is done again from its commit on."""
        waiting = [_waiting(effect) for _, effect in due]
        return self._together(due, lambda: self.put_off.delivery(*waiting), relayed)

    def _tally(self, counts: list[tuple[Commit, Count]], relayed: Relayed) -> str:
        """What was counted, together: about one write a batch, however many decisions it brings."""
        told = [effect for _, effect in counts]
        return self._together(counts, lambda: self.tallies.append(told, self.clock()), relayed)

    def _together(
        self, given: Sequence[tuple[Commit, Effect]], work: Callable[[], None], relayed: Relayed
    ) -> str:
        """Do the work for all; what the stream must go on from, "" if it is done or each is set aside."""
        return self._judged(given, self._tried(work), relayed) if given else ""

    def _judged(
        self, given: Sequence[tuple[Commit, Effect]], fault: Exception | None, relayed: Relayed
    ) -> str:
        """After work for all of them: left to the stream from the first, or each set aside, or done ("" for both)."""
        first = given[0][0]
        if self._may_pass(fault, first):
            return first.sequence
        for _, effect in given if fault else ():
            self._set_aside(effect, fault, relayed)
        return ""

    def _pour(self, lines: list[Record], relayed: Relayed) -> None:
        """The lake is kept as well as can be: its failure never holds up the stream."""
        if not lines:
            return
        fault = self._tried(lambda: self.lake.put("decision", [_lake_line(line) for line in lines]))
        for line in lines if fault else ():
            self._set_aside(line, fault, relayed)

    def _may_pass(self, fault: Exception | None, commit: Commit) -> bool:
        return isinstance(fault, Retry) and self.clock() - commit.at < PATIENCE

    def _tried(self, work: Callable[[], None]) -> Exception | None:
        """The last failure after a few tries, None if one succeeded; only what may pass is tried again."""
        fault: Exception | None = None
        for wait in (*PAUSES, None):
            try:
                work()
            except Retry as error:
                fault = error
            except Exception as error:  # noqa: BLE001 - one effect's bug must not hold up everybody behind it
                return error
            else:
                return None
            if wait is not None:
                self.pause(wait)
        return fault

    def _set_aside(self, effect: Effect, fault: Exception | None, relayed: Relayed) -> None:
        letter = {"kind": "effect", "effect": msgspec.to_builtins(effect), "error": type(fault).__name__}
        self.dead.send([letter])
        relayed.dead.append((subject_of(effect), type(fault).__name__))

    def _set_aside_unreadable(self, commit: Commit, relayed: Relayed) -> None:
        self.dead.send([{"kind": "unreadable", "sequence": commit.sequence, "outbox": commit.unreadable}])
        relayed.dead.append((commit.sequence, "unreadable"))

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Deliver():
                self._deliver(effect)
            case Ring():
                self.put_off.ring(effect)
            case Join():
                self.groups.join(effect.group, effect.profile, effect.at)
            case Leave():
                self.groups.leave(effect.group, effect.profile)
            case Cancel():
                self.deliveries.move(effect.delivery, **DROP, reason=effect.reason)
            case Confirm():
                self.asking.send([{"kind": ASK_TO_CONFIRM, "profile": effect.profile, "topic": effect.topic}])
            case Record() | Count():
                pass  # with all others of the batch

    def _deliver(self, effect: Deliver) -> None:
        """The row, without which the sender does nothing; queued after it, also where it was there already.

        relay   create row ... dies
        stream                  brings the record again: the row is there, but nothing was queued yet
        """
        row = Delivery(effect.delivery, effect.profile, "due", effect.due, body=msgspec.to_builtins(effect))
        self.deliveries.create(row)


@dataclass(slots=True)
class _Gathered:
    """What goes together at the end of a batch: records of decisions, deliveries for the queue, counts."""

    lines: list[tuple[Commit, Record]] = field(default_factory=list)
    due: list[tuple[Commit, Deliver]] = field(default_factory=list)
    counts: list[tuple[Commit, Count]] = field(default_factory=list)


def _waiting(effect: Deliver) -> Waiting:
    return Waiting(effect.delivery, effect.profile, effect.kind, effect.due)


def subject_of(effect: Effect) -> str:
    """The id an effect is known by in logs."""
    match effect:
        case Deliver() | Cancel():
            return effect.delivery
        case Ring() | Count() | Confirm():
            return effect.id
        case Record():
            return effect.decision
        case Join() | Leave():
            return effect.profile


def _row(effect: Record) -> tuple[str, str, int, dict[str, Any]]:
    return effect.timeline or effect.profile, effect.decision, effect.at, effect.body


def _lake_line(effect: Record) -> dict[str, Any]:
    """A decision as the lake keeps it: with the profile it was made for, so that an erasure finds it."""
    return {"profile": effect.profile, **effect.body}
