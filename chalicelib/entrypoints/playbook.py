"""The playbook: reading, checking, publishing, versions, going back."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.errors import BadRequest
from chalicelib.entrypoints import bodies, http

blueprint = Blueprint(__name__)

MOST_DAYS = 90
"""As long as contacts are kept: what came of older decisions is not known."""
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
    """Publish; with `check=true` only look for faults, and with `evaluate=7d` at what it would have done.

    What would reach nobody today is a warning.
    """
    if incoming.query.get("check", "").lower() in ("true", "1"):
        days = _days(incoming.query.get("evaluate", ""))
        told = _surveyed(wiring.publish_playbook().try_out(incoming.body))
        if days:
            told["evaluation"] = wiring.evaluate_playbook()(incoming.body, days)
        return {"ok": True, **told}
    if "evaluate" in incoming.query:
        raise BadRequest("evaluate-only-checks", "Send `evaluate` together with `check=true`.", "evaluate")
    published = wiring.publish_playbook()(incoming.body)
    told = {"version": published.version, "backfill": published.backfill}
    return {**told, **_surveyed(published.survey)}


def _days(asked: str) -> int:
    """`7d` as a number of days, 0 where nothing is asked. Raises `BadRequest`."""
    if not asked:
        return 0
    number = asked.removesuffix("d")
    if not (
        asked.endswith("d")
        and number.isascii()
        and number.isdigit()
        and len(number) < 4
        and 1 <= int(number) <= MOST_DAYS
    ):
        raise BadRequest("invalid-evaluate", f"Write how many days, from `1d` to `{MOST_DAYS}d`.", "evaluate")
    return int(number)


@blueprint.route("/v1/playbook/versions", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="operate")
def list_versions(_: http.Incoming) -> dict[str, Any]:
    """Newest first, each with how far profiles were filled for it."""
    return {"versions": wiring.publish_playbook().versions()}


@blueprint.route("/v1/playbook/webhooks", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="operate")
def list_webhooks(_: http.Incoming) -> dict[str, Any]:
    """The live playbook's, each with the secret for its receiver."""
    return {"webhooks": wiring.list_webhooks()()}


@blueprint.route("/v1/playbook/rollback", methods=["POST"], **http.ANY)
@http.answers(blueprint, scope="operate", body="json")
def roll_back(incoming: http.Incoming) -> dict[str, Any]:
    """Make an earlier version live again."""
    asked = bodies.typed(incoming.json, RollbackBody)
    return {"version": wiring.publish_playbook().roll_back(asked.version)}


def _surveyed(survey: Any) -> dict[str, Any]:
    return {"warnings": list(survey.warnings), "survey": survey.state}
