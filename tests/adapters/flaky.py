"""A boto3 client whose answers can be lost, before or after AWS acted, and whose calls are counted."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

WRITES = ("put_", "transact_write_", "update_", "batch_write_", "delete_", "send_")
ANY_WRITE = "any write"
LOST = ReadTimeoutError(endpoint_url="https://aws")


class FlakyClient:
    """Passes every call on to `client`, except for what was ordered.

    `lose` acts and loses the answer; `lose_and_retry` acts, loses the answer and, as botocore does, sends the
    same request again; `fail` raises instead of acting; `answer` answers instead of acting.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()
        self._orders: defaultdict[str, deque[tuple[str, Any]]] = defaultdict(deque)

    def lose(self, call: str) -> None:
        self._orders[call].append(("lose", None))

    def lose_and_retry(self, call: str) -> None:
        self._orders[call].append(("retry", None))

    def fail(self, call: str, error: Exception, times: int = 1) -> None:
        self._orders[call].extend([("fail", error)] * times)

    def answer(self, call: str, *answers: Any) -> None:
        self._orders[call].extend(("answer", answer) for answer in answers)

    def __getattr__(self, call: str) -> Any:
        def ask(**request: Any) -> Any:
            self.calls[call] += 1
            orders = self._orders[call] or (self._orders[ANY_WRITE] if call.startswith(WRITES) else None)
            kind, what = orders.popleft() if orders else ("pass", None)
            if isinstance(what, Exception):
                raise what
            if kind == "answer":
                return what(request) if callable(what) else what
            answer = getattr(self._client, call)(**request)
            if kind == "lose":
                raise LOST
            return getattr(self._client, call)(**request) if kind == "retry" else answer

        return ask


def aws_error(code: str, message: str = "", status: int = 400, **more: Any) -> ClientError:
    """An error as AWS answers it."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "Operation")
