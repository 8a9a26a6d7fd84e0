"""The playbook: reading, checking, publishing, versions, going back."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.entrypoints import bodies, http

blueprint = Blueprint(__name__)

_MOST_BYTES = 2 * 1024 * 1024


class RollbackBody(msgspec.Struct):
    """The version to go back to."""

    version: int


@blueprint.route("/v1/playbook", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="operate")
def read_playbook(incoming: http.Incoming) -> Any:
    """As it was written; as JSON where that is asked for."""
    source = wiring.publish_playbook().source()
    if "application/json" not in incoming.headers.get("accept", ""):
        return http.Reply(source.encode(), headers={"Content-Type": "application/yaml; charset=utf-8"})
    from chalicelib.domain.playbook.reading import plain, read

    root, _ = read(source)
    return plain(root) if root else {}


@blueprint.route("/v1/playbook", methods=["PUT"], **http.ANY)
@http.answers(blueprint, scope="operate", body="raw", limit=_MOST_BYTES)
def put_playbook(incoming: http.Incoming) -> dict[str, Any]:
    """Publish; with `check=true` only look for faults. What would reach nobody today is a warning."""
    if incoming.query.get("check", "").lower() in ("true", "1"):
        return {"ok": True, **_surveyed(wiring.publish_playbook().try_out(incoming.body))}
    published = wiring.publish_playbook()(incoming.body)
    told = {"version": published.version, "backfill": published.backfill}
    return {**told, **_surveyed(published.survey)}


@blueprint.route("/v1/playbook/versions", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="operate")
def list_versions(_: http.Incoming) -> dict[str, Any]:
    """Newest first, each with how far profiles were filled for it."""
    return {"versions": wiring.publish_playbook().versions()}


@blueprint.route("/v1/playbook/rollback", methods=["POST"], **http.ANY)
@http.answers(blueprint, scope="operate", body="json")
def roll_back(incoming: http.Incoming) -> dict[str, Any]:
    """Make an earlier version live again."""
    asked = bodies.typed(incoming.json, RollbackBody)
    return {"version": wiring.publish_playbook().roll_back(asked.version)}


def _surveyed(survey: Any) -> dict[str, Any]:
    return {"warnings": list(survey.warnings), "survey": survey.state}
