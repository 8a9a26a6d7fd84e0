"""Records of a batch, one after another: what fails is reported by itself, so its neighbours are done.

Also the one set-up of logs and metrics for handlers. A log line is a static name with ids as fields; never a
payload, an address or a trait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import settings
from chalicelib.domain.errors import Retry

Record = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]

#: Without the place in the code: each line has a static name that is found there.
logger = Logger(service="topeka", location=None)
_counting = threading.RLock()


@cache
def metrics() -> Metrics:
    """What is counted, in the namespace of the stage."""
    return Metrics(service="topeka", namespace=f"Topeka/{settings.load().stage}")


def one_by_one(records: Iterable[Record], handle: Callable[[Record], None], pool: int = 1) -> Failures:
    """Handle each message of a queue; the answer names those that must come again (SQS partial responses).

    `pool` of them at once: what waits for others most of its time is billed for the wait, which they then share.
    """
    given = list(records)
    if pool > 1 and len(given) > 1:
        with ThreadPoolExecutor(pool) as workers:
            handled = list(workers.map(lambda record: _handled(record, handle), given))
    else:
        handled = [_handled(record, handle) for record in given]
    return failures(record["messageId"] for record, done in zip(given, handled, strict=True) if not done)


def failures(ids: Iterable[str]) -> Failures:
    """The answer that names what must come again."""
    return {"batchItemFailures": [{"itemIdentifier": id} for id in ids]}


def count(name: str, value: int = 1) -> None:
    """Count what happened, under a static name."""
    with _counting:
        metrics().add_metric(name=name, unit=MetricUnit.Count, value=value)


def tell_failed(messages: Collection[str]) -> None:
    """Count messages of the playbook whose template failed for a customer, and name them in the log."""
    for message in messages:
        logger.warning("template-failed", message_name=message)
        count("TemplatesFailed")
    if messages:
        flush_metrics()


def flush_metrics() -> None:
    """Write out what was counted; a handler's last step."""
    with _counting:  # whoever counts meanwhile would be cleared unflushed
        if metrics().metric_set:
            metrics().flush_metrics()
            # Where metrics are disabled a flush keeps them, and prints them all once there are a hundred.
            metrics().clear_metrics()


def _handled(record: Record, handle: Callable[[Record], None]) -> bool:
    try:
        handle(record)
    except Retry as error:
        logger.warning("message-comes-again", message_id=record["messageId"], error=type(error).__name__)
        return False
    except Exception as error:  # noqa: BLE001 - one record's bug must not take its neighbours with it
        logger.error(
            "message-failed", message_id=record["messageId"], error=type(error).__name__, at=_place(error)
        )
        return False
    return True


def _place(error: Exception) -> str:
    """The line an error came from; its text is not logged, since it may hold a customer's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}" if trace else ""
