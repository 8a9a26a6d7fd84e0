"""What only the local stack serves, under `/local`: mailbox, clock, settling, feedback, inbound messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from chalicelib.domain.errors import BadRequest, Clash, NotFound, Refused, TooLarge
from chalicelib.domain.instants import from_text, to_text
from chalicelib.domain.playbook.units import duration
from chalicelib.entrypoints import bodies
from infra.local import mailbox
from infra.local.gateway import Environ, StartResponse, read_body, refuse, respond, respond_json
from infra.local.post import Post

#: How far the clock goes; beyond it ISO 8601 has no way to write the year.
_END_OF_TIME = from_text("9000-01-01T00:00:00Z")


class Controls(Protocol):
    """What the pages ask of the stack."""

    post: Post

    def now(self) -> int:
        """The local clock, in ms."""

    def settle(self) -> int:
        """Drain everything; how many events were taken in since it was last asked."""

    def move_clock(self, target: int) -> bool:
        """Move to `target` (ms); False if it is past and something has been collected."""


class Pages:
    """The WSGI application for `/local/...`."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._routes: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "/local/clock"): lambda _: self._clock(),
            ("POST", "/local/clock"): self._move_clock,
            ("POST", "/local/settle"): lambda _: {"settled": True, "events": self._controls.settle()},
            ("POST", "/local/feedback"): self._feedback,
            ("POST", "/local/inbound"): self._inbound,
        }

    def __call__(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].rstrip("/")
        method = "GET" if method == "HEAD" else method  # the server leaves the body out
        if (method, path) == ("GET", "/local/mailbox"):
            return self._mailbox(environ, start)
        try:
            route = self._routes.get((method, path))
            if route is None:
                raise NotFound("not-found", "There is nothing at this address and method.")
            answer = route(_object(environ) if method == "POST" else {})
        except Refused as error:
            return refuse(start, error.status, error.code, error.message, error.field)
        return respond_json(start, answer)

    def _mailbox(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        letters = [mailbox.letter(sent) for sent in self._controls.post.sent()]
        if "application/json" in environ.get("HTTP_ACCEPT", ""):
            return respond_json(start, letters)
        html = mailbox.page(letters, self._controls.now()).encode()
        return respond(start, 200, [("Content-Type", "text/html; charset=utf-8")], html)

    def _clock(self) -> dict[str, str]:
        return {"now": to_text(self._controls.now())}

    def _move_clock(self, body: dict[str, Any]) -> dict[str, str]:
        target = self._target(body)
        if not 0 <= target <= _END_OF_TIME:
            field = "advance" if "advance" in body else "set"
            raise BadRequest("invalid-time", "Choose a time between 1970 and 9000.", field)
        if not self._controls.move_clock(target):
            message = "Events have been collected, so set a later time than now."
            raise Clash("clock-only-forward", message, "set")
        return self._clock()

    def _target(self, body: dict[str, Any]) -> int:
        if isinstance(body.get("advance"), str):
            length = duration(body["advance"])
            if length is None:
                raise BadRequest(
                    "invalid-duration", "Write `advance` as a number and a unit, like `2h`.", "advance"
                )
            return self._controls.now() + length
        if isinstance(body.get("set"), str):
            try:
                return from_text(body["set"])
            except (ValueError, OverflowError):
                message = "Write `set` as an ISO 8601 time, like `2026-07-01T15:00:00Z`."
                raise BadRequest("invalid-time", message, "set") from None
        raise BadRequest("missing-field", 'Send {"advance": "2h"} or {"set": "2026-07-01T15:00:00Z"}.')

    def _feedback(self, body: dict[str, Any]) -> dict[str, Any]:
        if "withhold" in body:
            return {"withheld": self._withhold(body["withhold"])}
        delivery, event = _text(body, "delivery"), _text(body, "event")
        bounce_type = body.get("type", "Permanent")
        if bounce_type not in ("Permanent", "Transient"):
            raise BadRequest("invalid-type", "Set `type` to `Permanent` or `Transient`.", "type")
        if not self._controls.post.tell(delivery, event, bounce_type):
            message = "Nothing was sent for this delivery, or its channel has no such event."
            raise NotFound("not-found", message, "delivery")
        return {"success": True}

    def _withhold(self, names: Any) -> list[str]:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise BadRequest("invalid-withhold", 'Set `withhold` to a list like ["Email Sent"].', "withhold")
        self._controls.post.withheld = frozenset(names)
        return sorted(set(names))

    def _inbound(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("channel") != "sms":
            raise BadRequest("unknown-channel", "Set `channel` to `sms`.", "channel")
        sender = _text(body, "from")
        to = body.get("to") or self._controls.post.number_for(sender)
        self._controls.post.answer(sender, str(to), _text(body, "text"))
        return {"success": True}


def _object(environ: Environ) -> dict[str, Any]:
    """The JSON object in the body, {} for none."""
    raw = read_body(environ)
    if raw is None:
        raise TooLarge("body-too-large", "Send less than 10 MB at a time.")
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    return bodies.json_object(bodies.opened(raw, encoding) if raw else b"{}")


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise BadRequest("missing-field", f"Set `{field}` to a text.", field)
    return value
