"""Counting what the code under test asks of AWS and is handed by it, and striking some of it.

At a call:

killed before   the worker dies as it is about to call
killed after    the worker dies once the call has taken effect
throttled       every try of the call is turned away, without effect (4xx)
broken          every try of the call fails, without effect (5xx)
repeated        the call takes effect, its answer is lost, and the SDK sends the same once more
unanswered      every try of the call takes effect, and every answer is lost
overtaken       another worker is handed the same messages or records, and does all of it before this call goes out

At what a queue or the stream hands to a function:

twice           it is handed over once more, right after it was done
twice late      it is handed over once more after everything else of the hour
reversed        its messages come one by one, the last first (of a queue alone: a stream keeps its order)
late            it comes after everything else of the hour (of a queue alone)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError

from infra.local.functions import Function
from infra.local.replacing import replaced
from tests.faults.world import Killed

CallKind = Literal[
    "killed before", "killed after", "throttled", "broken", "repeated", "unanswered", "overtaken"
]
HandedKind = Literal["twice", "twice late", "reversed", "late"]
Kind = CallKind | HandedKind
CALL_KINDS: tuple[CallKind, ...] = get_args(CallKind)
HANDED_KINDS: tuple[HandedKind, ...] = get_args(HandedKind)
KINDS: tuple[Kind, ...] = (*CALL_KINDS, *HANDED_KINDS)
SERVICES = ("dynamodb", "sqs", "firehose", "sesv2", "sns")
STREAM = "RelayOutbox"
#: What a queue or the stream hands work to. HTTP requests are their client's, and the clock's ticks come once.
HANDED = frozenset({"IngestEvents", STREAM, "SendDeliveries", "TakeFeedback", "RunJobs"})

Event = dict[str, Any]
Invoke = Callable[[Function, Event], Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the call, or to what is handed over, of this number (from 0)."""

    kind: Kind
    number: int

    def __str__(self) -> str:
        return f"{self.kind.replace(' ', '-')}:{self.number}"


def named(text: str) -> Fault:
    """The fault that `str` names. Raises ValueError."""
    kind, _, number = text.partition(":")
    found = next((each for each in KINDS if each.replace(" ", "-") == kind), None)
    if found is None or not number.isdigit():
        kinds = ", ".join(each.replace(" ", "-") for each in KINDS)
        raise ValueError(f"{text} names no fault; one is `kind:number`, and the kinds are {kinds}")
    return Fault(found, int(number))


@dataclass(frozen=True, slots=True)
class Call:
    """One call: by which function, which operation, and the request's body."""

    function: str
    operation: str
    body: str

    def __str__(self) -> str:
        return f"{self.function} {self.operation}"


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed to a function: how many messages or records."""

    function: str
    count: int

    def __str__(self) -> str:
        return f"{self.function} handed {self.count}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a step of the day begins: minutes after noon, its name, and the numbers of its first call and hand-over."""

    minute: int
    step: str
    calls: int
    handed: int


