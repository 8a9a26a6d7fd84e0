"""Counting the calls that the code under test makes to AWS, and striking one of them.

killed before   the worker dies as it is about to call
killed after    the worker dies once the call has taken effect
throttled       every try of the call is turned away, without effect (4xx)
broken          every try of the call fails, without effect (5xx)
repeated        the call takes effect, its answer is lost, and the SDK sends the same once more
unanswered      every try of the call takes effect, and every answer is lost
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from infra.local.functions import Function
from infra.local.replacing import replaced
from tests.faults.world import Killed

Kind = Literal["killed before", "killed after", "throttled", "broken", "repeated", "unanswered"]
KINDS: tuple[Kind, ...] = ("killed before", "killed after", "throttled", "broken", "repeated", "unanswered")
SERVICES = ("dynamodb", "sqs", "firehose", "sesv2", "sns")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the call of this number (from 0)."""

    kind: Kind
    number: int

    def __str__(self) -> str:
        return f"{self.kind.replace(' ', '-')}:{self.number}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: by which function, which operation, and the request's body."""

    function: str
    operation: str
    body: str

    def __str__(self) -> str:
        return f"{self.function} {self.operation}"


@dataclass(slots=True)
class Injector:
    """`calls` are all calls made so far; `fault` strikes one of them. Only work done `inside` a function counts."""

    fault: Fault | None = None
    calls: list[Call] = field(default_factory=list)
    _function: str = ""
    _struck: bool = False

    @contextmanager
    def inside(self, function: str) -> Iterator[None]:
        """While inside, calls are the function's."""
        self._function = function
        try:
            yield
        finally:
            self._function, self._struck = "", False

    @property
    def struck(self) -> Call | None:
        """The call that the fault struck, None if the run ended before it."""
        made = self.fault is not None and self.fault.number < len(self.calls)
        return self.calls[self.fault.number] if made and self.fault else None

    def about_to_call(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        """botocore's `before-call`: once for a call, however often the SDK tries. An answer given here is final."""
        self._struck = False
        if not self._function:
            return None
        body = params.get("body") or b""
        text = body.decode() if isinstance(body, bytes) else str(body)
        self.calls.append(Call(self._function, model.name, text))
        if self.fault is None or self.fault.number != len(self.calls) - 1:
            return None
        if self.fault.kind == "killed before":
            raise Killed
        if self.fault.kind == "throttled":
            return _refusal(400, "ThrottlingException")
        if self.fault.kind == "broken":
            return _refusal(500, "InternalServerError")
        self._struck = True
        return None

    def about_to_send(self, event_name: str, request: Any, **_: Any) -> None:
        """botocore's `before-send`: once for each try. The call takes effect here, ahead of moto's own turn."""
        if not self._struck or self.fault is None:
            return
        from moto.core.models import botocore_stubber

        botocore_stubber(event_name, request)
        if self.fault.kind == "killed after":
            raise Killed
        if self.fault.kind == "repeated":
            self._struck = False
        raise ReadTimeoutError(endpoint_url=request.url)


def _refusal(status: int, code: str) -> tuple[AWSResponse, dict[str, Any]]:
    answer = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return AWSResponse("https://aws", status, HTTPHeaders(), None), answer


@contextmanager
def injecting(injector: Injector) -> Iterator[Injector]:
    """While inside, the stack's functions work under the injector."""
    from chalicelib import wiring

    invoke = Function.invoke

    def watched(function: Function, event: dict[str, Any]) -> Any:
        with injector.inside(function.resource):
            return invoke(function, event)

    clients = [wiring.client(service).meta.events for service in SERVICES]
    for events in clients:
        events.register("before-call", injector.about_to_call)
        events.register_first("before-send", injector.about_to_send)
    try:
        with replaced(Function, invoke=watched):
            yield injector
    finally:
        for events in clients:
            events.unregister("before-call", injector.about_to_call)
            events.unregister("before-send", injector.about_to_send)
