"""Five thousand e-mails through a provider that throttles one call in three and refuses one in twenty."""

from __future__ import annotations

from collections import Counter

import pytest

from chalicelib.domain.breaker import CLOSED
from chalicelib.domain.pacing import LATE, SERVICE_SHARE
from tests.services.many_world import Many
from tests.services.test_take_turn import most_within

SECOND = 1_000


@pytest.mark.parametrize(
    ("count", "rate"), [(5_000, 0.0), (500, 20.0)], ids=["as fast as it goes", "at its rate"]
)
def test_each_is_delivered_once_and_none_is_lost(count: int, rate: float) -> None:
    many = Many(rate=rate, throttles=1 / 3, refuses=1 / 20)
    added = many.add(count)
    many.run()
    delivered = Counter(id for _, id in many.provider.taken)
    assert delivered == Counter(added)
    assert many.states() == {("sent", "sent"): count}
    assert many.outcomes["sent"] == count and many.outcomes["dropped"] == 0

    calls = sum(many.provider.told.values())
    assert 0.27 < many.provider.told["throttled"] / calls < 0.40
    assert 0.02 < many.provider.told["refused"] / calls < 0.09
    assert many.turns.breaker("email") == CLOSED
    if rate:
        times = [at for at, _ in many.provider.taken]
        assert most_within(times, 10 * SECOND) <= (10 + LATE / SECOND) * rate * (1 - SERVICE_SHARE) + 1
