"""The services that tell operators what came of it all."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring

if TYPE_CHECKING:
    from chalicelib.services.report_experiments import ReportExperiments


@cache
def report_experiments() -> ReportExperiments:
    """What experiments have shown so far."""
    from chalicelib.services.report_experiments import ReportExperiments

    return ReportExperiments(wiring.tallies(), wiring.live_rules(), wiring.live_learned())
