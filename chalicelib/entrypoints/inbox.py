"""The inbox, as apps and sites read it."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.callers import Asked, Id, Identity
from chalicelib.domain.segment_calls import EVENT_BYTES
from chalicelib.entrypoints import bodies, http

blueprint = Blueprint(__name__)


class WhoBody(msgspec.Struct, rename="camel"):
    """The customer who did something with a message."""

    user_id: Id = None
    anonymous_id: Id = None
    user_token: str | None = None
    identifier: str | None = None


@blueprint.route("/v1/inbox", methods=["GET"], **http.PUBLIC)
@http.answers(blueprint)
def read_inbox(incoming: http.Incoming) -> dict[str, Any]:
    """What waits, newest first. A page that can set no header names its key as `writeKey`."""
    query = incoming.query
    names = {
        name: query[name] for name in ("userId", "anonymousId", "userToken", "identifier") if name in query
    }
    return {
        "messages": wiring.read_inbox()(
            _identity(incoming, bodies.typed(names, WhoBody), query.get("writeKey"))
        )
    }


@blueprint.route("/v1/inbox/{delivery}/seen", methods=["POST"], **http.PUBLIC)
@http.answers(blueprint, body="raw", limit=EVENT_BYTES)
def seen(incoming: http.Incoming) -> dict[str, Any]:
    """The customer has seen a message."""
    return _note(incoming, "seen")


@blueprint.route("/v1/inbox/{delivery}/dismissed", methods=["POST"], **http.PUBLIC)
@http.answers(blueprint, body="raw", limit=EVENT_BYTES)
def dismissed(incoming: http.Incoming) -> dict[str, Any]:
    """The customer wants a message gone."""
    return _note(incoming, "dismissed")


def _note(incoming: http.Incoming, done: str) -> dict[str, Any]:
    """The identifier and the token stand in the body, or in the query as they do where the inbox is read."""
    said = bodies.json_object(incoming.body) if incoming.body else {}
    named = {**incoming.query, **said}
    identity = _identity(incoming, bodies.typed(named, WhoBody), named.get("writeKey"))
    wiring.read_inbox().note(identity, incoming.path["delivery"], done)
    return {"success": True}


def _identity(incoming: http.Incoming, who: WhoBody, body_key: object) -> Identity:
    caller = incoming.who("decide", body_key)
    token, identifier = who.user_token or "", who.identifier or ""
    return wiring.identify_caller()(Asked(who.user_id, who.anonymous_id, token, identifier, caller.operator))
