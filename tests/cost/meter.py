"""What the real handlers use while they work over moto: calls and their sizes, time, and what they log.

Time is the CPU of this machine less moto's own, stretched where a function has less than a core, and an assumed
wait for every call; Lambda bills it by the millisecond begun, at the memory of `infra/functions.yaml`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from chalicelib import settings
from infra.local.functions import Function, _template
from infra.local.replacing import replaced
from tests.cost import units
from tests.cost.logged import Logged, logged
from tests.cost.prices import Prices, plus
from tests.cost.stored import key_of, stored

SERVICES = ("dynamodb", "sqs", "firehose", "sesv2", "sns", "s3")
CORE_MB = 1769
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


Tally = defaultdict[str, defaultdict[str, float]]


@dataclass(slots=True)
class Meter:
    """Use by function, while something works inside one, in the price list's units.

    `told` is what explains it: calls by operation, write units by table, milliseconds busy and taken. `metrics` are the
    custom metrics that were written. CPU is divided by `slower`: how many times as slow the machine is as it might be.
    """

    prices: Prices
    pools: Mapping[tuple[str, str], int]
    init_ms: float = 0.0
    slower: float = 1.0
    used: Tally = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    told: Tally = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    metrics: set[str] = field(default_factory=set)
    _function: str = ""
    _elsewhere: float = 0.0
    _sent: float = 0.0
    _waits: Counter[str] = field(default_factory=Counter)
    _asked: Mapping[str, Any] = field(default_factory=dict)
    _before: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)

    def clear(self) -> None:
        """Forget all use so far."""
        self.used.clear()
        self.told.clear()
        self.metrics.clear()

    def total(self, but: Collection[str] = ()) -> dict[str, float]:
        """Use by all functions but these."""
        return plus(*(used for function, used in self.used.items() if function not in but))

    @contextlib.contextmanager
    def inside(self, function: str) -> Iterator[None]:
        """While inside, calls and time are one invocation of this function."""
        self._function, self._elsewhere, self._waits = function, 0.0, Counter()
        started = time.thread_time()
        try:
            with logged() as said:
                yield
        finally:
            busy = (time.thread_time() - started - self._elsewhere) / self.slower
            self._bill(function, busy, said)
            self._function = ""

    def _bill(self, function: str, busy: float, said: Logged) -> None:
        memory = _memory(function)
        used = self.used[function]
        taken = ceil(1000 * busy * max(1.0, CORE_MB / memory) + self._waited(function))
        cold = self.prices.assumed["cold_share"]
        used["lambda_requests"] += 1
        used["lambda_gb_seconds"] += memory / 1024 * (taken + cold * self.init_ms) / 1000
        used["log_gb"] += (said.bytes + self.prices.assumed["lambda_log_bytes"]) / units.GB
        told = self.told[function]
        told["invocations"] += 1
        told["busy ms"] += 1000 * busy
        told["billed ms"] += taken
        told["logged bytes"] += said.bytes
        self.metrics |= said.metrics

    def _waited(self, function: str) -> float:
        """Milliseconds that the calls keep the function waiting: where it has several under way, it waits for one."""
        total = 0.0
        for call, count in self._waits.items():
            service, _, operation = call.partition(".")
            pool = self.pools.get((function, operation)) or self.pools.get((function, "")) or 1
            total += self.prices.assumed["waits"][service] * ceil(count / pool)
        return total

    def polled(self, function: str, records: Sequence[Mapping[str, Any]]) -> None:
        """What Lambda itself asks of SQS to bring messages: a receive for up to ten or 64 KB, a delete for up to ten.

        What comes to feedback was published to SNS and put into its queue.
        """
        bodies = [len(each["body"].encode()) for each in records if each.get("eventSource") == "aws:sqs"]
        if bodies:
            tens = ceil(len(bodies) / 10)
            self.used[function]["sqs_requests"] += max(tens, units.sqs_requests(sum(bodies))) + tens
        if function == "TakeFeedback":
            self.used[function]["sns_publishes"] += len(bodies)
            self.used[function]["sqs_requests"] += len(bodies)

    def about_to_call(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """botocore's `provide-client-params`: what a call asks for, before it is turned into bytes."""
        if not self._function:
            return
        service = model.service_model.service_name
        self._waits[f"{service}.{model.name}"] += 1
        self.told[self._function][model.name] += 1
        used = self.used[self._function]
        started = time.thread_time()
        self._asked = params
        if service == "dynamodb" and model.name in _WRITES:
            self._before = [(table, key, stored(table, key)) for table, key in _touched(model.name, params)]
        elif service == "sqs":
            used["sqs_requests"] += units.sqs_requests(_bodies(params))
        elif service == "firehose":
            billed = units.firehose_bytes(len(each["Data"]) for each in params["Records"])
            used["firehose_gb"] += billed / units.GB
            self.told[self._function]["lake bytes"] += sum(len(each["Data"]) for each in params["Records"])
        elif service == "sesv2":
            used["ses_emails"] += 1
        elif service == "sns":
            used["sns_publishes"] += 1
        elif service == "s3":
            used["s3_puts" if model.name.startswith(("Put", "List", "Copy")) else "s3_gets"] += 1
        self._elsewhere += time.thread_time() - started

    def answered(self, parsed: Any, model: Any, **_: Any) -> None:
        """botocore's `after-call`: what came back."""
        if not self._function or model.service_model.service_name != "dynamodb":
            return
        started = time.thread_time()
        used = self.used[self._function]
        if model.name in _WRITES:
            whole = model.name == "TransactWriteItems"
            for table, key, before in self._before:
                billed = units.write_units(before, stored(table, key), transaction=whole)
                used["write_units"] += billed
                self.told[self._function][f"units {table.split('-')[-1]}"] += billed
        else:
            used["read_units"] += _read(model.name, self._asked, parsed)
        self._elsewhere += time.thread_time() - started

    def about_to_send(self, **_: Any) -> None:
        """botocore's `before-send`, first of all: moto's turn begins, whose time is not ours."""
        self._sent = time.thread_time()

    def was_sent(self, **_: Any) -> None:
        """botocore's `before-send`, last of all: moto has answered."""
        self._elsewhere += time.thread_time() - self._sent


