"""A fault at any call of a day leaves nothing lost, doubled or stuck; and a build without its guards is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.adapters import tables
from chalicelib.adapters.deliveries import DynamoDeliveries
from chalicelib.adapters.profiles import DynamoProfiles
from chalicelib.domain import facts
from chalicelib.domain.cells import Cells, total
from chalicelib.domain.stored import Unchanged, Write
from chalicelib.domain.tallies import Entry
from chalicelib.services import fold_tallies, work_circle
from chalicelib.services.relay_effects import RelayEffects
from chalicelib.services.store_history import StoreHistory
from infra.local.stack import Stack
from tests.faults.injecting import KINDS, Call, Fault, Kind
from tests.faults.runs import Run, broken, faults_for, run, spread
from tests.faults.scenario import PROMOTIONAL, SERVICE

SAMPLE = 16
"""How many of all the faults `make test` tries; `FULL=1 python -m tests.faults` tries them all."""


def test_the_undisturbed_day_is_the_same_every_time_and_says_all_there_is_to_say(
    stack: Stack, reference: Run
) -> None:
    again = run(stack)
    assert [str(call) for call in again.calls] == [str(call) for call in reference.calls]
    assert again.seen == reference.seen
    assert broken(again, reference) == []
    assert reference.seen.mails == dict.fromkeys((*PROMOTIONAL, *SERVICE), 1)
    assert {call.function for call in reference.calls} == {
        "APIHandler", "IngestEvents", "RelayOutbox", "SendDeliveries", "TakeFeedback", "Tick", "RunJobs"
    }  # fmt: skip
    assert {len(facts["identifiers"]) for facts in reference.seen.facts.values()} == {1, 4}


def test_a_fault_at_any_call_loses_doubles_and_blocks_nothing(stack: Stack, reference: Run) -> None:
    faults = spread(faults_for(reference.calls), SAMPLE)
    assert {fault.kind for fault in faults} == set(KINDS)
    assert {str(fault): found for fault in faults if (found := broken(run(stack, fault), reference))} == {}


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
        if found := broken(run(stack, fault), reference):
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
    faults = at(run(stack), "killed before", "IngestEvents", "PutItem", "-profiles", "forward_to")
    assert "no sign leads nowhere" in invariants_broken(stack, reference, faults)


def test_a_build_that_keeps_no_history_is_found_out(
    stack: Stack, reference: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoreHistory, "__call__", lambda *_: None)
    assert any(found.startswith("history is whole") for found in broken(run(stack), reference))


def test_the_sample_meets_every_kind_and_is_always_the_same() -> None:
    every = faults_for([Call("Function", "Operation", "")] * 50)
    sample = spread(every, 40)
    assert sample == spread(every, 40)
    assert len(sample) <= 40
    assert {fault.kind for fault in sample} == set(KINDS)
