"""The sample story on a running stack: its numbers are those written down, and they follow from its input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import story, story_playing
from infra.local.stack import Stack
from infra.local.story_calls import NOW, calls_of
from infra.local.story_customers import STORY, Customer, read_customers, things
from infra.local.story_outcomes import RAIN, ROWS, Table

PROJECT = Path(__file__).parents[3]
BEGIN, END = "<!-- story -->", "<!-- /story -->"
#: Lives in Topeka, looked at umbrellas last week, was never asked; and one who was offered one by SMS.
NEVER_ASKED, OFFERED = "c015", "c053"


def expected() -> str:
    """What README shows of it; the table alone while README shows nothing."""
    readme = PROJECT / "README.md"
    shown = readme.read_text().partition(BEGIN)[2].partition(END)[0] if readme.exists() else ""
    lines = [line for line in shown.splitlines() if not line.startswith("```")]
    return "\n".join(lines).strip("\n") or (Path(__file__).parent / "story_expected.txt").read_text().strip(
        "\n"
    )


def row_of(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"  {label}"))


@pytest.fixture(scope="module")
def told() -> str:
    lines: list[str] = []
    with Stack(port=0) as stack:
        story.play(stack.base_url, lambda said: lines.extend(str(said).splitlines()))
    return "\n".join(lines).replace(stack.base_url, "http://127.0.0.1:8000")


def test_it_goes_as_it_is_written_down(told: str) -> None:
    assert expected() in told


@pytest.mark.parametrize("label", ROWS.values())
def test_every_outcome_happens_to_somebody(told: str, label: str) -> None:
    assert any(count.isdigit() for count in row_of(told, label)[30:47].split())


def test_it_is_read_in_a_minute(told: str) -> None:
    lines = told.splitlines()
    assert len(lines) <= 62
    assert [line for line in lines if len(line) > 100 and "http" not in line] == []


def test_somebody_was_held_for_the_night_and_bought_before_the_morning(told: str) -> None:
    assert "1 not: 1 had bought one in between" in " ".join(told.split())


def test_one_permission_and_one_purchase_change_the_table_accordingly() -> None:
    few = some_of(read_customers())
    allowed = changed(few, NEVER_ASKED, email_ok="yes")
    was, now = table(few), table(changed(allowed, OFFERED, bought="umbrella 9d"))
    assert difference(was, now) == {
        ("no-permission", RAIN): -1,
        ("email", RAIN): 1,
        ("sms", RAIN): -1,
        ("not-for-them", RAIN): 1,
    }


def some_of(customers: Sequence[Customer]) -> list[Customer]:
    """Every fourteenth, and the two in question."""
    asked = (NEVER_ASKED, OFFERED)
    return [one for at, one in enumerate(customers) if at % 14 == 0 or one.customer in asked]


def changed(customers: Sequence[Customer], who: str, **row: str) -> list[Customer]:
    return [replace(one, **row) if one.customer == who else one for one in customers]


def table(customers: Sequence[Customer]) -> Table:
    with Stack(port=0) as stack:
        return story_playing.run(stack.base_url, customers).table


def difference(was: Table, now: Table) -> Table:
    return {
        cell: now.get(cell, 0) - was.get(cell, 0)
        for cell in {*was, *now}
        if now.get(cell, 0) != was.get(cell, 0)
    }


def test_what_customers_do_is_told_the_same_way_every_time() -> None:
    customers = read_customers()
    assert [calls_of(one) for one in customers] == [calls_of(one) for one in customers]
    ids = [call.body["messageId"] for one in customers for call in calls_of(one)]
    assert len(ids) == len(set(ids))


def test_what_somebody_does_before_a_login_names_nobody() -> None:
    visitor = next(one for one in read_customers() if one.viewed and one.customer)
    first, login = calls_of(visitor)[:2]
    assert "userId" not in first.body and login.body["userId"] == visitor.customer
    assert first.body["anonymousId"] == login.body["anonymousId"]
    assert login.body["context"]["userToken"]


def test_what_they_do_in_the_evening_comes_after_the_moments() -> None:
    buyer = next(one for one in read_customers() if one.later.startswith("buys"))
    assert [call.body["event"] for call in calls_of(buyer) if call.at > NOW and call.server] == [
        "Order Completed"
    ]


def test_a_row_that_is_written_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="umbrella 40d"):
        things("umbrella last week")


def test_a_city_the_story_does_not_have_is_refused(tmp_path: Path) -> None:
    rows = (STORY / "customers.csv").read_text()
    (tmp_path / "customers.csv").write_text(rows.replace(",Seattle,", ",Springfield,", 1))
    with pytest.raises(ValueError, match="Topeka, Tampa, Seattle"):
        read_customers(tmp_path / "customers.csv")