@contextlib.contextmanager
def metering(prices: Prices, init_ms: float = 0.0) -> Iterator[Meter]:
    """While inside, the running stack's functions work under a meter."""
    from chalicelib import wiring

    meter, invoke = Meter(prices, _pools(), init_ms), Function.invoke

    def watched(function: Function, event: dict[str, Any]) -> Any:
        meter.polled(function.resource, event.get("Records", ()))
        with meter.inside(function.resource):
            return invoke(function, event)

    clients = [(service, wiring.client(service).meta.events) for service in SERVICES]
    for service, events in clients:
        events.register(f"provide-client-params.{service}", meter.about_to_call)
        events.register(f"after-call.{service}", meter.answered)
        events.register_first("before-send", meter.about_to_send)
        events.register_last("before-send", meter.was_sent)
    try:
        with replaced(Function, invoke=watched):
            yield meter
    finally:
        for service, events in clients:
            events.unregister(f"provide-client-params.{service}", meter.about_to_call)
            events.unregister(f"after-call.{service}", meter.answered)
            events.unregister("before-send", meter.about_to_send)
            events.unregister("before-send", meter.was_sent)


def _pools() -> dict[tuple[str, str], int]:
    """How many calls of a function are under way at once as deployed, by operation, or "" for all of its calls."""
    return {
        ("IngestEvents", "PutItem"): deployed().commit_pool,
        ("SendDeliveries", ""): deployed().send_pool,
    }


def deployed() -> settings.Settings:
    """The settings as they are where no environment says otherwise."""
    with without(*(name for name in os.environ if name.startswith("TOPEKA_"))):
        return settings.load.__wrapped__()


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """While inside, these are not in the environment."""
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _memory(function: str) -> int:
    return int(_template()["Resources"][function]["Properties"]["MemorySize"])


def _touched(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and key of every item that a call writes, or whose condition it asks."""
    if operation == "BatchWriteItem":
        for table, wanted in params["RequestItems"].items():
            for each in wanted:
                put = each.get("PutRequest")
                yield table, key_of(table, put["Item"]) if put else dict(each["DeleteRequest"]["Key"])
    elif operation == "TransactWriteItems":
        for each in params["TransactItems"]:
            ((_, action),) = each.items()
            yield action["TableName"], key_of(action["TableName"], action.get("Item") or action["Key"])
    else:
        yield params["TableName"], key_of(params["TableName"], params.get("Item") or params["Key"])


def _read(operation: str, asked: Mapping[str, Any], parsed: Mapping[str, Any]) -> float:
    """Read units; a key without an item is billed as the smallest item."""
    if operation == "BatchGetItem":
        ((table, wanted),) = asked["RequestItems"].items()
        found = [units.item_size(item) for item in parsed["Responses"].get(table, ())]
        sizes = found + [0] * (len(wanted["Keys"]) - len(found))
        return sum(units.read_units(size, consistent=bool(wanted.get("ConsistentRead"))) for size in sizes)
    consistent = bool(asked.get("ConsistentRead"))
    if operation == "GetItem":
        return units.read_units(units.item_size(parsed.get("Item") or {}), consistent=consistent)
    return units.query_units(
        (units.item_size(item) for item in parsed.get("Items", ())), consistent=consistent
    )


def _bodies(params: Mapping[str, Any]) -> int:
    entries = params.get("Entries")
    return (
        sum(len(each["MessageBody"].encode()) for each in entries)
        if entries
        else len(str(params.get("MessageBody", "")).encode())
    )
