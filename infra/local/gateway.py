"""API Gateway in front of the Chalice app, as a WSGI application.

The path reaches the app percent-encoded, as a REST API passes it, and the body base64-encoded where its
type is binary to the API, else as text. The app serves one request at a time, as a function's instance does.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LambdaEventConverter, LocalGateway, LocalGatewayException, RouteMatcher

#: API Gateway's limit of a request's body.
_LARGEST_BODY = 10_485_760

Headers = list[tuple[str, str]]
Environ = dict[str, Any]
StartResponse = Callable[[str, Headers], Any]


class Gateway:
    """The WSGI application."""

    def __init__(self, app: Chalice) -> None:
        self._app = app
        self._gateway = LocalGateway(app, Config())
        self._gateway.event_converter = _Converter(RouteMatcher(list(app.routes)), app.api.binary_types)
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        body = read_body(environ)
        if body is None:
            return refuse(start, 400, "too-large", "Send less than 10 MB at a time.")
        method, path = environ["REQUEST_METHOD"], raw_path(environ)
        with self._one_at_a_time:
            if not self._serves(method, path):
                return refuse(start, 404, "not-found", "There is nothing at this address and method.")
            try:
                answer = self._gateway.handle_request(method, path, _headers(environ), body)
            except LocalGatewayException as error:
                return respond(start, error.CODE, list(error.headers.items()), error.body or b"")
        return respond(start, answer["statusCode"], _answer_headers(answer), _answer_body(answer))

    def _serves(self, method: str, path: str) -> bool:
        try:
            route = self._gateway.event_converter._route_matcher.match_route(path).route
        except ValueError:
            return False
        methods = self._app.routes[route]
        return method in methods or (method == "OPTIONS" and any(each.cors for each in methods.values()))


class _Converter(LambdaEventConverter):
    """Chalice's own compares whole header values only and knows no `*/*`."""

    def create_lambda_event(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        event: dict[str, Any] = super().create_lambda_event(method, path, headers, None)
        if body:
            kind = headers.get("content-type", "").split(";")[0].strip()
            binary = bool({"*/*", kind} & set(self._binary_types))
            event["body"] = base64.b64encode(body).decode() if binary else body.decode("utf-8", "replace")
            event["isBase64Encoded"] = binary
        return event


def raw_path(environ: Environ) -> str:
    """Path and query as the client sent them."""
    sent: str = environ.get("REQUEST_URI", "")
    if sent.startswith("/"):
        return sent
    query = environ.get("QUERY_STRING", "")
    return quote(environ["PATH_INFO"].encode("latin-1")) + (f"?{query}" if query else "")


def read_body(environ: Environ) -> bytes | None:
    """The request's body, None if it is larger than the gateway takes."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > _LARGEST_BODY:
        return None
    body: bytes = environ["wsgi.input"].read(length)
    return body


def respond(start: StartResponse, status: int, headers: Headers, body: bytes) -> Iterable[bytes]:
    """Send an answer."""
    named = [pair for pair in headers if pair[0].lower() != "content-length"]
    start(f"{status} {_phrase(status)}", [*named, ("Content-Length", str(len(body)))])
    return [body]


def refuse(start: StartResponse, status: int, code: str, message: str, field: str = "") -> Iterable[bytes]:
    """Send an error in the contract's shape."""
    error = {"code": code, "message": message} | ({"field": field} if field else {})
    return respond_json(start, {"error": error}, status)


def respond_json(start: StartResponse, answer: Any, status: int = 200) -> Iterable[bytes]:
    """Send an answer as JSON."""
    return respond(start, status, [("Content-Type", "application/json")], json.dumps(answer).encode())


def _headers(environ: Environ) -> dict[str, str]:
    named = {
        key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        named["content-type"] = environ["CONTENT_TYPE"]
    return named


def _answer_headers(answer: dict[str, Any]) -> Headers:
    many = answer.get("multiValueHeaders") or {}
    single = [(name, str(value)) for name, value in answer["headers"].items()]
    return single + [(name, str(value)) for name, values in many.items() for value in values]


def _answer_body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body") or b""
    if answer.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body.encode() if isinstance(body, str) else bytes(body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
