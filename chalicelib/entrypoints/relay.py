"""The stream of `profiles`: what each commit decided is carried out."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib import wiring
from chalicelib.domain.stored import Commit
from chalicelib.entrypoints.batches import Failures, Record, count, failures, flush_metrics, logger

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(stream_arn="arn:aws:dynamodb:::profiles")
def relay_outbox(event: DynamoDBEvent) -> Failures:
    """Relay a batch of one shard; the stream goes on from the record that is named, if one is."""
    commits = [commit for record in event.to_dict()["Records"] if (commit := _commit(record)) is not None]
    relayed = wiring.relay_effects()(commits)
    for id, error in relayed.dead:
        logger.error("effect-set-aside", id=id, error=error)
    count("EffectsRelayed", relayed.done)
    count("EffectsSetAside", len(relayed.dead))
    if relayed.failed:
        logger.warning("relay-comes-again", sequence=relayed.failed)
    flush_metrics()
    return failures([relayed.failed] if relayed.failed else [])


def _commit(record: Record) -> Commit | None:
    """The commit in a stream record, None if it decided nothing; its time comes in seconds."""
    stream: dict[str, Any] = record["dynamodb"]
    image = stream.get("NewImage", {})
    if "outbox" not in image:
        return None
    at = int(float(stream.get("ApproximateCreationDateTime", 0)) * 1000)
    try:
        return Commit(stream["SequenceNumber"], at, wiring.outbox_of(image)[2])
    except ValueError:
        return Commit(stream["SequenceNumber"], at, (), unreadable=str(image["outbox"]["B"]))
