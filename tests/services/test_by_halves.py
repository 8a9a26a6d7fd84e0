"""Work done together, of which one part may be poisoned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Unavailable
from chalicelib.services.by_halves import by_halves


def worker(poisoned: set[int], done: list[int], calls: list[int]) -> Callable[[Sequence[int]], None]:
    def work(things: Sequence[int]) -> None:
        calls.append(len(things))
        if poisoned.intersection(things):
            raise ValueError
        done.extend(things)

    return work


@given(st.integers(0, 40), st.sets(st.integers(0, 39)))
def test_all_but_the_poisoned_is_done_once_and_in_order(count: int, poisoned: set[int]) -> None:
    done: list[int] = []
    aside: list[int] = []
    by_halves(worker(poisoned, done, []), range(count), lambda thing, _: aside.append(thing))
    assert done == [thing for thing in range(count) if thing not in poisoned]
    assert aside == [thing for thing in range(count) if thing in poisoned]


def test_what_works_together_is_done_in_one_go_and_one_poisoned_among_many_is_found_in_few() -> None:
    calls: list[int] = []
    by_halves(worker(set(), [], calls), range(1_000), lambda *_: None)
    assert calls == [1_000]
    by_halves(worker({500}, [], calls), range(1_000), lambda *_: None)
    assert len(calls) <= 1 + 2 * 11


def test_nothing_is_wrong_with_work_that_must_come_again() -> None:
    def work(_: Sequence[int]) -> None:
        raise Unavailable("dynamodb")

    with pytest.raises(Unavailable):
        by_halves(work, range(4), lambda *_: pytest.fail("nothing is poisoned"))
