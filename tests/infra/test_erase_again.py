"""The operator's command puts one job in the stage's queue."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib import settings, wiring
from infra import account, erase_again


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("TOPEKA_STAGE", "TOPEKA_JOBS_QUEUE"):
        monkeypatch.setitem(os.environ, name, "")
    for name, value in {
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    _forget()
    with mock_aws():
        yield boto3.client("sqs")
    _forget()


def _forget() -> None:
    caches: tuple[Any, ...] = (settings.load, wiring.client, wiring.job_queue)
    for cached in caches:
        cached.cache_clear()


def test_the_walk_begins_with_a_job(sqs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    url = sqs.create_queue(QueueName="topeka-dev-jobs")["QueueUrl"]
    assert erase_again.main(["--stage", "dev"]) is None
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"kind": "erase_again", "cursor": ""}
    assert "dev" in capsys.readouterr().out


def test_a_stage_that_is_not_there_is_said(sqs: Any) -> None:
    told = erase_again.main(["--stage", "dev"])
    assert told is not None and "Is the stage deployed" in told


@pytest.mark.parametrize("stage", ["", "Dev", "a_b"])
def test_a_stage_without_a_sound_name_is_refused(sqs: Any, stage: str) -> None:
    assert erase_again.main(["--stage", stage]) == account.missing(stage, None)
