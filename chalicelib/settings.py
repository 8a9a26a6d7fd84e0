"""Everything that comes from the environment, read once, as one frozen value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

SMS = ("sns", "end-user-messaging")


@dataclass(frozen=True, slots=True)
class Settings:
    """`commit_pool` is how many commits run at once, `send_pool` how many deliveries.

    `shards` is how many parts an agenda minute or group has.

    `most_events` is how many events a minute one customer may have; more are set aside in the quarantine.

    `email_rate` and `sms_rate` are messages a second, 0 for no limit; SES's own quota goes before the first.

    `secret_id` names the Secrets Manager secret that holds the workspace secret, `door_secret_id` the one that
    holds the doors' key; `secret` is used instead of both where it is set (the local stack). `base_url` is where
    links in messages lead. `sms` says who carries SMS, one of `SMS`. `push_firebase` and `push_apple` are ARNs of SNS
    platform applications; without either nothing is pushed. `webhook_allow` are the `host:port` to which webhooks go
    although they are not on the public internet: none, but for tests and the local stack.
    """

    stage: str
    prefix: str
    base_url: str
    events_queue: str
    deliveries_queue: str
    jobs_queue: str
    relay_dead_queue: str
    lake_stream: str
    lake_bucket: str
    secret: str
    previous_secret: str
    secret_id: str
    door_secret_id: str
    configuration_set: str
    feedback_topic: str
    inbound_topic: str
    sms: str
    sms_configuration_set: str
    email_rate: float
    sms_rate: float
    commit_pool: int
    send_pool: int
    most_events: int
    shards: int
    push_firebase: str
    push_apple: str
    webhook_allow: frozenset[str]
    version: str


@cache
def load() -> Settings:
    """The settings of this process."""
    env = os.environ.get
    stage = env("TOPEKA_STAGE", "local")
    return Settings(
        stage=stage,
        prefix=env("TOPEKA_PREFIX", f"topeka-{stage}"),
        base_url=env("TOPEKA_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        events_queue=env("TOPEKA_EVENTS_QUEUE", ""),
        deliveries_queue=env("TOPEKA_DELIVERIES_QUEUE", ""),
        jobs_queue=env("TOPEKA_JOBS_QUEUE", ""),
        relay_dead_queue=env("TOPEKA_RELAY_DEAD_QUEUE", ""),
        lake_stream=env("TOPEKA_LAKE_STREAM", ""),
        lake_bucket=env("TOPEKA_LAKE_BUCKET", ""),
        secret=env("TOPEKA_SECRET", ""),
        previous_secret=env("TOPEKA_PREVIOUS_SECRET", ""),
        secret_id=env("TOPEKA_SECRET_ID", ""),
        door_secret_id=env("TOPEKA_DOOR_SECRET_ID", ""),
        configuration_set=env("TOPEKA_CONFIGURATION_SET", ""),
        feedback_topic=env("TOPEKA_FEEDBACK_TOPIC", ""),
        inbound_topic=env("TOPEKA_INBOUND_TOPIC", ""),
        sms=_one_of(SMS, "TOPEKA_SMS"),
        sms_configuration_set=env("TOPEKA_SMS_CONFIGURATION_SET", ""),
        email_rate=float(env("TOPEKA_EMAIL_RATE") or 0),
        sms_rate=float(env("TOPEKA_SMS_RATE") or 0),
        commit_pool=int(env("TOPEKA_COMMIT_POOL", "8")),
        send_pool=int(env("TOPEKA_SEND_POOL", "5")),
        most_events=int(env("TOPEKA_MOST_EVENTS", "5000")),
        shards=int(env("TOPEKA_SHARDS", "4")),
        push_firebase=env("TOPEKA_PUSH_FIREBASE", ""),
        push_apple=env("TOPEKA_PUSH_APPLE", ""),
        webhook_allow=frozenset(filter(None, env("TOPEKA_WEBHOOK_ALLOW", "").split(","))),
        version="0.1.0",
    )


def _one_of(choices: tuple[str, ...], name: str) -> str:
    """One of the choices, the first where nothing is set. Raises `ValueError` for anything else."""
    value = os.environ.get(name) or choices[0]
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; set one of {', '.join(choices)}.")
    return value
