"""What the experiments of the playbook in force have shown so far, and the programme's own: its holdout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.cells import HOLDOUT
from chalicelib.domain.errors import NotFound
from chalicelib.domain.experiments.judging import holdout_split, judge
from chalicelib.domain.experiments.learning_arms import learning_arms, learning_verdict
from chalicelib.domain.experiments.verdict import verdict
from chalicelib.domain.experiments.view import judged_view, learning_view
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.model import Experiment, Playbook
from chalicelib.services.live_rules import LiveRules

SUMMARY = ("name", "message", "kind", "customers", "verdict")


@dataclass(frozen=True, slots=True)
class ReportExperiments:
    """Judges from the sums as they stand: of all cells (`domain/cells.py`), by key, in the cell's order.

    `learned` gives the snapshot that is in force.
    """

    sums: Callable[[], Mapping[str, Sequence[float]]]
    rules: LiveRules
    learned: Callable[[], Learned]

    def list(self) -> dict[str, Any]:
        """Each experiment with its kind (split, learn or holdout), customers and verdict; the programme's last."""
        playbook, sums = self.rules.current().playbook, self.sums()
        told = (self._told(each, playbook, sums) for each in _running(playbook))
        return {"experiments": [{name: one[name] for name in SUMMARY} for one in told]}

    def one(self, name: str) -> dict[str, Any]:
        """An experiment in full. Raises `NotFound` for one the playbook lacks."""
        playbook = self.rules.current().playbook
        found = next((each for each in _running(playbook) if each.name == name), None)
        if found is None:
            raise NotFound("not-found", "The playbook has no experiment of this name.")
        return self._told(found, playbook, self.sums())

    def _told(
        self, experiment: Experiment, playbook: Playbook, sums: Mapping[str, Sequence[float]]
    ) -> dict[str, Any]:
        kind = "learn" if experiment.learn else "split" if experiment.message else "holdout"
        about = {"name": experiment.name, "message": experiment.message or None, "kind": kind}
        shown = (
            self._learning(experiment, playbook, sums)
            if experiment.learn
            else _judged(experiment, playbook, sums)
        )
        return {**about, "currency": playbook.currency, **shown}

    def _learning(
        self, experiment: Experiment, playbook: Playbook, sums: Mapping[str, Sequence[float]]
    ) -> dict[str, Any]:
        shares = self.learned().split(experiment.name, "")
        message = playbook.messages[experiment.message]
        arms = learning_arms(message.name, message.variants, sums, shares)
        return learning_view(arms, learning_verdict(arms, known=shares is not None))


def _running(playbook: Playbook) -> Iterator[Experiment]:
    yield from playbook.experiments.values()
    if playbook.policies.holdout > 0:
        yield Experiment(HOLDOUT, "", holdout_split(playbook.policies.holdout))


def _judged(
    experiment: Experiment, playbook: Playbook, sums: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    judged = judge(experiment.name, experiment.split, sums)
    return judged_view(judged, verdict(judged, playbook.currency))
