"""Secrets Manager: the workspace secret with the one before it, and the key of the doors."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import asking
from chalicelib.domain.keys import Secrets


def read_secrets(client: Any, workspace: str, door: str) -> Secrets:
    """The secrets by the names (or ARNs) of the workspace's and the door key's.

    A secret's value is the plain text itself. Rotating the workspace's is putting a new value: Secrets
    Manager then stages the one before as AWSPREVIOUS, and both are accepted.
    """
    with asking("secretsmanager"):
        current = client.get_secret_value(SecretId=workspace)["SecretString"]
        key = client.get_secret_value(SecretId=door)["SecretString"]
    return Secrets(current.encode(), key.encode(), _previous(client, workspace))


def _previous(client: Any, workspace: str) -> bytes | None:
    with asking("secretsmanager"):
        try:
            answer = client.get_secret_value(SecretId=workspace, VersionStage="AWSPREVIOUS")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
    previous: str = answer["SecretString"]
    return previous.encode()
