"""A day lived under faults, and what must hold at its end whatever they were."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.local.stack import Stack
from tests.faults.injecting import (
    CALL_KINDS,
    HANDED,
    HANDED_KINDS,
    STREAM,
    Call,
    Fault,
    Handed,
    Injector,
    Kind,
    Mark,
    injecting,
)
from tests.faults.scenario import Day, publish
from tests.faults.seen import CHOICE, NOTED, Seen, look
from tests.faults.shop import BOB, CID, LEFT, MINUTE, PROMOTIONAL, SERVICE, Due, forbidden
from tests.faults.world import START, playbooks, start_over

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "GetObject", "HeadObject"})
#: Contacts and rows that are done with.
_ENDED = {"sent", "delivered", "opened", "unknown", "dropped", "bounced"}


@dataclass(frozen=True, slots=True)
class Run:
    """One day: the faults, what they struck, what was seen at the end, all calls and all that was handed over.

    `without` are the steps that were left out; `published` the playbooks it began with.
    """

    faults: tuple[Fault, ...]
    struck: tuple[tuple[Fault, Call | Handed], ...]
    seen: Seen
    calls: tuple[Call, ...]
    handed: tuple[Handed, ...]
    marks: tuple[Mark, ...]
    refused: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    published: Any = field(default=None, compare=False, repr=False)


def run(stack: Stack, reference: Run, *faults: Fault, without: frozenset[str] = frozenset()) -> Run:
    """Live the day from the start, under faults or none, without some of its steps."""
    return live(stack, reference.published, Injector(faults), without)


def live(stack: Stack, published: Any, injector: Injector, without: frozenset[str] = frozenset()) -> Run:
    """The day under an injector, from the playbooks that were published."""
    start_over(stack, published)
    with injecting(injector):
        Day(stack, injector, without).live()
    return Run(
        faults=tuple(injector.faults),
        struck=tuple(injector.struck()),
        seen=look(stack),
        calls=tuple(injector.calls),
        handed=tuple(injector.handed),
        marks=tuple(injector.marks),
        refused=tuple(injector.refused),
        without=without,
        published=published,
    )


def undisturbed(stack: Stack) -> Run:
    """The day without a fault; the first is only for what workers remember (rules, keys)."""
    publish(stack)
    published = playbooks()
    live(stack, published, Injector())
    return live(stack, published, Injector())


def faults_for(calls: Sequence[Call], handed: Sequence[Handed]) -> list[Fault]:
    """Every fault at every call, and at everything that was handed over.

    A read has no effect: dying after it is dying before it, and one that is asked twice is asked once.
    """
    return [
        *(Fault(kind, number) for number, call in enumerate(calls) for kind in _kinds_at(call)),
        *(Fault(kind, number) for number, one in enumerate(handed) for kind in _kinds_of(one)),
    ]


def _kinds_at(call: Call) -> Iterator[Kind]:
    for kind in CALL_KINDS:
        if kind in ("killed after", "repeated") and call.operation in READS:
            continue
        if kind != "overtaken" or (call.function in HANDED and not _is_shared(call)):
            yield kind


def _is_shared(call: Call) -> bool:
    """Whether a process makes the call under a lock, for all of its work: another worker is another process."""
    tables = ("playbooks", "keys", "tallies") if call.operation in READS else ("playbooks", "keys")
    return any(f'-{table}"' in call.body for table in tables)


def _kinds_of(one: Handed) -> Iterator[Kind]:
    for kind in HANDED_KINDS:
        if not (kind == "reversed" and one.count == 1) and not (
            one.function == STREAM and kind in ("reversed", "late")
        ):
            yield kind


def combination(every: Sequence[Fault], seed: int) -> tuple[Fault, ...]:
    """Two to four faults together, the same for the same seed."""
    chance = random.Random(seed)
    return tuple(sorted(chance.sample(every, chance.randint(2, 4)), key=str))


def broken(one: Run, reference: Run) -> list[str]:
    """Each invariant that does not hold, in words; none if all is well."""
    return [f"{name}: {found}" for name, check in INVARIANTS.items() for found in check(one, reference)]


def _facts_are_equal(one: Run, reference: Run) -> Iterator[str]:
    """Every accepted event is folded exactly once."""
    expected = _expected(one, reference).facts
    for home in sorted({*one.seen.facts, *expected}):
        mine, theirs = one.seen.facts.get(home), expected.get(home)
        if mine is None or theirs is None:
            yield f"{home} is {'missing' if mine is None else 'too many'}"
        elif mine != theirs:
            differ = [key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key)]
            yield "; ".join(f"{key} {mine.get(key)} instead of {theirs.get(key)}" for key in differ)


def _history_is_whole(one: Run, reference: Run) -> Iterator[str]:
    expected = _expected(one, reference).history
    if one.seen.history != expected:
        yield f"{one.seen.history} instead of {expected}"


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a day must come to; `more` deliveries than on the undisturbed day."""

    facts: dict[str, Any]
    history: dict[str, list[str]]
    counted: dict[str, list[float]]
    more: int = 0


