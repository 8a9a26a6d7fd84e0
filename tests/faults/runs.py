"""A day lived under one fault, and what must hold at its end whatever the fault was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from infra.local.stack import Stack
from tests.faults.injecting import KINDS, Call, Fault, Injector, Kind, injecting
from tests.faults.scenario import PROMOTIONAL, SERVICE, Day, publish
from tests.faults.seen import Seen, look
from tests.faults.world import start_over

#: Contacts and rows that are done with.
_ENDED = {"sent", "delivered", "opened", "unknown", "dropped"}


@dataclass(frozen=True, slots=True)
class Run:
    """One day: the fault, the call it struck (None without), what was seen at the end, all calls."""

    fault: Fault | None
    struck: Call | None
    seen: Seen
    calls: tuple[Call, ...]


def run(stack: Stack, fault: Fault | None = None) -> Run:
    """Live the day from the start, under a fault or none."""
    start_over(stack)
    injector = Injector(fault)
    with injecting(injector):
        Day(stack, injector).live()
    return Run(fault, injector.struck, look(stack), tuple(injector.calls))


def undisturbed(stack: Stack) -> Run:
    """The day without a fault; the first is only for what workers remember (rules, keys)."""
    publish(stack)
    run(stack)
    return run(stack)


def faults_for(calls: Sequence[Call]) -> list[Fault]:
    """Every fault at every call."""
    return [Fault(kind, number) for number in range(len(calls)) for kind in KINDS]


def spread(faults: Sequence[Fault], most: int) -> list[Fault]:
    """At most so many of them, always the same, evenly over the calls, the kinds in turn."""
    step = max(1, -(-len(faults) // most))
    while gcd(step, len(KINDS)) != 1:  # else some kinds would never be met
        step += 1
    return list(faults[::step])


def broken(one: Run, reference: Run) -> list[str]:
    """Each invariant that does not hold, in words; none if all is well."""
    return [f"{name}: {found}" for name, check in INVARIANTS.items() for found in check(one, reference)]


def _facts_are_equal(one: Run, reference: Run) -> Iterator[str]:
    """Every accepted event is folded exactly once."""
    for home in sorted({*one.seen.facts, *reference.seen.facts}):
        mine, theirs = one.seen.facts.get(home), reference.seen.facts.get(home)
        if mine is None or theirs is None:
            yield f"{home} is {'missing' if mine is None else 'too many'}"
        elif mine != theirs:
            differ = [key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key)]
            yield "; ".join(f"{key} {mine.get(key)} instead of {theirs.get(key)}" for key in differ)


def _history_is_whole(one: Run, reference: Run) -> Iterator[str]:
    if one.seen.history != reference.seen.history:
        yield f"{one.seen.history} instead of {reference.seen.history}"


def _decided_once(one: Run, reference: Run) -> Iterator[str]:
    if one.seen.decided != reference.seen.decided:
        yield f"{one.seen.decided} instead of {reference.seen.decided}"


def _counted_once(one: Run, reference: Run) -> Iterator[str]:
    """What learning and experiments read is what it is on the undisturbed day."""
    if one.seen.counted != reference.seen.counted:
        yield f"{one.seen.counted} instead of {reference.seen.counted}"


def _told_once(one: Run, reference: Run) -> Iterator[str]:
    """What providers tell is folded once as well: a delivery for each e-mail, one opening."""
    delivered, opened = one.seen.told["Email Delivered"], one.seen.told["Email Opened"]
    if (delivered, opened) != (one.seen.mails.total(), reference.seen.told["Email Opened"]):
        yield f"{delivered} deliveries and {opened} openings of {one.seen.mails.total()} e-mails"


def _promotional_at_most_once(one: Run, reference: Run) -> Iterator[str]:
    """And exactly once, unless the fault hit between claiming the delivery and marking it sent."""
    for message in PROMOTIONAL:
        count = one.seen.mails[message]
        if count > 1 or (count == 0 and not _leaves_doubt(one, message)):
            yield f"{count} of {message}"


def _service_at_least_once(one: Run, reference: Run) -> Iterator[str]:
    for message in SERVICE:
        count = one.seen.mails[message]
        if count == 0 or (count > 1 and not _leaves_doubt(one, message)):
            yield f"{count} of {message}"


def _no_sign_leads_astray(one: Run, reference: Run) -> Iterator[str]:
    yield from one.seen.astray


def _nothing_is_stuck(one: Run, reference: Run) -> Iterator[str]:
    yield from one.seen.waiting
    yield from (f"{name}: {bodies}" for name, bodies in one.seen.dead.items())


def _deliveries_ended(one: Run, reference: Run) -> Iterator[str]:
    """Each row as in the undisturbed day has come to its end, and its contact with it."""
    if one.seen.rows.keys() != reference.seen.rows.keys():
        yield f"rows {one.seen.rows} instead of {reference.seen.rows}"
    for delivery, state in one.seen.rows.items():
        contact = one.seen.contacts.get(delivery, "missing")
        if state not in _ENDED or contact not in _ENDED or (state == "unknown") != (contact == "unknown"):
            yield f"row {state}, contact {contact}"


Check = Callable[[Run, Run], Iterator[str]]
INVARIANTS: dict[str, Check] = {
    "every event is folded exactly once": _facts_are_equal,
    "history is whole": _history_is_whole,
    "a moment is decided once": _decided_once,
    "what is counted is counted once": _counted_once,
    "feedback is taken once": _told_once,
    "a promotional message goes out at most once": _promotional_at_most_once,
    "a service message goes out": _service_at_least_once,
    "no sign leads nowhere": _no_sign_leads_astray,
    "nothing is stuck": _nothing_is_stuck,
    "deliveries come to an end": _deliveries_ended,
}


def _leaves_doubt(one: Run, message: str) -> bool:
    """Whether the fault left open if the provider had the message: from the claim to the provider's answer."""
    if one.struck is None or one.fault is None or one.struck.function != "SendDeliveries":
        return False
    kind: Kind = one.fault.kind
    if one.struck.operation == "SendEmail":
        # Turned away is certainly not sent, so it is sent again.
        return kind != "throttled"
    claiming = (
        one.struck.operation == "UpdateItem"
        and '"claimed"' in one.struck.body
        and "#claim" in one.struck.body
    )
    return claiming and kind in ("killed after", "unanswered")
