"""The feedback queue: notifications of SES and SNS in SNS's envelope, and customers' SMS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import wiring
from chalicelib.domain.errors import Retry
from chalicelib.domain.sns_messages import Forged
from chalicelib.domain.stored import Delivery
from chalicelib.entrypoints.batches import (
    Failures,
    Record,
    count,
    failures,
    flush_metrics,
    logger,
    one_by_one,
)
from chalicelib.services.take_feedback import Taken

blueprint = Blueprint(__name__)

#: What every e-mail brings: its row and its customer's timeline tell of it, a log line would only cost.
_ORDINARY = frozenset({"settled", "Email Delivered"})


@blueprint.on_sqs_message(queue_arn="arn:aws:sqs:::feedback")
def take_feedback(event: SQSEvent) -> Failures:
    """Take each notification, then tell of all together; those that must come again are named."""
    taken: dict[str, tuple[Taken, ...]] = {}
    rows: dict[str, Delivery] = {}

    def take(record: Record) -> None:
        taken[record["messageId"]] = wiring.take_feedback().take(_opened(record["body"]), rows)

    failed = one_by_one(event.to_dict()["Records"], take)
    untold = _tell(taken)
    flush_metrics()
    return {"batchItemFailures": [*failed["batchItemFailures"], *failures(untold)["batchItemFailures"]]}


def _tell(taken: Mapping[str, tuple[Taken, ...]]) -> list[str]:
    """Tell of what was taken, by message; the messages that must come again because the queue refused."""
    try:
        wiring.take_feedback().tell(one for several in taken.values() for one in several)
    except Retry as error:
        logger.warning("feedback-comes-again", error=type(error).__name__)
        return [id for id, several in taken.items() if any(one.event for one in several)]
    for one in (one for several in taken.values() for one in several):
        if one.outcome not in _ORDINARY:
            logger.info("feedback-taken", outcome=one.outcome, delivery=one.delivery)
        count("FeedbackTaken")
        if one.machine:
            count("MachineLooks")
    return []


def _opened(body: str) -> dict[str, Any]:
    """What SNS says. What it did not sign ends as a dead letter, where an operator sees it."""
    try:
        return wiring.open_notice()(body)
    except Forged as error:
        logger.error("feedback-forged", reason=error.reason)
        count("FeedbackForged")
        raise