def _expected(one: Run, reference: Run) -> _Expected:
    """As of the undisturbed day, but where an e-mail had not come, for it may be claimed and then never sent.

    Then Cid has no link to leave by, and tells the shop; and Bob's bounces nowhere, so that he is written to when it
    rains again.
    """
    facts, history, counted = (
        dict(reference.seen.facts),
        dict(reference.seen.history),
        dict(reference.seen.counted),
    )
    came = {mail.to for mail in one.seen.mails if mail.message == "umbrella" and mail.minute <= LEFT}
    for home, ids in reference.seen.history.items():
        if CHOICE in ids and CID not in came:
            history[home] = sorted([NOTED, *(id for id in ids if id != CHOICE)])
            activity = {
                name: each for name, each in facts[home]["activity"].items() if name != "Unsubscribed"
            }
            facts[home] = {**facts[home], "activity": activity, "last": START + LEFT * MINUTE}
    for home, each in reference.seen.facts.items():
        if BOB in each["stops"] and BOB not in came:
            facts[home] = {**facts[home], "stops": {}}
            again = next(key for key in counted if '"umbrella"' in key)
            counted[again] = [counted[again][0] + 1, *counted[again][1:]]
            return _Expected(facts, history, counted, more=1)
    return _Expected(facts, history, counted)


def _decided_once(one: Run, reference: Run) -> Iterator[str]:
    if one.seen.decided != reference.seen.decided:
        yield f"{one.seen.decided} instead of {reference.seen.decided}"


def _counted_once(one: Run, reference: Run) -> Iterator[str]:
    """What learning and experiments read is what it is on the undisturbed day, with each inbound decision there was."""
    expected = dict(_expected(one, reference).counted)
    for key, sums in expected.items():
        if '"hero"' in key:
            expected[key] = [each * one.seen.asked / reference.seen.asked for each in sums]
    if one.seen.counted != {key: sums for key, sums in expected.items() if any(sums)}:
        yield f"{one.seen.counted} instead of {expected}"


def _told_once(one: Run, reference: Run) -> Iterator[str]:
    """What providers tell is folded once as well: a delivery for each e-mail, one opening, one bounce."""
    delivered, opened = one.seen.told["Email Delivered"], one.seen.told["Email Opened"]
    bounces = sum(
        (mail.to, mail.message) == (BOB, "umbrella") for mail in one.seen.mails if mail.minute < 175
    )
    told = (delivered, opened, one.seen.told["Email Bounced"])
    if told != (len(one.seen.mails), reference.seen.told["Email Opened"], min(1, bounces)):
        yield f"{told} deliveries, openings and bounces of {len(one.seen.mails)} e-mails"


def _promotional_at_most_once(one: Run, reference: Run) -> Iterator[str]:
    """And exactly once, unless a fault hit between claiming a delivery and marking it sent."""
    counts, doubts = _mails(one), _doubts(one)
    for due in PROMOTIONAL:
        expected = _mails(reference)[due]
        if counts[due] > 1:
            yield f"{counts[due]} of {due.message} to {due.to}"
        elif counts[due] < expected:
            doubts -= 1
            if doubts < 0:
                yield f"no {due.message} to {due.to}"


