"""Secrets over moto's Secrets Manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.secrets import read_secrets
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.keys import Secrets


@pytest.fixture
def manager(aws: Callable[[str], Any]) -> Any:
    client = aws("secretsmanager")
    for name, value in (("workspace", "first"), ("door", "key")):
        client.create_secret(Name=name, SecretString=value)
    yield client
    for name in ("workspace", "door"):
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_at_first_there_is_no_previous(manager: Any) -> None:
    assert read_secrets(manager, "workspace", "door") == Secrets(b"first", b"key", None)


def test_after_rotating_both_are_accepted(manager: Any) -> None:
    manager.put_secret_value(SecretId="workspace", SecretString="second")
    assert read_secrets(manager, "workspace", "door") == Secrets(b"second", b"key", b"first")


def test_a_missing_secret_is_no_secret(manager: Any) -> None:
    with pytest.raises(Unavailable):
        read_secrets(manager, "workspace", "elsewhere")
