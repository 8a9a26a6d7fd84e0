"""The one table of a delivery's states: what it allows, and that nothing gets around it."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.deliveries import CHANGES, LEGAL, STATES, TOLD, Change, illegal, insist
from chalicelib.domain.stored import Delivery
from tests.fakes import FakeDeliveries

ENDS = {"complained", "dropped", "dismissed", "pointer"}
REACHED = ("sent", "delivered", "bounced", "complained")
"""The provider has it for certain, in the order in which that is told."""


def after(state: str) -> set[str]:
    """Where a row in this state may go next."""
    return {to for start, to in LEGAL if start == state}


def test_the_table_tells_of_every_state_where_it_leads() -> None:
    """Written out once more, so that a change of the table is one on purpose."""
    assert {state: after(state) for state in STATES} == {
        "due": {"claimed", "waiting", "dropped"},
        "claimed": {"due", "dropped", "unknown", *REACHED},
        "unknown": set(REACHED),
        "sent": {"delivered", "bounced", "complained"},
        "delivered": {"bounced", "complained"},
        "bounced": {"complained"},
        "waiting": {"dismissed"},
        **{end: set() for end in ENDS},
    }


def test_every_pair_is_either_legal_or_refused() -> None:
    for state in STATES:
        for to in STATES:
            if (state, to) in LEGAL:
                insist([state], to)
            else:
                with pytest.raises(ValueError, match=re.escape(f"to {to}")):
                    insist([state], to)


def test_what_the_provider_took_or_may_have_taken_is_never_due_again() -> None:
    """`claimed` alone leads back, and whoever moves it names the claim."""
    assert {state for state, to in LEGAL if to == "due"} == {"claimed"}
    assert not {to for state in (*REACHED, "unknown") for to in after(state)} & {"due", "claimed", "dropped"}


def test_a_notification_that_comes_twice_or_late_moves_nothing() -> None:
    for place, state in enumerate(REACHED):
        for earlier in REACHED[: place + 1]:
            assert illegal([state], earlier) == [state]


def test_no_move_in_the_code_names_states_of_its_own() -> None:
    """Each takes its change from the table, so the table is all there is to read."""
    code = Path(__file__).parents[2] / "chalicelib"
    own = [
        path.name
        for path in sorted(code.rglob("*.py"))
        if re.search(r"\.move\([^)]*come_from=", path.read_text(), re.DOTALL)
    ]
    assert own == []


@given(
    st.lists(st.one_of(st.sampled_from(CHANGES), st.tuples(st.sampled_from(STATES), st.sampled_from(STATES))))
)
def test_whatever_anybody_tries_a_row_only_ever_takes_legal_steps(
    tries: list[Change | tuple[str, str]],
) -> None:
    deliveries = FakeDeliveries()
    deliveries.create(Delivery("m_1", "p_1", "due", 1))
    path = ["due"]
    for one in tries:
        come_from, to = one if isinstance(one, tuple) else (one["come_from"], one["to"])
        moved = False
        try:
            moved = deliveries.move(
                "m_1", come_from=[come_from] if isinstance(come_from, str) else come_from, to=to
            )
        except ValueError:
            assert isinstance(one, tuple)
        if moved:
            path.append(deliveries.rows["m_1"].state)
        assert deliveries.rows["m_1"].state == path[-1]
    assert all(step in LEGAL for step in pairwise(path))
    assert not ENDS & set(path[:-1])


@given(st.permutations(sorted(TOLD)))
def test_in_whatever_order_the_provider_tells_the_last_word_is_the_same(order: list[str]) -> None:
    deliveries = FakeDeliveries()
    deliveries.create(Delivery("m_1", "p_1", "claimed", 1))
    for told in order:
        deliveries.move("m_1", **TOLD[told])
    assert deliveries.rows["m_1"].state == "complained"
