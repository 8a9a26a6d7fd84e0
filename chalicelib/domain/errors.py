"""The one tree of exceptions: each means a retry, a refusal at the door, or a bug.

    TopekaError
    |-- Refused                 a caller's fault; becomes an HTTP error in one place
    |   |-- BadRequest          400
    |   |-- NotAuthenticated    401
    |   |-- Forbidden           403
    |   |-- NotFound            404
    |   |-- Clash               409
    |   `-- TooLarge            400 (the contract has no 413)
    |-- Retry                   the world's fault; the queue brings the work again
    |   |-- Conflict            another writer was first: read again
    |   |-- Unavailable         a service of AWS failed or throttles (HTTP 503)
    |   `-- NotTaken            a provider certainly did not take a message: it may be tried again
    |       `-- Busy            nor any other just now: this one is not to blame
    |-- Malformed               what a queue brought is not what it says it is: a dead letter
    |   `-- Forged              SNS did not sign it (`sns_messages.py`)
    |-- Undeliverable           a provider will never take a message: trying again is useless
    `-- Unanswered              a provider may or may not have acted: never blindly repeated

Expected outcomes (a link refused, a message ruled out) are values with a reason, not exceptions.
"""

from __future__ import annotations


class TopekaError(Exception):
    """Root of everything this project raises on purpose."""


class Refused(TopekaError):
    """A request that cannot be carried out as it stands; `message` says how to mend it."""

    status = 400

    def __init__(self, code: str, message: str, field: str = "", details: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.details = details


class BadRequest(Refused):
    """Malformed or out of bounds (HTTP 400)."""


class TooLarge(BadRequest):
    """Over a limit of the contract (HTTP 400)."""


class NotAuthenticated(Refused):
    """No key, or one nobody knows (HTTP 401)."""

    status = 401


class Forbidden(Refused):
    """A known key without the scope or the proof (HTTP 403)."""

    status = 403


class NotFound(Refused):
    """No such resource (HTTP 404)."""

    status = 404


class Clash(Refused):
    """The resource's state forbids it (HTTP 409)."""

    status = 409


class Retry(TopekaError):
    """Nothing is wrong with the work itself: do it again."""


class Conflict(Retry):
    """A conditional write found another version; `ids` are the items whose condition failed (may be empty)."""

    def __init__(self, ids: tuple[str, ...] = ()) -> None:
        super().__init__("another writer was first")
        self.ids = ids


class Unavailable(Retry):
    """A service failed or throttles. `service` is a static name such as `dynamodb`."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} is unavailable")
        self.service = service


class NotTaken(Retry):
    """A provider refused before it acted (throttled, connection never made): a second attempt is harmless."""


class Busy(NotTaken):
    """A provider takes nothing for now (throttles, can't be reached, doesn't know us), whatever the message."""


class Malformed(TopekaError):
    """What a queue brought lacks what it must have; `what` is a static name such as `feedback`."""

    def __init__(self, what: str) -> None:
        super().__init__(f"malformed: {what}")


class Undeliverable(TopekaError):
    """A provider did not take a message and never will; `reason` is a static word such as `gone`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not deliverable: {reason}")
        self.reason = reason


class Unanswered(TopekaError):
    """A provider was called and no answer came: it may have acted."""
