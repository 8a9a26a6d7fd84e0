"""The schedule, once a minute: what is due goes to the jobs queue."""

from __future__ import annotations

from chalice.app import Blueprint, CloudWatchEvent

from chalicelib import wiring

blueprint = Blueprint(__name__)


@blueprint.schedule("rate(1 minute)")
def tick(event: CloudWatchEvent) -> None:  # noqa: ARG001 - chalice hands it over
    """Hand out the agenda, and the minute's learning. A tick that fails is made up for by the next."""
    wiring.hand_out_agenda()()
