"""Moments that an operator, or a feed such as the weather, announces."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.moments import Audience
from chalicelib.domain.segment_calls import instant
from chalicelib.entrypoints import bodies, http

blueprint = Blueprint(__name__)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Identifiers = Annotated[list[str], msgspec.Meta(max_length=1_000)]


class MomentBody(msgspec.Struct):
    """What happens, whom it concerns, and until when."""

    name: Name
    place: str | None = None
    segment: str | None = None
    identifiers: Identifiers | None = None
    facts: dict[str, Any] = {}
    until: str | None = None
    id: Annotated[str, msgspec.Meta(max_length=60)] | None = None


@blueprint.route("/v1/moments", methods=["POST"], **http.ANY)
@http.answers(blueprint, scope="operate", body="json")
def start_moment(incoming: http.Incoming) -> http.Reply:
    """Taken: each customer it concerns gets the event in turn."""
    asked = bodies.typed(incoming.json, MomentBody)
    started = wiring.start_moment()(
        asked.name,
        Audience(asked.place, asked.segment, asked.identifiers),
        asked.facts,
        instant(asked.until, "until") or 0,
        asked.id or "",
    )
    return http.Reply({"moment": started}, 202)