def _service_at_least_once(one: Run, reference: Run) -> Iterator[str]:
    for due in SERVICE:
        count, expected = _mails(one)[due], _mails(reference)[due]
        if count < expected or (count > expected and not _doubts(one)):
            yield f"{count} of {due.message} to {due.to}"


def _nobody_is_contacted_who_may_not_be(one: Run, reference: Run) -> Iterator[str]:
    """By the shop's own list: permission, cap, quiet hours, an address that bounced, a customer who left."""
    before: Counter[str] = Counter()
    bounced, left = one.seen.told["Email Bounced"] > 0, "leave" not in one.without
    for mail in sorted(one.seen.mails, key=lambda each: each.minute):
        why = forbidden(mail.to, mail.message, mail.minute, before[mail.to], bounced=bounced, left=left)
        if why:
            yield f"{mail.message} to {mail.to} at minute {mail.minute:g}: {why}"
        before[mail.to] += mail.message != "receipt"


def _the_erased_are_gone(one: Run, reference: Run) -> Iterator[str]:
    if "split and erase" not in one.without:
        yield from one.seen.erased


def _no_sign_leads_astray(one: Run, reference: Run) -> Iterator[str]:
    yield from one.seen.astray


def _nothing_is_stuck(one: Run, reference: Run) -> Iterator[str]:
    yield from one.seen.waiting
    yield from (f"{name}: {bodies}" for name, bodies in one.seen.dead.items())


def _deliveries_ended(one: Run, reference: Run) -> Iterator[str]:
    """Each row as in the undisturbed day has come to its end, and its contact with it."""
    more = _expected(one, reference).more
    if (
        not reference.seen.rows.keys() <= one.seen.rows.keys()
        or len(one.seen.rows) != len(reference.seen.rows) + more
    ):
        yield f"rows {one.seen.rows} instead of {reference.seen.rows}"
    for delivery, state in one.seen.rows.items():
        contact = one.seen.contacts.get(delivery, "missing")
        if state not in _ENDED or contact not in _ENDED or (state == "unknown") != (contact == "unknown"):
            yield f"row {state}, contact {contact}"


def _clients_are_answered(one: Run, reference: Run) -> Iterator[str]:
    yield from one.refused


Check = Callable[[Run, Run], Iterator[str]]
INVARIANTS: dict[str, Check] = {
    "clients are answered": _clients_are_answered,
    "every event is folded exactly once": _facts_are_equal,
    "history is whole": _history_is_whole,
    "a moment is decided once": _decided_once,
    "what is counted is counted once": _counted_once,
    "feedback is taken once": _told_once,
    "a promotional message goes out at most once": _promotional_at_most_once,
    "a service message goes out": _service_at_least_once,
    "nobody is contacted who may not be": _nobody_is_contacted_who_may_not_be,
    "nothing is left of who was erased": _the_erased_are_gone,
    "no sign leads nowhere": _no_sign_leads_astray,
    "nothing is stuck": _nothing_is_stuck,
    "deliveries come to an end": _deliveries_ended,
}


def _mails(one: Run) -> Counter[Due]:
    return Counter(Due(mail.to, mail.message) for mail in one.seen.mails)


def _doubts(one: Run) -> int:
    """How many faults left open if a provider had a message: from the claim to the provider's answer."""
    return sum(_leaves_doubt(fault, struck) for fault, struck in one.struck)


def _leaves_doubt(fault: Fault, struck: Call | Handed) -> bool:
    if not isinstance(struck, Call) or struck.function != "SendDeliveries":
        return False
    if struck.operation == "SendEmail":
        # Turned away is certainly not sent, so it is sent again.
        return fault.kind not in ("throttled", "overtaken")
    claiming = struck.operation == "UpdateItem" and '"claimed"' in struck.body and "#claim" in struck.body
    return claiming and fault.kind in ("killed after", "unanswered")
