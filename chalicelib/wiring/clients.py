"""The clock, the clients of AWS, the workspace's secrets: what everything else is made with."""

from __future__ import annotations

import secrets as random_bytes
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib import settings, wiring
from chalicelib.services.ports import Clock

if TYPE_CHECKING:
    from chalicelib.domain.keys import Secrets


def system_clock() -> int:
    """The time of this machine, in ms."""
    return time.time_ns() // 1_000_000


_clock: list[Clock] = [system_clock]
_making = threading.Lock()


def clock() -> int:
    """The current time in ms."""
    return _clock[0]()


def use_clock(replacement: Clock) -> None:
    """Let another clock tell the time (the local stack's can be moved forward)."""
    _clock[0] = replacement


@cache
def client(service: str) -> Any:
    """A boto3 client; parameter validation is off where boto3's own checks cost more than the call."""
    import boto3
    from botocore.config import Config

    once = service in {"sesv2", "sns", "pinpoint-sms-voice-v2"}
    config = Config(
        user_agent=f"topeka/{settings.load().version}",  # a given one is not put together anew for each call
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 1 if once else 3},
        max_pool_connections=32,
        parameter_validation=settings.load().stage == "local",
    )
    with _making:  # boto3's shared session breaks when two threads make their first clients at once
        make: Any = boto3.client  # typed by literal service names
        return make(service, config=config)


@cache
def secrets() -> Secrets:
    """The workspace's secrets: from the environment where set, else from Secrets Manager."""
    from chalicelib.domain.keys import Secrets

    known = settings.load()
    if known.secret:
        previous = known.previous_secret.encode() or None
        return Secrets(known.secret.encode(), known.secret.encode(), previous)
    from chalicelib.adapters.secrets import read_secrets

    return read_secrets(wiring.client("secretsmanager"), known.secret_id, known.door_secret_id)


def nonce() -> str:
    """A value never made before."""
    return random_bytes.token_hex(6)
