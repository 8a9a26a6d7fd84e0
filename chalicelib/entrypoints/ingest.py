"""The events queue: a batch of messages in, what must come again out."""

from __future__ import annotations

from chalice.app import Blueprint, SQSEvent

from chalicelib import wiring
from chalicelib.domain.envelope import batch_of
from chalicelib.domain.errors import Retry
from chalicelib.domain.events import EventBatch
from chalicelib.entrypoints.batches import Failures, count, failures, flush_metrics, logger

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue_arn="arn:aws:sqs:::events")
def ingest_events(event: SQSEvent) -> Failures:
    """Fold a batch of the events queue; messages that must come again are named one by one."""
    batches: list[EventBatch] = []
    sources: list[str] = []
    failed: list[str] = []
    for record in event.to_dict()["Records"]:
        try:
            batches.append(batch_of(record["body"]))
            sources.append(record["messageId"])
        except ValueError:
            logger.error("events-message-unreadable", message_id=record["messageId"])
            failed.append(record["messageId"])
    failed.extend(_ingest(batches, sources))
    flush_metrics()
    return failures(failed)


def _ingest(batches: list[EventBatch], sources: list[str]) -> list[str]:
    try:
        outcome = wiring.ingest_events()(batches)
    except Retry as error:
        logger.warning("events-batch-comes-again", error=type(error).__name__, messages=len(batches))
        return sources
    counted = {
        "EventsFolded": outcome.folded,
        "EventsRequeued": outcome.requeued,
        "EventsRejected": outcome.rejected,
        "EventsSetAside": outcome.aside,
        "LinksRefused": outcome.refused_links.total(),
        "CommitConflicts": outcome.conflicts,
        "CircleFaults": len(outcome.faults),
    }
    for name, value in counted.items():
        if value:
            count(name, value)
    for reason, value in outcome.refused_links.items():
        count(f"LinksRefused{reason.title().replace('-', '')}", value)
    if outcome.faults:
        logger.error("circle-failed", errors=outcome.faults)
    return [sources[index] for index in sorted(outcome.failed)]
