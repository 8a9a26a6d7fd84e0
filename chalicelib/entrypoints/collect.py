"""Collecting: Segment's HTTP tracking API, its browser client's short forms, and that client's settings."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint

from chalicelib import settings, wiring
from chalicelib.domain.errors import NotAuthenticated
from chalicelib.domain.events import Origin, Rejection
from chalicelib.entrypoints import bodies, http
from chalicelib.services.authenticate import Caller

blueprint = Blueprint(__name__)


class _Keyed(msgspec.Struct, rename="camel"):
    """The one part of a body that says who sends it (beacons can't set headers)."""

    write_key: Any = None


_KEYED = msgspec.json.Decoder(_Keyed)


def _single(kind: str) -> http.View:
    def collect(incoming: http.Incoming) -> dict[str, Any]:
        caller = _sender(incoming)
        bodies.json_object(incoming.body)
        wiring.collect_events().one(incoming.body, kind, _origin(caller))
        return {"success": True}

    collect.__name__ = f"collect_{kind}"
    return collect


for _kind in ("identify", "track", "page", "screen", "group", "alias"):
    for _path in (f"/v1/{_kind}", f"/v1/{_kind[0]}"):
        _view = http.answers(blueprint, body="raw")(_single(_kind))
        blueprint.route(_path, methods=["POST"], **http.PUBLIC)(_view)


@blueprint.route("/v1/batch", methods=["POST"], **http.PUBLIC)
@blueprint.route("/v1/b", methods=["POST"], **http.PUBLIC)
@http.answers(blueprint, body="raw")
def collect_batch(incoming: http.Incoming) -> dict[str, Any]:
    """Up to 2,500 events; those that cannot be taken are listed, the others are taken."""
    caller = _sender(incoming)
    rejected = wiring.collect_events().batch(bodies.json_batch(incoming.body), _origin(caller))
    return (
        {"success": True, "rejected": [_refused(one) for one in rejected]} if rejected else {"success": True}
    )


@blueprint.route("/v1/projects/{write_key}/settings", methods=["GET"], **http.PUBLIC)
@http.answers(blueprint)
def client_settings(incoming: http.Incoming) -> dict[str, Any]:
    """What analytics.js 2 asks for first; it then posts to the host that answered."""
    write_key = incoming.path["write_key"]
    try:
        caller = wiring.authenticate()("", write_key)
    except NotAuthenticated as error:
        raise http.not_found("write key") from error
    if caller.operator:
        raise http.not_found("write key")
    protocol, host = _address(incoming)
    destination = {
        "apiKey": write_key,
        "apiHost": f"{host}/v1",
        "protocol": protocol,
        "unbundledIntegrations": [],
        "addBundledMetadata": True,
        "maybeBundledConfigIds": {},
        "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
    }
    return {
        "integrations": {"Segment.io": destination},
        "plan": {kind: {"__default": {"enabled": True}} for kind in ("track", "identify", "group")},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def _address(incoming: http.Incoming) -> tuple[str, str]:
    """Protocol and host (with the stage, where it is part of the path) that this request came in by."""
    known_protocol, _, known_host = settings.load().base_url.partition("://")
    host = incoming.headers.get("host", "")
    if not host:
        return known_protocol, known_host
    stage = incoming.url_path.partition("/v1/projects/")[0]
    return incoming.headers.get("x-forwarded-proto", known_protocol), host + stage


def _sender(incoming: http.Incoming) -> Caller:
    """The caller; a `writeKey` in the body counts where there is no header."""
    if incoming.headers.get("authorization"):
        return incoming.who("collect")
    try:
        body_key = _KEYED.decode(incoming.body).write_key
    except (msgspec.DecodeError, RecursionError, ValueError):
        body_key = None
    return incoming.who("collect", body_key)


def _origin(caller: Caller) -> Origin:
    return "operator" if caller.operator else "client"


def _refused(one: Rejection) -> dict[str, Any]:
    return {"index": one.index, "code": one.code, "message": one.message}
