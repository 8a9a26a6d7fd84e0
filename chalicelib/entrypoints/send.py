"""The deliveries queue: messages that are due, and our own question to confirm a topic."""

from __future__ import annotations

from chalice.app import Blueprint, SQSEvent

from chalicelib import settings, wiring
from chalicelib.domain.confirming import ASK_TO_CONFIRM
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
    failed = one_by_one(event.to_dict()["Records"], _send, settings.load().send_pool)
    flush_metrics()
    return failed


def _send(record: Record) -> None:
    job = job_of(record["body"])
    if job.get("kind") == ASK_TO_CONFIRM:
        outcome = wiring.ask_to_confirm()(job)
        logger.info("confirmation-handled", outcome=outcome)
        count(f"Confirmations-{outcome}")
        return
    sent = wiring.send_delivery()(job)
    logger.info("delivery-handled", delivery=sent.delivery, outcome=sent.outcome, reason=sent.reason)
    count(f"Deliveries-{sent.outcome}")
    if sent.reason == "breaker":
        count("BreakerOpen")
    if sent.reason == "template-failed":
        tell_failed([sent.message])
