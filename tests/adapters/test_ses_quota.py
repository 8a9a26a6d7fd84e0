"""SES's own word on how fast the account may send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.adapters.ses_quota import SesQuota


def test_moto_which_knows_no_quota_tells_none(aws: Callable[[str], Any]) -> None:
    assert SesQuota(aws("sesv2"))() is None


@pytest.fixture
def ses() -> Iterator[tuple[Any, Stubber]]:
    """A client that checks answers against botocore's own model of SES v2."""
    client = boto3.client("sesv2", "us-east-2", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stub:
        yield client, stub


def test_the_rate_is_the_accounts(ses: tuple[Any, Stubber]) -> None:
    quota = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 3.0}
    ses[1].add_response("get_account", {"SendQuota": quota, "SendingEnabled": True})
    assert SesQuota(ses[0])() == 14.0


def test_an_account_without_a_quota_tells_none(ses: tuple[Any, Stubber]) -> None:
    ses[1].add_response("get_account", {"SendingEnabled": True})
    assert SesQuota(ses[0])() is None


@pytest.mark.parametrize("code", ["TooManyRequestsException", "AccessDeniedException", "NotFound"])
def test_who_may_not_or_cannot_ask_is_told_none(ses: tuple[Any, Stubber], code: str) -> None:
    ses[1].add_client_error("get_account", code)
    assert SesQuota(ses[0])() is None
