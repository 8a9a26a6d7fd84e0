"""The OpenAPI document: valid, of all routes, and true (`shop.py` holds every answer of these tests against it)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

import app
from tests.end_to_end.openapi import document, fault, operations

JSON = {"content-type": "application/json"}
DECIDED = {"decision": "d_" + "a" * 20, "outcome": "nothing", "messages": []}


def test_is_valid() -> None:
    validate(document())


def test_has_every_route_and_no_other() -> None:
    routes = {(path, method) for path, methods in app.app.routes.items() for method in methods}
    assert {(path, method) for path, method, _ in operations()} == routes


def test_every_reference_leads_somewhere_and_nothing_is_left_over() -> None:
    text = json.dumps(document())
    for kind, parts in document()["components"].items():
        for name in parts:
            assert kind == "securitySchemes" or f'"#/components/{kind}/{name}"' in text, name


def test_every_answer_may_be_that_aws_failed_and_every_key_may_be_missing() -> None:
    for path, method, operation in operations():
        assert "503" in operation["responses"], (path, method)
        open_to_all = operation.get("security", document()["security"]) == [{}]
        assert ("401" in operation["responses"]) is not open_to_all, (path, method)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "headers", "answer", "said"),
    [
        ("POST", "/v1/decide", {"placement": "web.home"}, 200, JSON, DECIDED, ""),
        ("POST", "/v1/decide", {"placement": "web.home"}, 200, JSON, {**DECIDED, "outcome": "maybe"}, "maybe"),
        ("POST", "/v1/decide", {"placement": "web.home"}, 200, JSON, {**DECIDED, "secret": 1}, "secret"),
        ("POST", "/v1/decide", {"placement": "web.home"}, 200, JSON, {"decision": "d_1"}, "d_1|outcome"),
        ("POST", "/v1/decide", {"placement": 7}, 200, JSON, DECIDED, "not as documented"),
        ("POST", "/v1/decide", {}, 200, JSON, DECIDED, "not as documented"),
        ("POST", "/v1/decide", {}, 418, JSON, {}, "418"),
        ("POST", "/v1/decide", {}, 200, {"content-type": "text/html"}, {}, "text/html"),
        ("POST", "/v1/decide", {}, 503, JSON, {"error": {"code": "unavailable", "message": "x"}}, "Retry-After"),
        ("GET", "/c/x", None, 302, {"content-type": "text/plain"}, None, "Location"),
        ("POST", "/v1/nowhere", {}, 200, JSON, {}, "not there"),
        ("POST", "/v1/nowhere", {}, 404, JSON, {}, ""),
        ("GET", "/v1/profiles/user:ann/split", None, 404, JSON, {}, ""),
    ],
)  # fmt: skip
def test_a_difference_is_found(
    method: str, path: str, sent: Any, status: int, headers: dict[str, str], answer: Any, said: str
) -> None:
    found = fault(method, path, json.dumps(sent).encode(), status, headers, json.dumps(answer).encode())
    assert bool(found) is bool(said)
    assert any(part in found for part in said.split("|"))
