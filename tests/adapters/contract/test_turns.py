"""What every store of the channels' lanes and breakers promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from chalicelib.domain.breaker import CLOSED, Breaker
from chalicelib.services.ports import Turns

NOW = 1_772_452_800_000
LINE = 60_000


def test_an_idle_lane_gives_now(turns: Turns) -> None:
    assert turns.take("email#offer", NOW, 500_000, LINE) == NOW
    assert turns.take("email#offer", NOW + 9_000, 500_000, LINE) == NOW + 9_000


def test_the_next_comes_one_width_later(turns: Turns) -> None:
    taken = [turns.take("email#offer", NOW, 333_333, LINE) for _ in range(4)]
    assert taken == [NOW, NOW + 334, NOW + 667, NOW + 1_000]


def test_lanes_know_nothing_of_each_other(turns: Turns) -> None:
    turns.take("email#offer", NOW, 500_000, LINE)
    assert turns.take("email#service", NOW, 500_000, LINE) == NOW


def test_a_line_that_is_full_gives_none_until_it_has_moved_on(turns: Turns) -> None:
    taken = [turns.take("sms#offer", NOW, 30_000_000, LINE) for _ in range(5)]
    assert taken == [NOW, NOW + 30_000, NOW + 60_000, None, None]
    assert turns.take("sms#offer", NOW + 30_000, 30_000_000, LINE) == NOW + 90_000


def test_many_at_once_get_a_slot_each(turns: Turns) -> None:
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: turns.take("email#offer", NOW, 10_000, LINE), range(24)))
    assert sorted(map(int, filter(None, taken))) == [NOW + 10 * place for place in range(24)]


def test_a_breaker_that_never_opened_is_closed(turns: Turns) -> None:
    assert turns.breaker("email") == CLOSED


def test_a_breaker_moves_from_what_was_seen_alone(turns: Turns) -> None:
    first, second = CLOSED.opened(NOW), CLOSED.opened(NOW + 1)
    assert turns.move_breaker("email", CLOSED, first)
    assert not turns.move_breaker("email", CLOSED, second)
    assert not turns.move_breaker("email", second, CLOSED)
    assert turns.breaker("email") == first
    assert turns.breaker("sms") == CLOSED
    assert turns.move_breaker("email", first, CLOSED)
    assert turns.move_breaker("email", CLOSED, second)
    assert turns.breaker("email") == second


def test_one_of_many_becomes_the_probe(turns: Turns) -> None:
    opened = Breaker(NOW, 3)
    turns.move_breaker("email", CLOSED, opened)
    with ThreadPoolExecutor(4) as pool:
        won = list(
            pool.map(
                lambda number: turns.move_breaker("email", opened, opened.probed(NOW + number)), range(12)
            )
        )
    assert won.count(True) == 1
