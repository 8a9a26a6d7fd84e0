"""The look at some customers that tells what a playbook would reach, and that it costs little and blocks nothing."""

from __future__ import annotations

import pytest

from chalicelib.domain.keys import cause_id
from chalicelib.domain.profile import Profile
from chalicelib.domain.stored import Write
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.survey_playbook import HOMES, LEAST_MOST, MOST, Survey, SurveyPlaybook
from tests.domain.deciding_world import TABLE, rules_of
from tests.fakes import FakeClock, FakePlaybooks, FakeProfiles

GOLD = rules_of({"messages": {"hat": {"for": {"trait": "plan", "is": "gold"}}}})
HAT = TABLE["library"]["hat"]
LINES = {"messages.hat": 7}


def surveying(customers: int) -> SurveyPlaybook:
    profiles, clock = FakeProfiles(), FakeClock()
    for at in range(customers):
        profiles.commit([Write(Profile(cause_id("p_", str(at)), "1"), "")])
    return SurveyPlaybook(profiles, LiveRules(FakePlaybooks(), clock), clock)


def test_each_warning_stands_at_its_line() -> None:
    survey = surveying(30)(GOLD, LINES)
    (warning,) = survey.warnings

    assert survey.state == "done"
    assert (warning["line"], warning["path"]) == (7, "messages.hat")
    assert warning["message"].startswith("Of 30 customers looked at, none could receive it today: ")


def test_with_few_customers_it_says_that_it_found_too_few() -> None:
    assert surveying(19)(GOLD, LINES) == Survey("too-few-customers")


def test_of_many_customers_it_looks_at_some() -> None:
    survey = surveying(HOMES + 1)(GOLD, LINES)

    assert survey.warnings[0]["message"].startswith(f"Of {MOST} customers looked at, none")


def test_of_a_large_playbook_at_fewer() -> None:
    for_nobody = {f"m{at}": {**HAT, "for": {"trait": "plan", "is": "gold"}} for at in range(1000)}
    survey = surveying(HOMES + 1)(rules_of({"messages": for_nobody}), {})

    assert survey.warnings[0]["message"].startswith(f"Of {LEAST_MOST} customers looked at, none")
    assert len(survey.warnings) == 1000


@pytest.mark.parametrize("call", ["scan", "read"])
def test_where_the_table_fails_it_says_so(call: str) -> None:
    surveyed = surveying(30)
    assert isinstance(surveyed.profiles, FakeProfiles)
    surveyed.profiles.fail_next(call)

    assert surveyed(GOLD, LINES) == Survey("unavailable")
