"""Past decisions, made again from what is kept of them."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Clash, NotFound
from chalicelib.domain.events import EventBatch
from chalicelib.domain.learning import Learned
from tests.services.ingest_world import MINUTE
from tests.services.replay_world import PLAYBOOK, Replays

LEARNED = Learned(version=3, propensities={"boots": {"": 0.2, "email/known": 0.31}}, values={"boots": 2.25})


def world() -> Replays:
    one = Replays(learned=LEARNED)
    one.publish(PLAYBOOK)
    object.__setattr__(one.ingest, "learned", lambda: one.learned)
    return one


def test_a_thousand_logged_decisions_come_out_the_same() -> None:
    one = world()
    for number in range(250):
        name = f"user{number}"
        events = [one.event("", type="identify", user_id=name, traits={"email": f"{name}@example.com"})]
        for _ in range(4):
            one.clock.forward(MINUTE)
            events.append(one.event("Rain Started", user_id=name))
        one.ingest([EventBatch(events=tuple(events))])
    one.keep()
    decided = one.decided()

    assert len(decided) == 1000
    assert all(one.replay(profile, decision)["same"] for profile, decision in decided)


def test_a_replay_tells_every_message_and_why() -> None:
    one = world()
    one.comes("ana")
    one.does("ana", "Order Completed", sku="umbrella")
    one.does("ana", "Rain Started")
    told = one.replay("user:ana", one.decided()[-1][1])
    umbrella = next(row for row in told["explain"]["messages"] if row["message"] == "umbrella")

    assert told["same"] is True
    assert told["learned"] == 3
    assert [row["message"] for row in told["choices"]] == ["boots"]
    assert umbrella["reason"] == "not-for-them"
    assert "Order Completed" in umbrella["words"]


def test_what_nobody_decided_is_not_found() -> None:
    one = world()
    one.comes("ana")

    with pytest.raises(NotFound):
        one.replay("user:ana", "d_none")
    with pytest.raises(NotFound):
        one.replay("user:nobody", "d_none")


def test_without_its_snapshot_a_decision_cannot_be_made_again() -> None:
    one = world()
    one.comes("ana")
    one.does("ana", "Rain Started")
    one.learned = Learned(version=4)

    with pytest.raises(Clash, match="kept no more"):
        one.replay("user:ana", one.decided()[-1][1])
