"""Letters in S3, and the job that makes a day's letters one file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import mail_s3
from chalicelib.adapters.mail_s3 import S3Mail
from chalicelib.domain.errors import NotTaken, Unavailable
from chalicelib.domain.instants import from_text
from chalicelib.domain.letters import deliveries_in
from chalicelib.domain.stored import Outgoing
from chalicelib.services.join_mail import JoinMail
from tests.fakes import FakeClock

DAY = "2026-07-01"
JOB = {"kind": "mail_file", "day": DAY}
_buckets = itertools.count(1)


class Stage:
    """A bucket with the letters of a day."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.bucket = s3, f"letters-{next(_buckets)}"
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
        self.clock = FakeClock(from_text(f"{DAY}T12:00:00Z"))
        self.mail = S3Mail(s3, self.bucket, self.clock)
        self.join = JoinMail(self.mail)

    def send(self, *deliveries: str) -> None:
        for delivery in deliveries:
            to = json.dumps({"name": "Ann", "street": "1 Elm St"})
            self.mail.send(Outgoing(delivery, "card", to, "Shop", channel="mail", content={"text": "Grüße"}))

    def keys(self) -> list[str]:
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())]

    def file(self, day: str = DAY) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=f"mail/{day}.csv")["Body"].read())


@pytest.fixture
def stage(aws: Callable[[str], Any]) -> Stage:
    return Stage(aws("s3"))


def test_a_letter_is_one_object_however_often_it_is_sent(stage: Stage) -> None:
    stage.send("m_1", "m_2", "m_1")
    assert stage.keys() == [f"mail/{DAY}/m_1.json", f"mail/{DAY}/m_2.json"]


def test_a_days_letters_become_one_file_and_are_removed(stage: Stage) -> None:
    stage.send("m_1", "m_2")
    assert stage.join(JOB) == 2
    assert stage.keys() == [f"mail/{DAY}.csv"]
    assert stage.file().decode().splitlines()[1] == "m_1,card,Ann,1 Elm St,,,,,Grüße"
    assert deliveries_in(stage.file()) == {"m_1", "m_2"}


def test_a_job_that_is_repeated_changes_nothing(stage: Stage) -> None:
    stage.send("m_1")
    stage.join(JOB)
    file = stage.file()
    assert stage.join(JOB) == 0
    assert (stage.file(), stage.keys()) == (file, [f"mail/{DAY}.csv"])


def test_a_job_that_died_before_removing_is_finished_by_the_next_with_the_same_file(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.send("m_1", "m_2")
    with monkeypatch.context() as patched:
        patched.setattr(stage.mail, "remove", _dies)
        with pytest.raises(Unavailable):
            stage.join(JOB)
    file = stage.file()
    assert stage.join(JOB) == 2
    assert (stage.file(), stage.keys()) == (file, [f"mail/{DAY}.csv"])


def _dies(*_: object) -> None:
    raise Unavailable("s3")


def test_two_jobs_at_once_make_one_file(stage: Stage) -> None:
    """The other has made and emptied everything between our reading and our writing."""
    stage.send("m_1", "m_2")
    letters = stage.mail.letters

    def overtaken(day: str) -> Any:
        found = letters(day)
        stage.mail.letters = letters  # type: ignore[method-assign]
        JoinMail(stage.mail)(JOB)
        return found[:1]

    stage.mail.letters = overtaken  # type: ignore[method-assign]
    stage.join(JOB)
    assert deliveries_in(stage.file()) == {"m_1", "m_2"}
    assert stage.keys() == [f"mail/{DAY}.csv"]


def test_a_letter_that_came_after_its_days_file_goes_into_the_next(stage: Stage) -> None:
    stage.send("m_1")
    stage.join(JOB)
    stage.send("m_2")
    stage.clock.forward(86_400_000)
    assert stage.join(JOB) == 0
    assert stage.join({**JOB, "day": "2026-07-02"}) == 1
    assert (deliveries_in(stage.file()), deliveries_in(stage.file("2026-07-02"))) == ({"m_1"}, {"m_2"})


def test_a_day_without_letters_has_no_file(stage: Stage) -> None:
    assert (stage.join(JOB), stage.keys()) == (0, [])


def test_more_letters_than_one_call_lists_or_removes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_s3, "IN_ONE_CALL", 2)
    stage.send(*(f"m_{number}" for number in range(5)))
    assert stage.join(JOB) == 5
    assert stage.keys() == [f"mail/{DAY}.csv"]


def test_a_letter_that_s3_refuses_is_not_taken(stage: Stage) -> None:
    class Refusing:
        def put_object(self, **_: Any) -> None:
            error: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(error, "PutObject")

    client: Any = Refusing()
    stage.mail = S3Mail(client, "bucket", stage.clock)
    with pytest.raises(NotTaken):
        stage.send("m_1")
