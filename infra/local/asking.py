"""Asking the app without a socket, as tests do."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from infra.local.gateway import Environ, Headers, StartResponse


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(
    app: Callable[[Environ, StartResponse], Iterable[bytes]],
    method: str,
    path: str,
    body: Any,
    key: str,
    headers: dict[str, str],
) -> Answer:
    """Call a WSGI application. `body` is made JSON unless it is bytes; `key` is sent as a bearer."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    environ = _environ(method, path, raw, sent | {name.lower(): value for name, value in headers.items()})
    told: list[tuple[str, Headers]] = []
    answer = b"".join(app(environ, lambda status, named: told.append((status, named))))
    status, named = told[0]
    return Answer(int(status.split(maxsplit=1)[0]), {name.lower(): value for name, value in named}, answer)


def _environ(method: str, path: str, body: bytes, headers: dict[str, str]) -> Environ:
    plain, _, query = path.partition("?")
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "PATH_INFO": unquote_to_bytes(plain).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **named,
    }
