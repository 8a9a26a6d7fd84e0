"""Stories the machine has told, each as short as it can be: played, brought to rest, and compared with the model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.stepping import Turn
from tests.services.identity_stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def at_rest(stage: Stage) -> None:
    """What is under way when the story has been told ends, and everybody is who the model says."""
    stage.settle()
    stage.compare()


def played(stage: Stage, number: int) -> None:
    """A worker takes one message from its beginning to its end."""
    stage.take(0, number)
    stage.finish(0)


def test_an_event_that_comes_again_after_its_device_changed_hands_counts_once(stage: Stage) -> None:
    visit = stage.send(stage.event(1, "anonymous:c"))
    played(stage, visit)
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:c")))
    played(stage, stage.send(stage.event(0, "user:v", "anonymous:c")))
    stage.again(visit)
    at_rest(stage)


def test_a_sign_that_is_read_late_beside_a_fresh_profile_is_not_believed(stage: Stage) -> None:
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:a")))
    played(stage, stage.send(stage.event(1, "user:v", "anonymous:a")))
    stage.take(0, stage.send(stage.event(2, "anonymous:a")))
    stage.go(0, Turn(lags=(1,)))
    stage.go(0)
    at_rest(stage)


def test_a_sign_that_is_read_before_a_hand_over_and_its_profile_after_it_is_not_believed(
    stage: Stage,
) -> None:
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:a")))
    stage.take(1, stage.send(stage.event(2, "anonymous:a")))
    stage.go(1)
    played(stage, stage.send(stage.event(1, "user:v", "anonymous:a")))
    at_rest(stage)


def test_a_late_hand_over_is_noticed_by_a_late_event_that_read_the_door_of_one_owner(stage: Stage) -> None:
    played(stage, stage.send(stage.event(5, "user:u", "anonymous:a")))
    stage.take(1, stage.send(stage.event(1, "anonymous:a")))
    stage.go(1)
    stage.go(1)
    played(stage, stage.send(stage.event(2, "user:v", "anonymous:a")))
    at_rest(stage)


def test_an_alias_that_saw_no_such_user_looks_again_when_there_is_one(stage: Stage) -> None:
    stage.take(0, stage.send(stage.event(0, "user:v", previous="u")))
    stage.go(0)
    stage.take(1, stage.send(stage.event(0, "user:u")))
    stage.finish(1)
    at_rest(stage)


def test_a_visitor_s_device_is_the_customer_s_from_the_login_on_not_from_ever(stage: Stage) -> None:
    played(stage, stage.send(stage.event(0, "anonymous:b")))
    played(stage, stage.send(stage.event(1, "user:u", "anonymous:b")))
    played(stage, stage.send(stage.event(0, "user:v", "anonymous:b")))
    at_rest(stage)


def test_an_event_that_went_to_the_next_owner_leaves_the_history_of_the_one_before(stage: Stage) -> None:
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:b")))
    stage.take(1, stage.send(stage.event(2, "anonymous:b")))
    while stage.workers[1].stepper.waits_for != "commit":
        stage.go(1)
    played(stage, stage.send(stage.event(1, "user:v", "anonymous:b")))
    at_rest(stage)


def test_an_alias_is_not_committed_before_the_user_it_found_in_the_same_batch(stage: Stage) -> None:
    played(stage, stage.send(stage.event(0, "user:u"), stage.event(0, "user:v", previous="u")))
    at_rest(stage)
