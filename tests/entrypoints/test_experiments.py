"""Experiments over HTTP, for operators who may read."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from chalicelib import wiring
from chalicelib.domain.cells import ARM, Cells, arm_cell, message_cell, row
from chalicelib.domain.learning import Learned
from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import READER, WRITE, Workspace

PLAYBOOK = (
    UMBRELLAS.replace(
        "  hello:\n",
        """\
  sunglasses:
    topic: news
    placements: [web.home.hero]
    variants: {dark: {web: {headline: Sun}}, light: {web: {headline: Sunny}}}
  hello:
""",
    )
    + """\
policies: {holdout: {share: 5%}}
experiments:
  glasses: {message: sunglasses, split: {dark: 50%, light: 50%}}
"""
)


class Counted:
    """What was counted so far."""

    def __init__(self) -> None:
        self.cells: Cells = {}

    def __call__(self) -> Cells:
        return self.cells


@pytest.fixture
def counted(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """The sums, of a workspace whose playbook has an experiment and a holdout."""
    counted = Counted()
    monkeypatch.setattr(wiring, "read_tallies", lambda: counted)
    monkeypatch.setattr(wiring, "live_learned", lambda: SimpleNamespace(current=Learned))
    workspace.publish(PLAYBOOK)
    return counted


def test_they_are_listed_with_a_verdict(workspace: Workspace, counted: Counted) -> None:
    answer = workspace.get("/v1/experiments", READER)
    assert answer.status_code == 200
    glasses, holdout = answer.json_body["experiments"]
    assert (glasses["name"], glasses["message"], glasses["kind"]) == ("glasses", "sunglasses", "split")
    assert (holdout["name"], holdout["message"], holdout["kind"]) == ("holdout", None, "holdout")
    assert glasses["customers"] == 0
    assert glasses["verdict"]["state"] == "too-early"


def test_one_is_told_in_full_and_anew_at_each_question(workspace: Workspace, counted: Counted) -> None:
    assert workspace.get("/v1/experiments/glasses").json_body["customers"] == 0
    counted.cells = {
        arm_cell("glasses", "dark"): row(ARM, customers=10_000, exposures=10_000, conversions=400),
        arm_cell("glasses", "light"): row(ARM, customers=10_000, exposures=10_000, conversions=520),
        message_cell("sunglasses", "dark", "web", "known"): [10_000, 400],
    }
    told = workspace.get("/v1/experiments/glasses", READER).json_body
    assert (told["name"], told["kind"], told["currency"], told["customers"]) == (
        "glasses",
        "split",
        "USD",
        20_000,
    )
    assert [arm["conversions"] for arm in told["arms"]] == [400, 520]
    assert told["arms"][1]["lift"]["conversionRate"]["relative"] == 0.3
    assert told["sampleRatio"]["off"] is False
    assert told["verdict"]["words"] == (
        "`light` wins over `dark` by 1.2 points of conversion rate (between 0.2 and 2.2), 30% more."
    )


def test_the_holdout_is_one_of_them(workspace: Workspace, counted: Counted) -> None:
    told = workspace.get("/v1/experiments/holdout").json_body
    assert [(arm["arm"], arm["share"]) for arm in told["arms"]] == [("held", 0.05), ("treated", 0.95)]


def test_an_unknown_one_is_a_404(workspace: Workspace, counted: Counted) -> None:
    for name in ("sunglasses", "Glasses", "%00", "glasses%20"):
        answer = workspace.get(f"/v1/experiments/{name}")
        assert answer.status_code == 404
        assert json.loads(answer.body)["error"]["code"] == "not-found"


def test_they_are_for_operators_who_may_read(workspace: Workspace, counted: Counted) -> None:
    for path in ("/v1/experiments", "/v1/experiments/glasses"):
        assert workspace.get(path, WRITE).status_code == 403
        assert workspace.get(path, {}).status_code == 401
        assert workspace.call("PUT", path, {}).status_code == 405
