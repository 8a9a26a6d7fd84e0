"""API Gateway in front of a Chalice app: what reaches the app, and what reaches the client."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from chalice.app import CaseInsensitiveMapping, Chalice, CORSConfig, Request, Response

from infra.local.gateway import Gateway


def small_app() -> Chalice:
    app = Chalice(app_name="small")
    app.api.binary_types = ["*/*"]

    @app.route("/echo/{name}", methods=["POST"], content_types=["*/*"], cors=CORSConfig(allow_origin="*"))
    def echo(name: str) -> Response:
        request = current(app)
        seen = {
            "name": name,
            "body": as_text(request.raw_body),
            "query": dict(request.query_params or {}),
            "header": request.headers.get("x-told"),
        }
        return answer(app, json.dumps(seen).encode(), 200, {"Content-Type": "application/json"})

    @app.route("/away")
    def away() -> Response:
        return answer(app, b"", 302, {"Location": "https://example.com/", "Set-Cookie": ["a=1", "b=2"]})

    return app


def as_text(body: str | bytes) -> str:
    return body if isinstance(body, str) else body.decode("latin-1")


def current(app: Chalice) -> Request:
    assert app.current_request is not None
    return app.current_request


def answer(app: Chalice, body: bytes, status: int, headers: dict[str, Any]) -> Response:
    """Bytes to a client that did not say which types it takes."""
    request = current(app)
    request.headers = CaseInsensitiveMapping({**request.headers, "accept": "*/*"})
    return Response(body, status_code=status, headers=headers)


def ask(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, list[str]], bytes]:
    told: list[Any] = []
    environ = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "PATH_INFO": path.partition("?")[0],
        "QUERY_STRING": path.partition("?")[2],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
    body = b"".join(Gateway(small_app())(environ, lambda status, named: told.append((status, named))))
    named: dict[str, list[str]] = {}
    for name, value in told[0][1]:
        named.setdefault(name.lower(), []).append(value)
    return int(told[0][0][:3]), named, body


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a": 1}', "application/json"),
        (b'{"a": 1}', "text/plain;charset=UTF-8"),
        (gzip.compress(b"{}"), "application/json"),
        (b"\xff\x00", ""),
    ],
    ids=["json", "beacon", "gzip", "no type"],
)
def test_a_body_arrives_as_it_was_sent(body: bytes, kind: str) -> None:
    _, _, answer = ask("POST", "/echo/a", body, CONTENT_TYPE=kind)
    assert json.loads(answer)["body"] == body.decode("latin-1")


def test_the_path_stays_percent_encoded_and_the_query_is_decoded() -> None:
    _, _, answer = ask("POST", "/echo/user%3Aa%2Fb?since=a%20b&flag=", b"{}", HTTP_X_TOLD="yes")
    seen = json.loads(answer)
    assert (seen["name"], seen["query"], seen["header"]) == (
        "user%3Aa%2Fb",
        {"since": "a b", "flag": ""},
        "yes",
    )


def test_a_preflight_is_answered_for_the_routes_methods() -> None:
    status, headers, body = ask("OPTIONS", "/echo/a", HTTP_ORIGIN="https://shop.example")
    assert (status, body) == (200, b"")
    assert headers["access-control-allow-origin"] == ["*"]
    assert headers["access-control-allow-methods"] == ["POST,OPTIONS"]


def test_a_redirect_and_repeated_headers_come_through() -> None:
    status, headers, _ = ask("GET", "/away")
    assert (status, headers["location"], headers["set-cookie"]) == (
        302,
        ["https://example.com/"],
        ["a=1", "b=2"],
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("DELETE", "/away"), ("GET", "/echo/a/b"), ("OPTIONS", "/away")]
)
def test_what_is_not_there_is_a_404_in_the_contracts_shape(method: str, path: str) -> None:
    status, _, answer = ask(method, path)
    assert (status, json.loads(answer)["error"]["code"]) == (404, "not-found")


def test_more_than_the_gateway_takes_is_refused_unread() -> None:
    status, _, answer = ask("POST", "/echo/a", b"x" * 10_485_761)
    assert (status, json.loads(answer)["error"]["code"]) == (400, "too-large")
