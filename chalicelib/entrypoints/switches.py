"""The operator's switches."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.decision import Switches
from chalicelib.entrypoints import bodies, http

blueprint = Blueprint(__name__)


@blueprint.route("/v1/switches", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="operate")
def read_switches(_: http.Incoming) -> Switches:
    """Everything that was ever turned; what is not named is on."""
    return wiring.set_switches().read()


@blueprint.route("/v1/switches", methods=["PUT"], **http.ANY)
@http.answers(blueprint, scope="operate", body="json")
def put_switches(incoming: http.Incoming) -> Switches:
    """Replace all switches."""
    return wiring.set_switches()(bodies.typed(incoming.json, Switches))
