"""The quarantine, as an operator sees it: whose events were set aside, released, or discarded."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.entrypoints import http

blueprint = Blueprint(__name__)


@blueprint.route("/v1/quarantine", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def list_quarantine(incoming: http.Incoming) -> dict[str, Any]:
    """Who has events set aside."""
    limit, cursor = incoming.limit(100, 100), incoming.query.get("cursor", "")
    return wiring.list_quarantine()(limit, cursor)


@blueprint.route("/v1/quarantine/{profile}", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def read_quarantine(incoming: http.Incoming) -> dict[str, Any]:
    """The events of one customer, first come first."""
    limit, cursor = incoming.limit(100, 1_000), incoming.query.get("cursor", "")
    return wiring.list_quarantine().events(incoming.path["profile"], limit, cursor)


@blueprint.route("/v1/quarantine/{profile}/release", methods=["POST"], **http.ANY)
@http.answers(blueprint, scope="operate")
def release_quarantine(incoming: http.Incoming) -> http.Reply:
    """Let them be folded after all."""
    return http.Reply(wiring.release_quarantine().start(incoming.path["profile"]), 202)


@blueprint.route("/v1/quarantine/{profile}", methods=["DELETE"], **http.ANY)
@http.answers(blueprint, scope="operate")
def drop_quarantine(incoming: http.Incoming) -> http.Reply:
    """Discard them."""
    return http.Reply(wiring.drop_quarantine().start(incoming.path["profile"]), 202)
