"""The machine can fail: each of these broken builds is one that it finds, and soon."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from chalicelib.domain import facts, handing_over, linking
from chalicelib.domain.doors import Doors
from chalicelib.domain.profile import Door, Known, Seen, Sign
from chalicelib.domain.stored import Unchanged, Write
from chalicelib.services import store_history, work_circle
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.work_circle import Round
from tests.fakes import FakeProfiles
from tests.services.test_identity_machine import STEPS, CalmMachine, IdentityMachine

SOON = 3_000
"""Examples within which each must be found."""


def no_condition(patch: pytest.MonkeyPatch) -> None:
    def commit(self: FakeProfiles, writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        for write in writes:
            self._put(write)

    patch.setattr(FakeProfiles, "commit", commit)


def no_condition_on_absence(patch: pytest.MonkeyPatch) -> None:
    commit = FakeProfiles.commit

    def overwrite(self: FakeProfiles, writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        commit(self, [one if one.expected else Write(one.door, self._version(one.door.id)) for one in writes])

    patch.setattr(FakeProfiles, "commit", overwrite)


def piece_by_piece(patch: pytest.MonkeyPatch) -> None:
    whole = IngestEvents._commit

    def commit(self: IngestEvents, one: Round) -> None:
        changed = one.doors.changed
        for home in sorted(changed):
            one.doors.changed = {home}
            whole(self, one)
        one.doors.changed = changed

    patch.setattr(IngestEvents, "_commit", commit)


def no_memory(patch: pytest.MonkeyPatch) -> None:
    for guard in (facts, work_circle):
        patch.setattr(guard, "knows", lambda _seen, _event: False)


def memory_lost_in_a_merge(patch: pytest.MonkeyPatch) -> None:
    def join(a: Seen, _b: Seen) -> Seen:
        return a

    patch.setattr(facts, "join_seen", join)


def still_listed_after_a_hand_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(handing_over, "lists", lambda _profile, _identifier: None)


def loser_s_identifiers_forgotten(patch: pytest.MonkeyPatch) -> None:
    def together(a: Sequence[Known], _b: Sequence[Known]) -> list[Known]:
        return list(a)

    patch.setattr(linking, "_together", together)


def no_sign(patch: pytest.MonkeyPatch) -> None:
    put = Doors.put

    def put_no_new_sign(self: Doors, door: Door) -> None:
        if not isinstance(door, Sign) or door.id in self.now:
            put(self, door)

    patch.setattr(Doors, "put", put_no_new_sign)


def nothing_requeued(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(IngestEvents, "_requeue", lambda _self, _circle, _outcome: None)


def history_not_written_anew(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(store_history, "_only_new", lambda one, _stored: Round(one.doors))


@dataclass(frozen=True)
class Mutant:
    """A broken build, what the machine must say of it, and the quietest world in which it shows."""

    breaks: Callable[[pytest.MonkeyPatch], None]
    found_by: str
    world: type[IdentityMachine] = CalmMachine


MUTANTS = [
    Mutant(no_condition, "."),
    Mutant(no_condition_on_absence, "."),
    Mutant(piece_by_piece, "nobody lists it|leads nowhere|doesn't list it|is listed by two"),
    Mutant(no_memory, "facts"),
    Mutant(memory_lost_in_a_merge, "what was folded"),
    Mutant(still_listed_after_a_hand_over, "is listed by two profiles", IdentityMachine),
    Mutant(loser_s_identifiers_forgotten, "nobody lists it|leads to a profile"),
    Mutant(no_sign, "leads nowhere|doesn't list it"),
    Mutant(nothing_requeued, "an event was lost"),
    Mutant(history_not_written_anew, "history"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.breaks.__name__)
def test_a_broken_build_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.breaks(monkeypatch)
    with pytest.raises(AssertionError, match=mutant.found_by):
        run_state_machine_as_test(
            looking_for(mutant),
            settings=settings(
                max_examples=SOON,
                stateful_step_count=STEPS,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )


def looking_for(mutant: Mutant) -> type[IdentityMachine]:
    """A machine that ends an example at whatever else it finds: one mutant must not pass for another."""

    class Looking(mutant.world):  # type: ignore[name-defined, misc]
        def _try(self, act: Callable[..., object], *args: Any) -> None:
            if self.sound:
                try:
                    super()._try(act, *args)
                except AssertionError as found:
                    if re.search(mutant.found_by, str(found)):
                        raise

    return Looking
