"""The bill's arithmetic by hand-counted cases, and that each target can be missed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.squeezing import Squeezing
from tests.bench.rows import Row
from tests.cost import measuring, meter, model, shop, units
from tests.cost import prices as price_list
from tests.cost.prices import plus, times

PRICES = price_list.load()


def test_an_item_weighs_its_names_and_values() -> None:
    item: dict[str, dict[str, Any]] = {
        "id": {"S": "p_1"}, "at": {"N": "-1782993600000"}, "doc": {"B": b"12345"}, "open": {"BOOL": True},
        "list": {"L": [{"S": "a"}, {"N": "7"}]}, "map": {"M": {"x": {"NULL": True}}}, "set": {"SS": ["a", "bc"]},
    }  # fmt: skip
    by_hand = (2 + 3) + (2 + 8) + (3 + 5) + (4 + 1) + (4 + 3 + 2 + 1 + 2) + (3 + 3 + 1 + 1 + 1) + (3 + 3)
    assert units.item_size(item) == by_hand


@pytest.mark.parametrize(
    ("before", "after", "transaction", "billed"),
    [
        (0, 1, False, 1),
        (0, 1024, False, 1),
        (0, 1025, False, 2),
        (3000, 10, False, 3),
        (0, 0, False, 1),
        (0, 1, True, 2),
    ],
)
def test_a_write_is_billed_by_the_larger_item(
    before: int, after: int, transaction: bool, billed: int
) -> None:
    assert units.write_units(before, after, transaction=transaction) == billed


def test_reads_are_billed_by_four_kilobytes() -> None:
    assert [units.read_units(size) for size in (0, 4096, 4097)] == [0.5, 0.5, 1.0]
    assert units.read_units(4097, consistent=True) == 2
    assert units.query_units([2000, 2000, 97]) == 1.0


def test_messages_and_records_are_rounded_up() -> None:
    assert [units.sqs_requests(size) for size in (0, 65_536, 65_537)] == [1, 1, 2]
    assert units.firehose_bytes([1, 5120, 5121]) == 5120 + 5120 + 10_240


def test_dollars_follow_from_use() -> None:
    used = {"api_requests": 1_000_000, "write_units": 2_000_000, "read_units": 1_000_000}
    assert PRICES.by_service(used) == {"API Gateway": pytest.approx(3.50), "DynamoDB": pytest.approx(1.375)}
    assert PRICES.total(plus(used, times(used, 2))) == pytest.approx(3 * 4.875)
    gb = {"lambda_gb_seconds": 1_000_000}
    assert price_list.load(x86=True).total(gb) == pytest.approx(16.6667)
    assert PRICES.total(gb) == pytest.approx(13.3334)


def test_every_price_says_where_it_is_from() -> None:
    for name, price in PRICES.units.items():
        assert price["source"].startswith("https://aws.amazon.com/"), name
        assert set(price) == {"usd", "per", "service", "source"}, name


def measured() -> list[Row]:
    """A small shop's figures: few customers with little history, two rounds."""
    return model.rows(measuring.measure(PRICES, customers=12, rounds=2), PRICES)


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "HISTORY", 40)
    monkeypatch.setattr(measuring, "BATCHES", ((1, 1), (10, 1), (10, 3), (10, 10)))
    monkeypatch.setattr(measuring, "_init_ms", lambda: 500.0)
    monkeypatch.setattr(
        meter, "time", SimpleNamespace(thread_time=lambda: 0.0)
    )  # what is counted, on any machine


def test_a_small_shop_stays_below_every_target_and_a_month_is_made_of_its_parts() -> None:
    found = measuring.measure(PRICES, customers=24, rounds=2)
    missed = [row.name for row in model.rows(found, PRICES) if not row.met]
    assert missed == []
    thousand, million = (PRICES.total(model.month(found, PRICES, n)) for n in (1_000, 1_000_000))
    fixed = PRICES.total(plus(model.fixed(found, PRICES), {"s3_puts": model.MINUTES / 5}))
    assert (million - fixed) / (thousand - fixed) == pytest.approx(1000, rel=0.01)
    assert [lever.saves > 0 for lever in model.levers(found, PRICES)[:3]] == [True, True, True]


def test_a_build_that_stores_documents_and_effects_as_they_are_misses_what_decisions_and_emails_may_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def padded(_self: Squeezing, text: bytes) -> bytes:
        return text[:-1] + b" " * 3_000 + text[-1:]

    monkeypatch.setattr(Squeezing, "squeeze", padded)
    missed = [row.name for row in measured() if not row.met]
    assert "a million events, batches of 10 of 10" in missed
    assert "a million inbound decisions" in missed
    assert "a million e-mails, over the 100 that SES asks" in missed


def test_another_queue_to_poll_misses_what_an_idle_month_may_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    found = measuring.measure(PRICES, customers=12, rounds=1)
    before, _ = model.idle(found, PRICES)
    monkeypatch.setattr(model, "_polled_queues", lambda: 6)
    assert before <= model.IDLE < model.idle(found, PRICES)[0]
