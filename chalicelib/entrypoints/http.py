"""What every HTTP route shares, as one decorator below Chalice's: body, key, answer, and errors, in one place.

@blueprint.route("/v1/decide", methods=["POST"], **http.PUBLIC)
@http.answers(blueprint, scope="decide", body="json")
def decide(incoming: http.Incoming) -> http.Reply: ...
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import unquote

import msgspec
from chalice.app import Blueprint, CaseInsensitiveMapping, CORSConfig, Request, Response

from chalicelib import wiring
from chalicelib.domain.errors import BadRequest, Forbidden, NotFound, Refused, Retry
from chalicelib.domain.segment_calls import BATCH_BYTES
from chalicelib.entrypoints import bodies
from chalicelib.entrypoints.batches import logger
from chalicelib.services.authenticate import Caller

#: Every content type is taken: browsers' beacons say `text/plain`, and what counts is what the bytes are.
ANY: dict[str, Any] = {"content_types": ["*/*"]}
#: For what public pages call: any origin, never credentials. They may compress, and learn when to try again.
PUBLIC: dict[str, Any] = {
    **ANY,
    "cors": CORSConfig(
        allow_origin="*",
        allow_headers=["Content-Encoding"],
        expose_headers=["Retry-After"],
        max_age=86_400,
    ),
}

_RETRY_AFTER_SECONDS = "5"
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `body` is made JSON unless it is bytes (then `headers` name its type)."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as a view sees it: values of path and query decoded, the body opened within its limit.

    `json` is the body's object where the route asked for one. `caller` is None on routes without a scope.
    """

    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    url_path: str
    body: bytes = b""
    json: Mapping[str, Any] = field(default_factory=dict)
    caller: Caller | None = None

    def who(self, scope: str, body_key: object = None) -> Caller:
        """The caller, who has the scope. Raises `NotAuthenticated` or `Forbidden`."""
        caller = wiring.authenticate()(self.headers.get("authorization", ""), body_key)
        if scope not in caller.scopes:
            raise Forbidden("missing-scope", f"Use a key that may {scope}.")
        return caller

    def limit(self, default: int, most: int) -> int:
        """The `limit` of a listing. Raises `BadRequest`."""
        text = self.query.get("limit") or str(default)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= most:
            raise BadRequest("invalid-limit", f"Set `limit` to a number from 1 to {most}.", "limit")
        return int(text)


View = Callable[[Incoming], Any]


def answers(
    blueprint: Blueprint,
    *,
    scope: str = "",
    body: Literal["none", "raw", "json"] = "none",
    limit: int = BATCH_BYTES,
) -> Callable[[View], Callable[..., Response]]:
    """Turn a view of `Incoming` into a Chalice view; what it raises becomes the contract's error.

    With a `scope`, only a key that has it comes through. `limit` is of the body, in bytes decompressed.
    """

    def decorate(view: View) -> Callable[..., Response]:
        @functools.wraps(view)
        def route(**path: str) -> Response:
            request = blueprint.current_request
            try:
                incoming = _incoming(request, path, body, limit)
                if scope:
                    caller = incoming.who(scope, incoming.json.get("writeKey"))
                    incoming = replace(incoming, caller=caller)
                reply = view(incoming)
            except Exception as error:  # noqa: BLE001 - the one place where errors become answers
                reply = _refusal(error, request.path)
            return _response(reply, request)

        return route

    return decorate


def error(status: int, code: str, message: str, field: str = "", details: object = None) -> Reply:
    """The contract's error answer; `details` is an object whose members stand beside the code."""
    body: dict[str, Any] = {"code": code, "message": message}
    if field:
        body["field"] = field
    if isinstance(details, dict):
        body.update(details)
    return Reply({"error": body}, status)


def not_found(what: str) -> NotFound:
    """The refusal for something that isn't there."""
    return NotFound("not-found", f"There is no such {what}.")


def _incoming(request: Request, path: Mapping[str, str], kind: str, limit: int) -> Incoming:
    raw = b"" if kind == "none" else request.raw_body
    encoding = request.headers.get("content-encoding", "").strip().lower()
    body = bodies.opened(raw if isinstance(raw, bytes) else raw.encode(), encoding, limit) if raw else b""
    query = request.query_params
    return Incoming(
        method=request.method,
        path={name: unquote(value) for name, value in path.items()},
        query={name: query[name] for name in query} if query else {},
        headers=request.headers,
        url_path=request.context.get("path", request.path),
        body=body,
        json=bodies.json_object(body) if kind == "json" else {},
    )


def _refusal(error_: Exception, route: str) -> Reply:
    if isinstance(error_, Refused):
        return error(error_.status, error_.code, error_.message, error_.field, error_.details)
    if isinstance(error_, Retry):
        logger.warning("http-try-again", route=route, error=type(error_).__name__)
        again = error(503, "unavailable", "Try again in a few seconds.")
        return Reply(again.body, 503, {"Retry-After": _RETRY_AFTER_SECONDS})
    # The trace's lines are ours; its messages may quote a payload, so they stay out of the log.
    logger.error("http-failed", route=route, error=type(error_).__name__, at=_where(error_))
    return error(500, "internal-error", "Something went wrong on our side; try again later.")


def _where(error_: Exception) -> list[str]:
    lines, trace = [], error_.__traceback__
    while trace is not None:
        lines.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return lines


def _response(reply: Any, request: Request) -> Response:
    if not isinstance(reply, Reply):
        reply = Reply(reply)
    body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
    # Every type is binary to API Gateway here (or it would spoil gzip), and then Chalice insists on an
    # `Accept` header, which mail servers, pixels' proxies and plain clients don't send.
    request.headers = CaseInsensitiveMapping({**request.headers, "accept": "*/*"})
    base = {} if isinstance(reply.body, bytes) else _JSON
    return Response(body, headers={**base, **reply.headers}, status_code=reply.status)
