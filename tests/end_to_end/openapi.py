"""The contract as `infra/openapi.yaml` has it, held against requests and answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

DOCUMENT = Path(__file__).parents[2] / "infra" / "openapi.yaml"
Json = dict[str, Any]


@cache
def document() -> Json:
    """The whole document."""
    read: Json = yaml.load(DOCUMENT.read_text(), Loader=yaml.CSafeLoader)
    return read


def operations() -> Iterator[tuple[str, str, Json]]:
    """Every path, method and operation."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method.upper(), operation


def fault(
    method: str, url: str, sent: bytes | None, status: int, headers: Mapping[str, str], body: bytes
) -> str:
    """How an exchange differs from the document, "" if it doesn't. `headers` are the answer's, in lower case."""
    path = urlsplit(url).path
    if path.startswith("/local") or method == "OPTIONS":
        return ""
    found = _operation(path, method)
    if found is None:
        return "" if status == 404 else f"{method} {path} answers {status} and is not there"
    template, operation = found
    answer = operation["responses"].get(str(status))
    if answer is None:
        return f"{method} {template} answers {status}: {body[:300]!r}"
    wrong = _answer_fault(answer, headers, body)
    if not wrong and 200 <= status < 300 and b'"rejected"' not in body:
        wrong = _request_fault(operation, sent)
    return f"{method} {template} {status}: {wrong}" if wrong else ""


def _operation(path: str, method: str) -> tuple[str, Json] | None:
    for template, known, operation in operations():
        if known == method and _pattern(template).fullmatch(path):
            return template, operation
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))


def _answer_fault(answer: Json, headers: Mapping[str, str], body: bytes) -> str:
    answer = _resolved(answer)
    for name, header in answer.get("headers", {}).items():
        if header.get("required") and name.lower() not in headers:
            return f"no {name}"
    content = answer.get("content")
    if content is None or "content-encoding" in headers:
        return ""
    kind = headers.get("content-type", "").partition(";")[0]
    if kind not in content:
        return f"{kind!r} is not among {sorted(content)}"
    return _mismatch(content[kind]["schema"], body) if kind == "application/json" else ""


def _request_fault(operation: Json, sent: bytes | None) -> str:
    """What is taken must be documented, too."""
    content = _resolved(operation.get("requestBody", {})).get("content", {})
    if not sent or "application/json" not in content or sent[:1] != b"{":
        return ""
    wrong = _mismatch(content["application/json"]["schema"], sent)
    return f"it took a request that is not as documented: {wrong}" if wrong else ""


def _mismatch(schema: Json, text: bytes) -> str:
    error = next(_validator(json.dumps(schema)).iter_errors(json.loads(text)), None)
    return f"{error.json_path}: {error.message[:500]}" if error else ""


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": document()["components"]})


def _resolved(part: Json) -> Json:
    if "$ref" not in part:
        return part
    found: Any = document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)
