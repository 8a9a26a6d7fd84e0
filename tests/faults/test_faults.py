"""A fault at any call of a day leaves nothing lost, doubled or stuck; and a build without its guards is found out."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.adapters import tables
from chalicelib.adapters.deliveries import DynamoDeliveries
from chalicelib.adapters.email_ses import SesEmail
from chalicelib.adapters.profiles import DynamoProfiles
from chalicelib.adapters.stops import DynamoStops
from chalicelib.domain import facts, feedback, permissions, reach, view
from chalicelib.domain.cells import Cells, total
from chalicelib.domain.errors import Undeliverable
from chalicelib.domain.stored import Unchanged, Write
from chalicelib.domain.tallies import Entry
from chalicelib.services import fold_tallies, work_circle
from chalicelib.services.erase_rows import EraseRows
from chalicelib.services.relay_effects import RelayEffects
from chalicelib.services.ring_agenda import RingAgenda
from chalicelib.services.split_profile import SplitProfile
from chalicelib.services.store_history import StoreHistory
from infra.local.stack import Stack
from tests.faults import __main__ as proof
from tests.faults import branching
from tests.faults.branching import Plan
from tests.faults.injecting import KINDS, Fault, Injector, Kind, named
from tests.faults.runs import INVARIANTS, Run, broken, combination, faults_for, run
from tests.faults.shop import PROMOTIONAL, SERVICE, Due
from tests.faults.shrinking import broken_names, shrunk, story

SEED = 1
"""Which of all the faults `make test` tries: one of each kind, and some together. `make faults` tries many more."""


def test_the_undisturbed_day_is_the_same_every_time_and_says_all_there_is_to_say(
    stack: Stack, reference: Run
) -> None:
    again = run(stack, reference)
    until = reference.marks[-1]  # after which shards are asked in an order that ids made up today decide
    assert [str(call) for call in again.calls][: until.calls] == [str(call) for call in reference.calls][
        : until.calls
    ]
    assert again.handed[: until.handed] == reference.handed[: until.handed]
    assert broken(again, reference) == []
    for run_of_it in (again, reference):
        assert Counter(Due(mail.to, mail.message) for mail in run_of_it.seen.mails) == dict.fromkeys(
            (*PROMOTIONAL, *SERVICE), 1
        )
    assert {call.function for call in reference.calls} == {
        "APIHandler", "IngestEvents", "RelayOutbox", "SendDeliveries", "TakeFeedback", "Tick", "RunJobs"
    }  # fmt: skip
    assert reference.seen.asked == 1
    assert sorted(len(facts["identifiers"]) for facts in reference.seen.facts.values()) == [1, 2, 2, 2, 3]


def sample(reference: Run) -> list[tuple[Fault, ...]]:
    every = faults_for(reference.calls, reference.handed)
    chance = random.Random(SEED)
    of_each: list[tuple[Fault, ...]] = [
        (chance.choice([fault for fault in every if fault.kind == kind]),) for kind in KINDS
    ]
    return [*of_each, combination(every, SEED)]


def test_a_fault_at_any_call_loses_doubles_and_blocks_nothing(stack: Stack, reference: Run) -> None:
    found = {}
    for faults in sample(reference):
        one = run(stack, reference, *faults)
        assert one.struck, faults
        if words := broken(one, reference):
            found["+".join(map(str, faults))] = words
    assert found == {}


def at(reference: Run, kind: Kind, function: str, operation: str, *words: str) -> list[Fault]:
    """The fault at each call of a function and operation whose request has these words."""
    return [
        Fault(kind, number)
        for number, call in enumerate(reference.calls)
        if (call.function, call.operation) == (function, operation)
        and all(word in call.body for word in words)
    ]


def invariants_broken(stack: Stack, reference: Run, faults: list[Fault]) -> set[str]:
    """The names of the invariants that break under the first fault that breaks any."""
    assert faults
    for fault in faults:
        if found := broken(run(stack, reference, fault), reference):
            return {each.split(":")[0] for each in found}
    return set()


def without_claim(move: Callable[..., bool]) -> Callable[..., bool]:
    def unclaimed(deliveries: Any, id: str, **named: Any) -> bool:
        return True if named["to"] == "claimed" else move(deliveries, id, **named)

    return unclaimed


def test_a_build_that_does_not_remember_what_it_folded_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for guard in (facts, work_circle):
        monkeypatch.setattr(guard, "knows", lambda *_: False)
    faults = at(reference, "killed after", "IngestEvents", "PutItem", "-profiles")
    assert "every event is folded exactly once" in invariants_broken(stack, reference, faults)


def test_a_build_that_sends_without_claiming_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DynamoDeliveries, "move", without_claim(DynamoDeliveries.move))
    faults = at(reference, "killed after", "SendDeliveries", "SendEmail")
    assert "a promotional message goes out at most once" in invariants_broken(stack, reference, faults)


def test_a_build_that_takes_a_lost_answer_for_a_lost_race_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "was_ours", lambda *_: False)
    faults = at(reference, "repeated", "SendDeliveries", "UpdateItem", '"claimed"', "#claim")
    assert "a promotional message goes out at most once" in invariants_broken(stack, reference, faults)


def test_a_relay_that_passes_over_what_it_could_not_do_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(_relay: Any, work: Callable[[], None]) -> None:
        with suppress(Exception):
            work()

    monkeypatch.setattr(RelayEffects, "_tried", careless)
    faults = at(reference, "broken", "RelayOutbox", "PutItem", "-deliveries")
    assert "deliveries come to an end" in invariants_broken(stack, reference, faults)


def test_a_build_that_counts_what_comes_twice_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubling(entries: Iterable[Entry]) -> Cells:
        return total(cells for _, cells in entries)

    monkeypatch.setattr(fold_tallies, "folded", doubling)
    faults = at(reference, "killed after", "RelayOutbox", "PutItem", "-tallies")
    assert "what is counted is counted once" in invariants_broken(stack, reference, faults)


def test_a_build_that_stores_a_link_piece_by_piece_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = DynamoProfiles.commit

    def piecemeal(
        profiles: DynamoProfiles, writes: Sequence[Write], relied: Sequence[Unchanged] = ()
    ) -> None:
        for write in writes:
            commit(profiles, [write])

    monkeypatch.setattr(DynamoProfiles, "commit", piecemeal)
    faults = at(run(stack, reference), "killed before", "IngestEvents", "PutItem", "-profiles", "forward_to")
    assert "no sign leads nowhere" in invariants_broken(stack, reference, faults)


def test_a_build_that_keeps_no_history_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoreHistory, "__call__", lambda *_: None)
    assert any(found.startswith("history is whole") for found in broken(run(stack, reference), reference))


def no_cap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(view, "held_in", lambda all_caps, *_: [0] * len(list(all_caps)))


def no_quiet_hours(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(view, "quiet_until", lambda *_: 0)


def no_permission(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(permissions, "state", lambda *_: "granted")


def no_stops(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reach, "is_stopped", lambda *_: False)
    patch.setattr(DynamoStops, "among", lambda *_: set())


def rows_that_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(EraseRows, "__call__", lambda *_, **__: {})


def rings_that_nobody_hears(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RingAgenda, "__call__", lambda *_: None)


def notices_under_an_id_of_their_own(patch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(1_000_000))
    patch.setattr(feedback, "_key", lambda *_: f"f_{next(numbers)}")


def receipts_that_are_given_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SesEmail, "send", _undeliverable)


def _undeliverable(*_: Any) -> str:
    raise Undeliverable("refused")


def moments_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(work_circle, "react", lambda *_: [])


def splits_refused(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SplitProfile, "__call__", _undeliverable)


@dataclass(frozen=True)
class BrokenBuild:
    """What is broken, the invariant that must find it, and the fault it takes, "" for none."""

    breaks: Callable[[pytest.MonkeyPatch], None]
    found_by: str
    fault: tuple[Kind, str] | None = None


MAY_NOT = "nobody is contacted who may not be"
BROKEN_BUILDS = [
    BrokenBuild(no_cap, MAY_NOT),
    BrokenBuild(no_quiet_hours, MAY_NOT),
    BrokenBuild(no_permission, MAY_NOT),
    BrokenBuild(no_stops, MAY_NOT),
    BrokenBuild(rows_that_stay, "nothing is left of who was erased"),
    BrokenBuild(rings_that_nobody_hears, "nothing is stuck"),
    BrokenBuild(notices_under_an_id_of_their_own, "feedback is taken once", ("twice", "TakeFeedback")),
    BrokenBuild(receipts_that_are_given_up, "a service message goes out"),
    BrokenBuild(moments_forgotten, "a moment is decided once"),
    BrokenBuild(splits_refused, "clients are answered"),
]


@pytest.mark.parametrize("build", BROKEN_BUILDS, ids=lambda build: build.breaks.__name__)
def test_a_broken_build_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch, build: BrokenBuild
) -> None:
    build.breaks(monkeypatch)
    faults = []
    if build.fault:
        kind, function = build.fault
        place = next(n for n, one in enumerate(reference.handed) if one.function == function)
        faults = [Fault(kind, place)]
    names = {found.split(":")[0] for found in broken(run(stack, reference, *faults), reference)}
    assert build.found_by in names


@pytest.mark.parametrize("kind", ["twice", "twice late", "overtaken"])
def test_what_is_handed_over_twice_is_found_out_where_nothing_is_remembered(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    for guard in (facts, work_circle):
        monkeypatch.setattr(guard, "knows", lambda *_: False)
    if kind == "overtaken":
        faults = at(reference, kind, "IngestEvents", "PutItem", "-timeline")[:1]
    else:
        faults = [Fault(kind, 0)]
        assert reference.handed[0].function == "IngestEvents"
    assert "every event is folded exactly once" in invariants_broken(stack, reference, faults)


def test_every_invariant_has_a_broken_build_that_it_finds() -> None:
    above = {
        "every event is folded exactly once", "a promotional message goes out at most once", "history is whole",
        "deliveries come to an end", "what is counted is counted once", "no sign leads nowhere",
    }  # fmt: skip
    assert above | {build.found_by for build in BROKEN_BUILDS} == set(INVARIANTS)


def test_a_failing_combination_becomes_one_fault_and_few_steps(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for guard in (facts, work_circle):
        monkeypatch.setattr(guard, "knows", lambda *_: False)
    late = next(number for number, one in enumerate(reference.handed) if one.function == "SendDeliveries")
    failing = run(stack, reference, Fault("twice", 0), Fault("twice", late), Fault("throttled", 40))
    small = shrunk(stack, reference, failing)
    assert [str(fault) for fault in small.faults] == ["twice:0"]
    assert len(small.marks) - len(small.without) <= 3
    told = story(small, broken(small, run(stack, reference, without=small.without)))
    assert "12:00  look around\n           twice: IngestEvents handed" in told
    assert "broken: every event is folded exactly once" in told
    assert "flash sale" not in told


def test_days_that_part_at_their_first_fault_break_what_whole_days_break(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for guard in (facts, work_circle):
        monkeypatch.setattr(guard, "knows", lambda *_: False)
    late = next(number for number, one in enumerate(reference.handed) if one.function == "SendDeliveries")
    plans = [(Fault("twice", 0),), (Fault("twice", 1), Fault("throttled", 40)), (Fault("late", late),)]
    plans.append((Fault("throttled", 1_000_000),))  # meets nothing
    found = branching.lived(stack, reference, plans)
    assert found.keys() == set(plans)
    for plan in plans:
        whole = broken_names(run(stack, reference, *plan), reference)
        assert {each.split(":")[0] for each in found[plan]} == whole
    assert "every event is folded exactly once" in {each.split(":")[0] for each in found[plans[0]]}
    assert not found[plans[3]]


def test_a_day_that_does_not_end_is_a_finding(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branching, "LONGEST_S", 1)
    monkeypatch.setattr(Injector, "_anew", lambda *_: signal.pause())
    plan = (Fault("twice", 3),)
    (words,) = branching.lived(stack, reference, [plan])[plan]
    assert "not after 1 s" in words


def test_a_fault_is_called_by_the_name_it_tells() -> None:
    for kind in KINDS:
        assert named(str(Fault(kind, 7))) == Fault(kind, 7)
    with pytest.raises(ValueError, match="names no fault"):
        named("asleep:3")


def test_combinations_are_the_same_for_the_same_seed(reference: Run) -> None:
    every = faults_for(reference.calls, reference.handed)
    assert combination(every, 5) == combination(every, 5)
    assert len({combination(every, seed) for seed in range(20)}) == 20
    assert {len(combination(every, seed)) for seed in range(50)} == {2, 3, 4}


@pytest.mark.parametrize(("seconds", "lived"), [(60, 11), (-1, proof.WORKERS)])
def test_every_part_is_lived_once_while_there_is_time(
    seconds: int, lived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: list[list[Plan]] = [[(Fault("throttled", number),)] for number in range(11)]
    monkeypatch.setattr(proof, "live", lambda part: {plan: [] for plan in part})

    with ThreadPoolExecutor(proof.WORKERS) as pool:
        found = [plan for part in proof.in_turn(pool, parts, time.monotonic() + seconds) for plan in part]

    assert len(found) == len(set(found)) == lived
