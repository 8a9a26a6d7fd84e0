"""Where AWS's errors become ours, and where a write whose answer was lost is told from a write that lost.

Only what another try could never mend (a malformed request: our own bug) is passed on as it came; an item
that is too big is refused; everything else is a `Conflict` or `Unavailable`, and the work is done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
)
from botocore.exceptions import ConnectionError as NotConnected

from chalicelib.domain.errors import Conflict, TooLarge, TopekaError, Unavailable

Item = dict[str, Any]
"""An item in DynamoDB's own form: attribute name -> {"S": ...}, {"N": ...} or {"B": ...}."""

_LOST_RACE = frozenset(
    {
        "ConditionalCheckFailedException",
        "TransactionConflictException",
        "PreconditionFailed",  # S3's two
        "ConditionalRequestConflict",
    }
)
_LOST_RACE_REASONS = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_OUR_BUG = frozenset(
    {"ValidationException", "ValidationError", "SerializationException", "InvalidParameterValue"}
)
_UNANSWERED = (
    NotConnected,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    CredentialRetrievalError,
)


@contextmanager
def asking(service: str, ids: Sequence[str] = ()) -> Iterator[None]:
    """Run calls to a service; `ids` name the items written, in the order of the request."""
    try:
        yield
    except ClientError as error:
        fault = _fault(error, service, ids)
        if fault is None:
            raise
        raise fault from error
    except _UNANSWERED as error:
        raise Unavailable(service) from error


def _fault(error: ClientError, service: str, ids: Sequence[str]) -> TopekaError | None:
    code = error.response["Error"]["Code"]
    if code in _LOST_RACE:
        return Conflict(tuple(ids))
    if code == "TransactionCanceledException":
        return _cancelled(error, service, ids)
    if code in _OUR_BUG:
        too_big = "size has exceeded" in error.response["Error"].get("Message", "")
        return TooLarge("too-large", "This is more than fits in one item; store less.") if too_big else None
    return Unavailable(service)


def _cancelled(error: ClientError, service: str, ids: Sequence[str]) -> TopekaError | None:
    codes = [reason.get("Code", "None") for reason in _reasons(error)]
    lost = [place for place, code in enumerate(codes) if code in _LOST_RACE_REASONS]
    if lost:
        return Conflict(tuple(ids[place] for place in lost if place < len(ids)))
    return None if _OUR_BUG.intersection(codes) else Unavailable(service)


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    response: dict[str, Any] = dict(error.response)
    return list(response.get("CancellationReasons", ()))


def standing(conflict: Conflict) -> list[Item | None]:
    """The items that made a write fail, in the order of the request (needs ALL_OLD on the request)."""
    error = conflict.__cause__
    if not isinstance(error, ClientError):
        return []
    response: dict[str, Any] = dict(error.response)
    if "CancellationReasons" in response:
        return [reason.get("Item") for reason in _reasons(error)]
    return [response.get("Item")]


def was_ours(conflict: Conflict, attribute: str, values: Sequence[str]) -> bool:
    """Whether a refused write had been done by us after all: what stands carries this very attempt's mark.

        we      put version 7.x if 6.y ... done ...    (the answer is lost)
        botocore                                        put version 7.x if 6.y ... refused: 7.x stands
        we                                              7.x is ours: nobody else makes it, so we did win

    A transaction is all or nothing: one item of it that stands is proof of the whole. The items come with the
    refusal itself, so nothing is read for this.
    """
    found = [
        (item or {}).get(attribute, {}).get("S") == value
        for item, value in zip(standing(conflict), values, strict=False)
    ]
    return any(found)
