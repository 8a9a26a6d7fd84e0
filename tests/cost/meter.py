"""What the real handlers use while they work over moto: calls and their sizes, time, and what they log.

Time is the CPU of this machine less moto's own, stretched where a function has less than a core, and an assumed
wait for every call; Lambda bills it by the millisecond begun, at the memory of `infra/functions.yaml`.
"""

from __future__ import annotations

import contextlib
import io
import logging
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
from infra.local.resources import ACCOUNT, REGION
from tests.cost import units
from tests.cost.prices import Prices, plus

SERVICES = ("dynamodb", "sqs", "firehose", "sesv2", "sns", "s3")
CORE_MB = 1769
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


Tally = defaultdict[str, defaultdict[str, float]]


@dataclass(slots=True)
class Meter:
    """Use by function, while something works inside one, in the price list's units.

    `told` is what explains it: calls by operation, write units by table, milliseconds busy and taken.
    """

    prices: Prices
    pools: Mapping[str, int]
    init_ms: float = 0.0
    used: Tally = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    told: Tally = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
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

    def total(self, but: Collection[str] = ()) -> dict[str, float]:
        """Use by all functions but these."""
        return plus(*(used for function, used in self.used.items() if function not in but))

    @contextlib.contextmanager
    def inside(self, function: str) -> Iterator[None]:
        """While inside, calls and time are one invocation of this function."""
        self._function, self._elsewhere, self._waits = function, 0.0, Counter()
        started = time.thread_time()
        try:
            with _logged() as logged:
                yield
        finally:
            busy = time.thread_time() - started - self._elsewhere
            self._bill(function, busy, logged.bytes)
            self._function = ""

    def _bill(self, function: str, busy: float, logged: int) -> None:
        memory = _memory(function)
        used = self.used[function]
        taken = ceil(1000 * busy * max(1.0, CORE_MB / memory) + self._waited(function))
        cold = self.prices.assumed["cold_share"]
        used["lambda_requests"] += 1
        used["lambda_gb_seconds"] += memory / 1024 * (taken + cold * self.init_ms) / 1000
        used["log_gb"] += (logged + self.prices.assumed["lambda_log_bytes"]) / units.GB
        told = self.told[function]
        told["invocations"] += 1
        told["busy ms"] += 1000 * busy
        told["billed ms"] += taken
        told["logged bytes"] += logged

    def _waited(self, function: str) -> float:
        """Milliseconds that the calls keep the function waiting: where it has several under way, it waits for one."""
        total = 0.0
        for call, count in self._waits.items():
            service, _, operation = call.partition(".")
            commits = (function, operation) == ("IngestEvents", "PutItem")
            pool = (
                self.pools["commits"]
                if commits
                else self.pools["sends"]
                if function == "SendDeliveries"
                else 1
            )
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
            self._before = [(table, key, _stored(table, key)) for table, key in _touched(model.name, params)]
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
                billed = units.write_units(before, _stored(table, key), transaction=whole)
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


@dataclass(slots=True)
class _Logged:
    bytes: int = 0


@contextlib.contextmanager
def _logged() -> Iterator[_Logged]:
    """Counts what a handler logs as deployed: its JSON lines from INFO on, and its metrics."""
    from chalicelib.entrypoints.batches import logger

    told, lines, printed = _Logged(), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    kept, disabled = logger._logger.handlers, logging.root.manager.disable
    logger._logger.handlers = [handler]
    level = logger._logger.level
    logger._logger.setLevel(logging.INFO)
    logging.disable(logging.NOTSET)
    metrics = os.environ.get("POWERTOOLS_METRICS_DISABLED")
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "false"
    try:
        with contextlib.redirect_stdout(printed):
            yield told
    finally:
        logger._logger.handlers = kept
        logger._logger.setLevel(level)
        logging.disable(disabled)
        os.environ["POWERTOOLS_METRICS_DISABLED"] = metrics or "true"
        told.bytes = len(lines.getvalue().encode()) + len(printed.getvalue().encode())


def _pools() -> dict[str, int]:
    """How many commits and deliveries are under way at once as deployed: where no environment says otherwise."""
    local = {
        name: os.environ.pop(name)
        for name in ("TOPEKA_COMMIT_POOL", "TOPEKA_SEND_POOL")
        if name in os.environ
    }
    try:
        deployed = settings.load.__wrapped__()
    finally:
        os.environ.update(local)
    return {"commits": deployed.commit_pool, "sends": deployed.send_pool}


def _memory(function: str) -> int:
    return int(_template()["Resources"][function]["Properties"]["MemorySize"])


def _table(name: str) -> Any:
    from moto.dynamodb.models import dynamodb_backends

    return dynamodb_backends[ACCOUNT][REGION].get_table(name)


def _key_of(table: str, item: Mapping[str, Any]) -> dict[str, Any]:
    names = [each["AttributeName"] for each in _table(table).schema]
    return {name: item[name] for name in names}


def _stored(table: str, key: Mapping[str, Any]) -> int:
    """Bytes of what is stored under a key, 0 for nothing."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    found = _table(table)
    hash_key, *rest = [DynamoType(key[each["AttributeName"]]) for each in found.schema]
    held = found.items.get(hash_key)
    item = held.get(rest[0]) if rest and held is not None else held
    if item is None:
        return 0
    return units.item_size({name: _plain(value.to_json()) for name, value in item.attrs.items()})


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """moto keeps binary as base64."""
    import base64

    if "B" in value:
        held = value["B"]
        return {"B": base64.b64decode(held) if isinstance(held, str) else held}
    return value


def _touched(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and key of every item that a call writes, or whose condition it asks."""
    if operation == "BatchWriteItem":
        for table, wanted in params["RequestItems"].items():
            for each in wanted:
                put = each.get("PutRequest")
                yield table, _key_of(table, put["Item"]) if put else dict(each["DeleteRequest"]["Key"])
    elif operation == "TransactWriteItems":
        for each in params["TransactItems"]:
            ((_, action),) = each.items()
            yield action["TableName"], _key_of(action["TableName"], action.get("Item") or action["Key"])
    else:
        yield params["TableName"], _key_of(params["TableName"], params.get("Item") or params["Key"])


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
