"""Experiments, as an operator reads them: figures, and a verdict in words."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.entrypoints import http

blueprint = Blueprint(__name__)


@blueprint.route("/v1/experiments", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def list_experiments(_: http.Incoming) -> dict[str, Any]:
    """What runs, and what is known of it."""
    return wiring.report_experiments().list()


@blueprint.route("/v1/experiments/{name}", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def read_experiment(incoming: http.Incoming) -> dict[str, Any]:
    """One experiment, arm by arm."""
    return wiring.report_experiments().one(incoming.path["name"])
