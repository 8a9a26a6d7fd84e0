"""The feedback queue: notifications of SES and SNS in SNS's envelope, and customers' SMS."""

from __future__ import annotations

from typing import Any

import msgspec
from chalice.app import Blueprint, SQSEvent

from chalicelib import wiring
from chalicelib.entrypoints.batches import Failures, Record, count, flush_metrics, logger, one_by_one

blueprint = Blueprint(__name__)

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@blueprint.on_sqs_message(queue_arn="arn:aws:sqs:::feedback")
def take_feedback(event: SQSEvent) -> Failures:
    """Take each notification; those that must come again are named."""
    failed = one_by_one(event.to_dict()["Records"], _take)
    flush_metrics()
    return failed


def _take(record: Record) -> None:
    for taken in wiring.take_feedback()(_payload(record["body"])):
        logger.info("feedback-taken", outcome=taken.outcome, delivery=taken.delivery)
        count("FeedbackTaken")
        if taken.machine:
            count("MachineLooks")


def _payload(body: str) -> dict[str, Any]:
    """The notification, out of SNS's envelope. What isn't JSON (SES tests a new topic so) is nothing."""
    outer = _decode(body)
    message = outer.get("Message")
    if outer.get("Type") != "Notification" or not isinstance(message, str):
        return outer
    try:
        return _decode(message)
    except msgspec.DecodeError:
        return {}
