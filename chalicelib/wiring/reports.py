"""The services that tell operators what came of it all, and what would come of something else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring

if TYPE_CHECKING:
    from chalicelib.services.evaluate_playbook import EvaluatePlaybook
    from chalicelib.services.replay_decision import ReplayDecision
    from chalicelib.services.report_experiments import ReportExperiments


@cache
def report_experiments() -> ReportExperiments:
    """What experiments have shown so far."""
    from chalicelib.services.report_experiments import ReportExperiments

    return ReportExperiments(wiring.read_tallies(), wiring.live_rules(), wiring.live_learned().current)


@cache
def replay_decision() -> ReplayDecision:
    """A past decision, made again."""
    from chalicelib.services.replay_decision import ReplayDecision

    return ReplayDecision(
        wiring.resolve_address(), wiring.timeline(), wiring.live_rules(), wiring.live_learned().version
    )


@cache
def evaluate_playbook() -> EvaluatePlaybook:
    """Another playbook, at the moments of the last days."""
    from chalicelib.services.evaluate_playbook import EvaluatePlaybook

    return EvaluatePlaybook(
        publish=wiring.publish_playbook(),
        profiles=wiring.profiles(),
        timeline=wiring.timeline(),
        rules=wiring.live_rules(),
        learned=wiring.live_learned().version,
        now_learned=wiring.live_learned().current,
        clock=wiring.clock,
    )
