"""The races of identity by name, each drawn, as short as it can be: played, brought to rest, compared with the model.

Races of splitting and of erasing are beside their services: `test_split_profile.py`, `test_erase_profile.py`.
"""

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
    """The event is its first copy's, whoever has the device by now:

    A   e by c: put the visitor ...... u logs in on c ...... v logs in on c
    queue                                                                  e again: u knows it
    """
    visit = stage.send(stage.event(1, "anonymous:c"))
    played(stage, visit)
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:c")))
    played(stage, stage.send(stage.event(0, "user:v", "anonymous:c")))
    stage.again(visit)
    at_rest(stage)


def test_a_sign_that_is_read_late_beside_a_fresh_profile_is_not_believed(stage: Stage) -> None:
    """A re-pointed device, and a read that lags behind:

    A   reads a's sign: u's (one version late) ... reads u: she does not list a: both are read again
    """
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:a")))
    played(stage, stage.send(stage.event(1, "user:v", "anonymous:a")))
    stage.take(0, stage.send(stage.event(2, "anonymous:a")))
    stage.go(0, Turn(lags=(1,)))
    stage.go(0)
    at_rest(stage)


def test_a_sign_that_is_read_before_a_hand_over_and_its_profile_after_it_is_not_believed(
    stage: Stage,
) -> None:
    """A re-pointed device, and no lag at all:

    A   reads a's sign: u's ......................... reads u: she does not list a: both are read again
    B                        a: u's -> v's, put u
    """
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:a")))
    stage.take(1, stage.send(stage.event(2, "anonymous:a")))
    stage.go(1)
    played(stage, stage.send(stage.event(1, "user:v", "anonymous:a")))
    at_rest(stage)


def test_a_late_hand_over_is_noticed_by_a_late_event_that_read_the_door_of_one_owner(stage: Stage) -> None:
    """The door alone tells whose it was earlier, so a late event's commit relies on it:

    A   e at 1: the door says u, from 5 on (and before) ......... put u if the door is unchanged: conflict
    B                                 v's login at 2: the door says v, then u; u is not touched
    """
    played(stage, stage.send(stage.event(5, "user:u", "anonymous:a")))
    stage.take(1, stage.send(stage.event(1, "anonymous:a")))
    stage.go(1)
    stage.go(1)
    played(stage, stage.send(stage.event(2, "user:v", "anonymous:a")))
    at_rest(stage)


def test_an_alias_that_saw_no_such_user_looks_again_when_there_is_one(stage: Stage) -> None:
    """Absence is relied on, too:

    A   alias u -> v: no user u, so the visitor u ........ put v, sign u if there is still no user u: conflict
    B                                        put user u
    """
    stage.take(0, stage.send(stage.event(0, "user:v", previous="u")))
    stage.go(0)
    stage.take(1, stage.send(stage.event(0, "user:u")))
    stage.finish(1)
    at_rest(stage)


def test_a_visitor_s_device_is_the_customer_s_from_the_login_on_not_from_ever(stage: Stage) -> None:
    """A late login takes nothing from who has logged in since:

    time   b visits (0) ..... v logs in (0, told last) ..... u logs in (1)
    """
    played(stage, stage.send(stage.event(0, "anonymous:b")))
    played(stage, stage.send(stage.event(1, "user:u", "anonymous:b")))
    played(stage, stage.send(stage.event(0, "user:v", "anonymous:b")))
    at_rest(stage)


def test_an_event_that_went_to_the_next_owner_leaves_the_history_of_the_one_before(stage: Stage) -> None:
    """What was stored for a commit that lost is taken back:

    A   e at 2: u's, stored with her ............ put u: conflict; e is v's: taken back, stored with him
    B                          v logs in at 1
    """
    played(stage, stage.send(stage.event(0, "user:u", "anonymous:b")))
    stage.take(1, stage.send(stage.event(2, "anonymous:b")))
    while stage.workers[1].stepper.waits_for != "commit":
        stage.go(1)
    played(stage, stage.send(stage.event(1, "user:v", "anonymous:b")))
    at_rest(stage)


def test_an_alias_is_not_committed_before_the_user_it_found_in_the_same_batch(stage: Stage) -> None:
    """Without signs profiles are put one by one, in the order in which their events were taken:

    A   u: new; alias u -> v: refused, two users ... put u ... dies ... (put v): not the other way about
    """
    played(stage, stage.send(stage.event(0, "user:u"), stage.event(0, "user:v", previous="u")))
    at_rest(stage)


def until(stage: Stage, worker: int, call: str) -> None:
    """A worker goes on and stops before this call."""
    while stage.workers[worker].stepper.waits_for != call:
        stage.go(worker)


def test_two_merges_that_cross_are_both_made(stage: Stage) -> None:
    """Each joins the same two customers by another event, the other way about:

    A   x with p: reads both ............ put x + p, sign p: conflict (p is gone to u); reads u, x joins u
    B            p with u: reads both ... put u + p, sign p
    """
    for name in ("email:x@example.com", "phone:+17855550100", "user:u"):
        played(stage, stage.send(stage.event(0, name)))
    stage.take(0, stage.send(stage.event(1, "email:x@example.com", "phone:+17855550100")))
    until(stage, 0, "commit")
    stage.take(1, stage.send(stage.event(1, "user:u", "phone:+17855550100")))
    stage.finish(1)
    at_rest(stage)
    (customer,) = stage.model.customers()
    assert len(customer.identifiers) == 3


def test_a_chain_and_a_loop_made_by_three_workers_at_once_end_in_one_customer(stage: Stage) -> None:
    """All three read before anybody commits:

    A   a - x ....... put
    B   x - L ............ put: conflict, reads again, put
    C   L - a ................................................ put: conflict, reads again, all one already
    """
    for name in ("anonymous:a", "email:x@example.com", "loyalty:L"):
        played(stage, stage.send(stage.event(0, name)))
    links = [
        ("email:x@example.com", "anonymous:a"),
        ("email:x@example.com", "loyalty:L"),
        ("loyalty:L", "anonymous:a"),
    ]
    for worker, names in enumerate(links):
        stage.take(worker, stage.send(stage.event(1, *names)))
        until(stage, worker, "commit")
    at_rest(stage)
    (customer,) = stage.model.customers()
    assert len(customer.identifiers) == 3


def test_two_workers_at_one_vacant_door_make_one_customer(stage: Stage) -> None:
    """Neither sees anybody at home:

    A   a: vacant ........ put a
    B   a: vacant, u ............. put u, sign a if a is vacant: conflict; joins a
    """
    stage.take(0, stage.send(stage.event(0, "anonymous:a")))
    until(stage, 0, "commit")
    stage.take(1, stage.send(stage.event(0, "user:u", "anonymous:a")))
    until(stage, 1, "commit")
    at_rest(stage)
    (customer,) = stage.model.customers()
    assert customer.identifiers == {"user:u", "anonymous:a"}


def test_a_worker_that_dies_after_its_link_leaves_nothing_to_do(stage: Stage) -> None:
    """The transaction is all there is:

    A   u with a: put u, sign a; dies                 (the queue was not told)
    queue                               the event again: u knows it
    """
    number = stage.send(stage.event(0, "user:u", "anonymous:a"))
    stage.take(0, number)
    until(stage, 0, "commit")
    stage.go(0, Turn("dies after"))
    at_rest(stage)
    assert len(stage.profiles.stream) == 2
