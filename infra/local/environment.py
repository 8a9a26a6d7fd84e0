"""The environment the deployed functions would find, for the local stage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.resources import PREFIX, REGION, STAGE, Resources

SECRET = "local-secret"  # noqa: S105 - the contract's fixed secret of the local stack

#: Known before moto starts. Account-id endpoints are off because moto doesn't answer on them.
_AWS = {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled"}


@contextmanager
def aws_environment() -> Iterator[None]:
    """The part that clients read."""
    with _set(_AWS):
        yield


@contextmanager
def function_environment(made: Resources, base_url: str) -> Iterator[None]:
    """The part that settings.py reads.

    One commit and one delivery at a time is fastest on moto. Two shards are enough to show that what is spread is
    found again.
    """
    with _set(
        {
            "TOPEKA_STAGE": STAGE,
            "TOPEKA_PREFIX": PREFIX,
            "TOPEKA_BASE_URL": base_url,
            "TOPEKA_EVENTS_QUEUE": made["EventsQueue"],
            "TOPEKA_DELIVERIES_QUEUE": made["DeliveriesQueue"],
            "TOPEKA_JOBS_QUEUE": made["JobsQueue"],
            "TOPEKA_RELAY_DEAD_QUEUE": made["RelayDeadQueue"],
            "TOPEKA_LAKE_STREAM": f"{PREFIX}-lake",
            "TOPEKA_LAKE_BUCKET": made["Bucket"],
            "TOPEKA_SECRET": SECRET,
            "TOPEKA_CONFIGURATION_SET": PREFIX,
            "TOPEKA_FEEDBACK_TOPIC": made["FeedbackTopic"],
            "TOPEKA_INBOUND_TOPIC": made["InboundTopic"],
            "TOPEKA_SMS": "sns",  # moto has no End User Messaging
            "TOPEKA_PUSH_FIREBASE": made["PushFirebase"],
            "TOPEKA_PUSH_APPLE": made["PushApple"],
            "TOPEKA_COMMIT_POOL": "1",
            "TOPEKA_SEND_POOL": "1",
            "TOPEKA_SHARDS": "2",
            "POWERTOOLS_SERVICE_NAME": "topeka",
            "POWERTOOLS_METRICS_NAMESPACE": "Topeka/local",
            "POWERTOOLS_METRICS_DISABLED": "true",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        }
    ):
        yield


@contextmanager
def _set(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
