"""Whether we are up, and under which playbook."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib import settings, wiring
from chalicelib.entrypoints import http

blueprint = Blueprint(__name__)


@blueprint.route("/health", methods=["GET", "HEAD"], **http.ANY)
@http.answers(blueprint)
def health(_: http.Incoming) -> dict[str, Any]:
    """Answers only where the playbook's table does."""
    known = settings.load()
    version = wiring.live_rules().current().version
    return {"ok": True, "stage": known.stage, "version": known.version, "playbook": version}
