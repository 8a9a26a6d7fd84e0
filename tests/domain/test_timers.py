"""What waits in the agenda, and how a crowd leaves it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.effects import Ring
from chalicelib.domain.timers import (
    LONGEST_SPREAD,
    TOGETHER,
    delivery_job,
    is_promotional,
    ring_event,
    ring_job,
    ring_of,
    spread,
)
from chalicelib.domain.versions import next_version

RING = Ring("r_1", "p_1", 5_000, "Topeka Woken", {"wake": 1})


def test_a_ring_comes_out_of_the_agenda_as_it_went_in() -> None:
    assert ring_of(ring_job(RING)) == RING


def test_the_same_ring_is_the_same_event() -> None:
    assert ring_event(RING) == ring_event(ring_of(ring_job(RING)))
    assert ring_event(RING).message_id == "ring-r_1"


def test_offers_may_be_late_service_and_rings_may_not() -> None:
    assert is_promotional(delivery_job("m_1", "p_1", "offer"))
    assert is_promotional(delivery_job("m_1", "p_1", "brand"))
    assert not is_promotional(delivery_job("m_1", "p_1", "service"))
    assert not is_promotional(ring_job(RING))


@given(st.text(), st.integers(min_value=0, max_value=100_000))
def test_a_spread_is_bounded_and_always_the_same(id: str, crowd: int) -> None:
    late = spread(id, crowd)
    assert late == spread(id, crowd)
    assert 0 <= late < LONGEST_SPREAD
    assert crowd > TOGETHER or late == 0


def test_a_version_counts_on_under_a_nonce_of_its_own() -> None:
    assert next_version("", "a") == "1.a"
    assert next_version("41.b", "c") == "42.c"
