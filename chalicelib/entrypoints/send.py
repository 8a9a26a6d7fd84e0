"""The deliveries queue: messages that are due."""

from __future__ import annotations

from chalice.app import Blueprint, SQSEvent

from chalicelib import wiring
from chalicelib.domain.envelope import job_of
from chalicelib.entrypoints.batches import (
    Failures,
    Record,
    count,
    flush_metrics,
    logger,
    one_by_one,
    tell_failed,
)

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue_arn="arn:aws:sqs:::deliveries")
def send_deliveries(event: SQSEvent) -> Failures:
    """Send, hold or drop each delivery; those that must come again are named."""
    failed = one_by_one(event.to_dict()["Records"], _send)
    flush_metrics()
    return failed


def _send(record: Record) -> None:
    sent = wiring.send_delivery()(job_of(record["body"]))
    logger.info("delivery-handled", delivery=sent.delivery, outcome=sent.outcome, reason=sent.reason)
    count(f"Deliveries-{sent.outcome}")
    if sent.reason == "breaker":
        count("BreakerOpen")
    if sent.reason == "template-failed":
        tell_failed([sent.message])
