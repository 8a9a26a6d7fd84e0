"""Customers, as an operator reads and changes them; segments; and what was refused."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.playbook.channels import is_channel
from chalicelib.domain.segment_calls import instant
from chalicelib.entrypoints import bodies, http

blueprint = Blueprint(__name__)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern="^[^/]+$")]


class PermissionBody(msgspec.Struct):
    """What a customer said about being contacted."""

    channel: Name
    topic: Name
    state: str
    source: Annotated[str, msgspec.Meta(max_length=64)] = ""
    wording: Annotated[str, msgspec.Meta(max_length=64)] = ""


class SplitBody(msgspec.Struct):
    """Which identifier was linked in error: `kind:value`."""

    identifier: str


@blueprint.route("/v1/profiles/{profile}", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def read_profile(incoming: http.Incoming) -> dict[str, Any]:
    """The profile as it stands."""
    return wiring.read_profile()(incoming.path["profile"])


@blueprint.route("/v1/profiles/{profile}", methods=["DELETE"], **http.ANY)
@http.answers(blueprint, scope="operate")
def erase_profile(incoming: http.Incoming) -> http.Reply:
    """Erase the customer."""
    return http.Reply(wiring.erase_profile()(incoming.path["profile"]), 202)


@blueprint.route("/v1/profiles/{profile}/timeline", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def read_timeline(incoming: http.Incoming) -> dict[str, Any]:
    """What happened, newest first."""
    limit, cursor = incoming.limit(100, 1_000), incoming.query.get("cursor", "")
    return wiring.read_profile().events(incoming.path["profile"], limit, cursor)


@blueprint.route("/v1/profiles/{profile}/decisions", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def read_decisions(incoming: http.Incoming) -> dict[str, Any]:
    """What was decided, newest first."""
    limit, cursor = incoming.limit(100, 1_000), incoming.query.get("cursor", "")
    return wiring.read_profile().decisions(incoming.path["profile"], limit, cursor)


@blueprint.route("/v1/profiles/{profile}/decisions/{decision}", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def replay_decision(incoming: http.Incoming) -> dict[str, Any]:
    """One decision, made again from its record, with every message's score or reason."""
    return wiring.replay_decision()(incoming.path["profile"], incoming.path["decision"])


@blueprint.route("/v1/profiles/{profile}/export", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def export_profile(incoming: http.Incoming) -> http.Reply:
    """Everything held, compressed where the client takes that (an answer may have 6 MB)."""
    body = msgspec.json.encode(wiring.export_profile()(incoming.path["profile"]))
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if "gzip" in incoming.headers.get("accept-encoding", ""):
        import gzip

        return http.Reply(gzip.compress(body), headers={**headers, "Content-Encoding": "gzip"})
    return http.Reply(body, headers=headers)


@blueprint.route("/v1/profiles/{profile}/permissions", methods=["PUT"], **http.ANY)
@http.answers(blueprint, scope="operate", body="json")
def put_permission(incoming: http.Incoming) -> dict[str, Any]:
    """Note what the customer said; it can be read at once."""
    said = bodies.typed(incoming.json, PermissionBody)
    if said.state not in ("granted", "denied"):
        raise BadRequest("invalid-state", "Set `state` to `granted` or `denied`.", "state")
    if said.channel != "*" and not is_channel(said.channel):
        raise BadRequest("unknown-channel", "Set `channel` to one like `email` or `sms`.", "channel")
    return wiring.set_permission()(
        incoming.path["profile"],
        said.channel,
        said.topic,
        said.state,
        said.source or "operator",
        said.wording,
    )


@blueprint.route("/v1/profiles/{profile}/split", methods=["POST"], **http.ANY)
@http.answers(blueprint, scope="operate", body="json")
def split_profile(incoming: http.Incoming) -> dict[str, Any]:
    """Take one identifier's links back; who the customer was is told apart."""
    asked = bodies.typed(incoming.json, SplitBody)
    return wiring.split_profile()(incoming.path["profile"], asked.identifier)


@blueprint.route("/v1/segments", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def list_segments(_: http.Incoming) -> dict[str, Any]:
    """Every segment with its size."""
    return wiring.list_segments()()


@blueprint.route("/v1/segments/{segment}/members", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def list_members(incoming: http.Incoming) -> dict[str, Any]:
    """Who is in a segment."""
    limit, cursor = incoming.limit(100, 1_000), incoming.query.get("cursor", "")
    return wiring.list_segments().members(incoming.path["segment"], limit, cursor)


@blueprint.route("/v1/rejected", methods=["GET"], **http.ANY)
@http.answers(blueprint, scope="read")
def list_rejected(incoming: http.Incoming) -> dict[str, Any]:
    """Events that were refused in the last 14 days, latest first."""
    since = instant(incoming.query.get("since"), "since") or 0
    limit, cursor = incoming.limit(100, 1_000), incoming.query.get("cursor", "")
    return wiring.list_rejected()(since, limit, cursor)