@dataclass(slots=True)
class Injector:
    """`calls` are all calls made so far, `handed` all that was handed over; `faults` strike some of them.

    `refused` are requests of clients that were not answered as they should be. `branch` is told of each call and each
    hand-over before it is struck, by the kinds that may strike it and its number: it may set `faults`.

    Only work done `inside` a function counts. What a fault itself makes happen counts for nothing, so numbers stay what
    they are on the undisturbed day up to the first fault.
    """

    faults: Sequence[Fault] = ()
    calls: list[Call] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    branch: Callable[[Sequence[Kind], int], None] = lambda kinds, number: None
    _function: str = ""
    _event: Event = field(default_factory=dict)
    _striking: Kind | None = None
    _aside: bool = False
    _again: Callable[[], Any] = lambda: None
    _later: list[Callable[[], Any]] = field(default_factory=list)

    @contextmanager
    def inside(self, function: str) -> Iterator[None]:
        """While inside, calls are the function's."""
        before = self._function
        self._function = function
        try:
            yield
        finally:
            self._function, self._striking = before, None

    def mark(self, minute: int, step: str) -> None:
        """A step of the day begins."""
        self.marks.append(Mark(minute, step, len(self.calls), len(self.handed)))

    def struck(self) -> list[tuple[Fault, Call | Handed]]:
        """Each fault that was met, and what it struck."""
        found: list[tuple[Fault, Call | Handed]] = []
        for fault in self.faults:
            met: Sequence[Call | Handed] = self.calls if fault.kind in CALL_KINDS else self.handed
            found += [(fault, met[fault.number])] if fault.number < len(met) else []
        return found

    def invoke(self, function: Function, event: Event, invoke: Invoke) -> Any:
        """Hand something to a function, or what a fault makes of it."""
        kind = self._next_handed(function.resource, event)
        self._again = lambda: self._anew(function, event, invoke)
        if kind == "late":
            self._later.append(lambda: self._anew(function, event, invoke))
            return {"batchItemFailures": []}
        if kind == "reversed":
            return self._one_by_one(function, event, invoke)
        with self.inside(function.resource):
            answer = invoke(function, event)
        if kind == "twice":
            self._anew(function, event, invoke)
        if kind == "twice late":
            self._later.append(lambda: self._anew(function, event, invoke))
        return answer

    def release(self) -> bool:
        """Let what is late come now; whether there was anything."""
        waiting, self._later = self._later, []
        for come in waiting:
            come()
        return bool(waiting)

    def _next_handed(self, function: str, event: Event) -> Kind | None:
        if self._aside or function not in HANDED:
            return None
        self.handed.append(Handed(function, len(event["Records"])))
        kind = self._kind(HANDED_KINDS, len(self.handed) - 1)
        return None if function == STREAM and kind in ("reversed", "late") else kind

    def _one_by_one(self, function: Function, event: Event, invoke: Invoke) -> Any:
        failed: list[Any] = []
        for record in reversed(event["Records"]):
            with self.inside(function.resource):
                failed += (invoke(function, {"Records": [record]}) or {}).get("batchItemFailures", ())
        return {"batchItemFailures": failed}

    def _anew(self, function: Function, event: Event, invoke: Invoke) -> None:
        """By another worker, whose end is nobody's concern: what it fails at comes again to the first."""
        aside, self._aside = self._aside, True
        try:
            with self.inside(function.resource), suppress(Killed, Exception):
                invoke(function, event)
        finally:
            self._aside = aside

    def _kind(self, kinds: Sequence[Kind], number: int) -> Kind | None:
        self.branch(kinds, number)
        return next((each.kind for each in self.faults if each.number == number and each.kind in kinds), None)

    def about_to_call(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        """botocore's `before-call`: once for a call, however often the SDK tries. An answer given here is final."""
        self._striking = None
        if not self._function or self._aside:
            return None
        body = params.get("body") or b""
        text = body.decode() if isinstance(body, bytes) else str(body)
        self.calls.append(Call(self._function, model.name, text))
        kind = self._kind(CALL_KINDS, len(self.calls) - 1)
        if kind == "killed before":
            raise Killed
        if kind == "throttled":
            return _refusal(400, "ThrottlingException")
        if kind == "broken":
            return _refusal(500, "InternalServerError")
        if kind == "overtaken":
            if self._function in HANDED:
                self._again()
            return None
        self._striking = kind
        return None

    def about_to_send(self, event_name: str, request: Any, **_: Any) -> None:
        """botocore's `before-send`: once for each try. The call takes effect here, ahead of moto's own turn."""
        kind = self._striking
        if kind is None:
            return
        from moto.core.models import botocore_stubber

        botocore_stubber(event_name, request)
        if kind == "killed after":
            raise Killed
        if kind == "repeated":
            self._striking = None
        raise ReadTimeoutError(endpoint_url=request.url)


def _refusal(status: int, code: str) -> tuple[AWSResponse, dict[str, Any]]:
    answer = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return AWSResponse("https://aws", status, HTTPHeaders(), None), answer


@contextmanager
def injecting(injector: Injector) -> Iterator[Injector]:
    """While inside, the stack's functions work under the injector."""
    from chalicelib import wiring

    invoke = Function.invoke

    def watched(function: Function, event: Event) -> Any:
        return injector.invoke(function, event, invoke)

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
