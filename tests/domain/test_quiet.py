"""Quiet hours on the customer's clock."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.instants import from_text, to_text
from chalicelib.domain.playbook.model import Playbook, Policies, Quiet
from chalicelib.domain.profile import Facts, Profile, Stamped
from chalicelib.domain.quiet import clocks, end_of_quiet, quiet_until

STRICT = json.loads(Path(__file__).with_name("quiet_strict_cases.json").read_text())

NIGHT = Quiet(21 * 60, 8 * 60, ("sms",))
ZONES = [
    "America/Chicago",
    "Pacific/Honolulu",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
]


def ends(quiet: Quiet, at: str, *zones: str) -> str:
    return to_text(end_of_quiet(quiet, zones, from_text(at)))


def test_an_end_that_the_clocks_jump_over_comes_when_it_would_have() -> None:
    assert ends(Quiet(60, 150, ()), "2026-03-08T07:30:00Z", "America/Chicago") == "2026-03-08T08:30:00.000Z"


def test_an_end_that_comes_twice_ends_each_time() -> None:
    early = Quiet(0, 90, ())

    assert ends(early, "2026-11-01T05:30:00Z", "America/Chicago") == "2026-11-01T06:30:00.000Z"
    assert ends(early, "2026-11-01T07:10:00Z", "America/Chicago") == "2026-11-01T07:30:00.000Z"


def test_of_several_zones_all_must_be_awake() -> None:
    east_and_far_west = ("America/New_York", "Pacific/Honolulu")

    assert ends(NIGHT, "2026-07-02T01:30:00Z", *east_and_far_west) == "2026-07-02T18:00:00.000Z"
    assert end_of_quiet(NIGHT, east_and_far_west, from_text("2026-07-01T19:00:00Z")) == 0


@given(
    st.integers(1_767_000_000, 1_830_000_000),
    st.sampled_from(ZONES),
    st.integers(0, 1439),
    st.integers(0, 1439),
)
def test_at_the_end_it_is_not_quiet_and_before_it_is(second: int, zone: str, start: int, end: int) -> None:
    quiet, now = Quiet(start, end, ()), second * 1000
    until = end_of_quiet(quiet, [zone], now)

    def is_quiet(at: int) -> bool:
        local = datetime.fromtimestamp(at / 1000, ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        return start <= minute < end if start <= end else minute >= start or minute < end

    assert bool(until) == is_quiet(now)
    if until:
        assert now < until <= now + 26 * 3_600_000
        assert not is_quiet(until)


def customer(phone: str) -> Profile:
    """Somebody of whom nothing but a phone number is known."""
    return Profile("p_1", facts=Facts(traits={"phone": Stamped(phone, 1, "m")}))


@pytest.mark.parametrize("case", STRICT, ids=lambda case: case["name"])
def test_where_the_zone_is_unknown_all_that_the_country_could_mean_are_awake(case: dict[str, str]) -> None:
    policies = Policies(quiet=Quiet(21 * 60, 8 * 60, ("sms",), "strict"))
    playbook = Playbook("Shop", timezone="America/Chicago", policies=policies)
    until = quiet_until(customer(case["phone"]), playbook, "sms", from_text(case["at"]))
    assert (to_text(until) if until else "") == case["until"]


def test_without_strict_or_a_number_the_playbooks_zone_stands_for_the_unknown() -> None:
    strict = Quiet(21 * 60, 8 * 60, ("sms",), "strict")
    playbook = Playbook("Shop", timezone="America/Chicago")
    assert clocks(customer("+34612345678"), playbook, NIGHT, 1) == ("America/Chicago",)
    assert clocks(customer(""), playbook, strict, 1) == ("America/Chicago",)
    assert clocks(customer("+34612345678"), playbook, strict, 1) == (
        "Europe/Madrid", "Africa/Ceuta", "Atlantic/Canary",
    )  # fmt: skip


def test_a_number_of_no_countrys_plan_may_be_of_any_that_shares_its_code() -> None:
    strict = Quiet(21 * 60, 8 * 60, ("sms",), "strict")
    names = clocks(customer("+12005550123"), Playbook("Shop", timezone="UTC"), strict, 1)
    assert {"Pacific/Honolulu", "America/St_Johns", "America/Jamaica", "Pacific/Guam"} <= set(names)
