"""Which experiments are reported, and from which sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from chalicelib.domain.cells import ARM, MESSAGE, arm_cell, message_cell, row
from chalicelib.domain.errors import NotFound
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.parsing import parse
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.report_experiments import ReportExperiments
from tests.fakes import FakeClock, FakePlaybooks

PLAYBOOK = """\
playbook: 1
name: Test
currency: EUR
placements: {hero: {channel: web}}
topics: {offers: {}}
messages:
  hello:
    topic: offers
    placements: [hero]
    variants: {a: {web: {headline: Hi}}, b: {web: {headline: Ho}}}
  bye:
    topic: offers
    placements: [hero]
    variants: {x: {web: {headline: Hi}}, y: {web: {headline: Ho}}}
policies: {holdout: {share: 10%}}
experiments:
  copy: {message: hello, split: {b: 50%, a: 50%}}
  best: {message: bye, split: learn}
"""


class Counted:
    """Sums that were counted."""

    def __init__(self, cells: Mapping[str, Sequence[float]]) -> None:
        self.cells = cells

    def __call__(self) -> Mapping[str, Sequence[float]]:
        return self.cells


CELLS = {
    arm_cell("copy", "a"): row(ARM, customers=1_000, exposures=1_000, conversions=90),
    arm_cell("copy", "b"): row(ARM, customers=1_010, exposures=1_010, conversions=30),
    arm_cell("holdout", "held"): row(ARM, customers=110, value=900),
    arm_cell("holdout", "treated"): row(ARM, customers=1_000, value=8_000),
    message_cell("bye", "x", "web", "known"): row(MESSAGE, shown=300, reached=9),
    message_cell("bye", "y", "web", "buyer"): row(MESSAGE, shown=700, reached=70),
    message_cell("bye", "y", "web", "known"): row(MESSAGE, shown=4, reached=0),
}
LEARNED = Learned(version=1, splits={"best": {"": (("x", 0.2), ("y", 0.8)), "web/known": (("x", 1.0),)}})


def report(playbook: str = PLAYBOOK, learned: Learned = LEARNED) -> ReportExperiments:
    playbooks = FakePlaybooks()
    read, faults = parse(playbook)
    assert faults == ()
    playbooks.publish(playbook, msgspec.msgpack.encode(read), 0)
    return ReportExperiments(Counted(CELLS), LiveRules(playbooks, FakeClock()), lambda: learned)


def test_those_of_the_playbook_are_listed_in_order_and_the_programmes_last() -> None:
    listed = report().list()["experiments"]
    assert [(each["name"], each["message"], each["kind"], each["customers"]) for each in listed] == [
        ("copy", "hello", "split", 2_010),
        ("best", "bye", "learn", None),
        ("holdout", None, "holdout", 1_110),
    ]
    assert [each["verdict"]["state"] for each in listed] == ["wins", "learning", "too-early"]
    assert all(set(each) == {"name", "message", "kind", "customers", "verdict"} for each in listed)


def test_the_control_is_the_first_arm_of_the_split() -> None:
    told = report().one("copy")
    assert [(arm["arm"], arm["control"]) for arm in told["arms"]] == [("b", True), ("a", False)]
    assert told["verdict"]["arms"] == ["a"]
    assert told["currency"] == "EUR"


def test_a_split_that_learns_is_told_by_its_message_and_the_learned_shares_of_the_whole() -> None:
    told = report().one("best")
    assert [(arm["arm"], arm["share"], arm["exposures"], arm["conversions"]) for arm in told["arms"]] == [
        ("x", 0.2, 300, 9),
        ("y", 0.8, 704, 70),
    ]
    assert told["verdict"]["words"].startswith("Learning: `y` gets 80% of customers.")
    assert "sampleRatio" not in told


def test_while_nothing_is_learned_shares_are_even() -> None:
    told = report(learned=Learned()).one("best")
    assert [arm["share"] for arm in told["arms"]] == [0.5, 0.5]
    assert told["verdict"]["words"].startswith("Learning: nothing is known yet")


def test_the_programmes_own_compares_the_treated_with_the_held() -> None:
    told = report().one("holdout")
    assert [(arm["arm"], arm["share"], arm["customers"]) for arm in told["arms"]] == [
        ("held", 0.1, 110),
        ("treated", 0.9, 1_000),
    ]
    assert told["sampleRatio"]["off"] is False


def test_without_a_holdout_the_programme_is_no_experiment() -> None:
    without = report(PLAYBOOK.replace("policies: {holdout: {share: 10%}}\n", ""))
    assert [each["name"] for each in without.list()["experiments"]] == ["copy", "best"]
    with pytest.raises(NotFound):
        without.one("holdout")


def test_before_anything_is_published_there_is_none() -> None:
    empty = ReportExperiments(Counted({}), LiveRules(FakePlaybooks(), FakeClock()), Learned)
    assert empty.list() == {"experiments": []}
    with pytest.raises(NotFound):
        empty.one("copy")
