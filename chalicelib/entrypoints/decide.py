"""Deciding for a customer who is here now, and trying out a decision without making it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.callers import Asked, Id
from chalicelib.domain.instants import to_text
from chalicelib.domain.segment_calls import EVENT_BYTES
from chalicelib.entrypoints import batches, bodies, http

blueprint = Blueprint(__name__)


class DecideBody(msgspec.Struct, rename="camel"):
    """What is asked at a touchpoint."""

    placement: str
    user_id: Id = None
    anonymous_id: Id = None
    user_token: str | None = None
    identifier: str | None = None
    context: dict[str, Any] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    explain: bool = False


class SimulateBody(msgspec.Struct, rename="camel"):
    """A moment to try out, for a profile as `GET /v1/profiles` shows it or for one that is stored."""

    moment: dict[str, Any]
    profile: dict[str, Any] | None = None
    identifier: str | None = None
    at: str | None = None
    playbook: str | None = None


@blueprint.route("/v1/decide", methods=["POST"], **http.PUBLIC)
@http.answers(blueprint, scope="decide", body="json", limit=EVENT_BYTES)
def decide(incoming: http.Incoming) -> dict[str, Any]:
    """What to show at a placement; the contact counts from now."""
    from chalicelib.services.decide_moment import Question

    asked = bodies.typed(incoming.json, DecideBody)
    operator = incoming.caller is not None and incoming.caller.operator
    identity = wiring.identify_caller()(
        Asked(asked.user_id, asked.anonymous_id, asked.user_token or "", asked.identifier or "", operator)
    )
    context = {name: value for name, value in (asked.context or {}).items() if name != "userToken"}
    answer = wiring.decide_moment()(
        Question(
            identity.identifiers,
            asked.placement,
            context,
            asked.limit,
            proven=identity.proven,
            explain=asked.explain and operator,
        )
    )
    batches.tell_failed(answer.failed)
    told: dict[str, Any] = {
        "decision": answer.decision.id,
        "outcome": answer.decision.outcome,
        "messages": [_message(one.choice, one.content) for one in answer.shown],
    }
    return told if answer.explain is None else {**told, "explain": answer.explain}


@blueprint.route("/v1/simulate", methods=["POST"], **http.ANY)
@http.answers(blueprint, scope="read", body="json", limit=4 * 1024 * 1024)
def simulate(incoming: http.Incoming) -> dict[str, Any]:
    """The decision, with reasons; nothing is written."""
    asked = bodies.typed(incoming.json, SimulateBody)
    return wiring.simulate_decision()(
        moment=asked.moment,
        profile=asked.profile,
        identifier=asked.identifier or "",
        at=asked.at or "",
        playbook=asked.playbook or "",
    )


def _message(choice: Any, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "message": choice.message,
        "variant": choice.variant,
        "kind": choice.kind,
        "content": content,
        "until": to_text(choice.until),
    }
