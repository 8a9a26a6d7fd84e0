"""Deaths and races of senders, at every single step: what is promised holds wherever it happens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.decision import Switches
from chalicelib.domain.errors import NotTaken, Unanswered
from chalicelib.services.send_delivery import SendDelivery
from tests.services.sending_stage import HOUR, JOB, Stage, night, rules

STEPS = 14
"""More than any run has calls to ports; a run that ends before its step is simply a whole one."""


class Death(BaseException):
    """The process is gone: nothing catches it."""


@dataclass
class Step:
    """Counts the calls of all ports; at the one numbered `at`, `then` happens, before or after the call."""

    at: int
    before: bool
    then: Callable[[], object]
    made: int = 0
    happened: bool = False

    def call(self, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        mine = self.made == self.at
        self.made += 1
        if mine and self.before:
            self._happen()
        answer = method(*args, **named)
        if mine and not self.before:
            self._happen()
        return answer

    def _happen(self) -> None:
        self.happened = True
        self.then()


class Watched:
    """A port whose calls are steps."""

    def __init__(self, port: Any, step: Step) -> None:
        self._port, self._step = port, step

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *args, **named: self._step.call(method, *args, **named)


def watched(stage: Stage, step: Step) -> SendDelivery:
    """A sender each of whose calls to a port is a step."""
    names = ("profiles", "deliveries", "stops", "agenda", "queue", "provider")
    real = {name: getattr(stage, name) for name in names}
    for name in names:
        setattr(stage, name, Watched(real[name], step))
    sender = stage.sender()
    for name in names:
        setattr(stage, name, real[name])
    return sender


def die() -> None:
    raise Death


def settle(stage: Stage) -> None:
    """The queue brings the job again, the agenda rings, delayed jobs come: until nothing is left to do."""
    stage.send()
    for _ in range(4):
        for due, id in list(stage.agenda.jobs):
            stage.agenda.remove([(due, id)])
            stage.clock.now = max(stage.clock.now, due)
            stage.send()
        while stage.queue.jobs:
            stage.send(**stage.queue.jobs.pop(0))


def agree(stage: Stage) -> None:
    """The contact tells of the delivery what the row tells, and both tell the truth."""
    row, contact = stage.row.state, stage.contact.state
    assert (row, contact) in {("sent", "sent"), ("dropped", "dropped"), ("unknown", "unknown")}
    if row == "dropped":
        assert stage.provider.sent == []
    if row == "sent":
        assert stage.contact.held_until == 0
        assert len(stage.provider.sent) >= 1


ANSWERS: dict[str, tuple[list[BaseException], bool]] = {
    "the provider takes it": ([], False),
    "the provider refuses first": ([NotTaken()], False),
    "the answer is lost": ([Unanswered()], True),
    "the call never arrives": ([Unanswered()], False),
}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
@pytest.mark.parametrize("answers", ANSWERS)
@pytest.mark.parametrize("kind", ["offer", "service"])
def test_a_death_at_any_step_loses_nothing_and_repeats_nothing(
    kind: str, answers: str, at: int, before: bool
) -> None:
    stage = Stage(kind=kind)
    stage.provider.answers, stage.provider.takes = list(ANSWERS[answers][0]), ANSWERS[answers][1]
    with suppress(Death):
        watched(stage, Step(at, before, die))(JOB)
    settle(stage)
    agree(stage)
    if kind == "offer":
        assert len(stage.provider.sent) <= 1
    else:
        assert len(stage.provider.sent) >= 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
def test_a_death_while_giving_back_gives_back_after_all(at: int, before: bool) -> None:
    stage = Stage()
    stage.live.switched = Switches(sending=False)
    with suppress(Death):
        watched(stage, Step(at, before, die))(JOB)
    settle(stage)
    assert (stage.row.state, stage.contact.state) == ("dropped", "dropped")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
def test_a_death_while_holding_still_rings_in_the_morning(at: int, before: bool) -> None:
    stage = Stage()
    stage.live.rules = rules(quiet=night(stage.clock))
    with suppress(Death):
        watched(stage, Step(at, before, die))(JOB)
    settle(stage)
    assert (stage.row.state, len(stage.provider.sent)) == ("sent", 1)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
@pytest.mark.parametrize("withdrawn", [True, False], ids=["withdrawn", "standing"])
def test_a_death_while_laying_in_the_inbox_is_made_up_for(withdrawn: bool, at: int, before: bool) -> None:
    stage = Stage(channel="inbox")
    step = Step(at, before, die)
    with suppress(Death):
        watched(stage, step)(JOB)
    stage.live.switched = Switches(sending=not (withdrawn and step.happened))
    settle(stage)
    assert (stage.row.state, stage.contact.state) in {("waiting", "delivered"), ("dropped", "dropped")}
    assert withdrawn or stage.row.state == "waiting"


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
@pytest.mark.parametrize("kind", ["offer", "service"])
def test_a_second_sender_at_any_step_of_the_first_sends_nothing_twice(
    kind: str, at: int, before: bool
) -> None:
    stage = Stage(kind=kind)
    watched(stage, Step(at, before, stage.send))(JOB)
    settle(stage)
    agree(stage)
    assert len(stage.provider.sent) == 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
def test_a_second_sender_that_must_drop_it_never_gives_back_what_the_first_sends(
    at: int, before: bool
) -> None:
    stage = Stage()

    def switched_off() -> None:
        stage.live.switched = Switches(sending=False)
        stage.send()

    watched(stage, Step(at, before, switched_off))(JOB)
    settle(stage)
    agree(stage)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
def test_a_second_sender_that_must_hold_it_never_unwrites_what_the_first_sends(at: int, before: bool) -> None:
    stage = Stage()

    def nightfall() -> None:
        stage.live.rules = rules(quiet=night(stage.clock))
        stage.send()

    watched(stage, Step(at, before, nightfall))(JOB)
    settle(stage)
    agree(stage)
    assert len(stage.provider.sent) == 1


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
@pytest.mark.parametrize("other", ["drops", "holds", "sends"])
def test_a_second_sender_that_dies_at_any_step_within_the_first_leaves_no_lie(
    other: str, at: int, before: bool
) -> None:
    """The second is in the middle of its own steps while the first goes on: every pair of places is tried."""
    for dies_at in range(STEPS):
        for dies_before in (True, False):
            stage = Stage()
            second = partial(interfere, stage, other, Step(dies_at, dies_before, die))
            watched(stage, Step(at, before, second))(JOB)
            settle(stage)
            agree(stage)
            assert len(stage.provider.sent) <= 1


def interfere(stage: Stage, other: str, step: Step) -> None:
    """A second sender, to whom the world looks as `other` says, goes as far as its step."""
    if other == "drops":
        stage.live.switched = Switches(sending=False)
    if other == "holds":
        stage.live.rules = rules(quiet=night(stage.clock))
    with suppress(Death):
        watched(stage, step)(JOB)


def test_two_who_look_at_an_open_claim_act_once() -> None:
    stage = Stage(kind="service")
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    stage.send()
    stage.clock.forward(HOUR)
    for at in range(STEPS):
        watched(stage, Step(at, False, stage.send))(JOB)
    assert len(stage.provider.sent) == 2


def test_every_step_of_a_send_is_among_those_tried() -> None:
    """The tables above would prove nothing if their steps came after the end."""
    stage = Stage()
    step = Step(-1, True, die)
    watched(stage, step)(JOB)
    assert 5 <= step.made <= STEPS
