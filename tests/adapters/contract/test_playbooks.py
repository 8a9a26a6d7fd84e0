"""What every store of playbooks promises."""

from __future__ import annotations

import random

import pytest

from chalicelib.domain.decision import Switches
from chalicelib.domain.errors import Unavailable
from chalicelib.services.ports import Playbooks
from tests.adapters.contract.conftest import fail_next_write


def test_at_first_nothing_is_live(playbooks: Playbooks) -> None:
    assert playbooks.live() == 0
    assert playbooks.versions() == []


def test_what_is_published_is_live_and_kept(playbooks: Playbooks) -> None:
    assert playbooks.publish("version: 1", b"one", 5) == 1
    assert playbooks.publish("version: 2 \U0001f600", b"two\x00", 6) == 2
    assert playbooks.live() == 2
    assert (playbooks.source(1), playbooks.compiled(1)) == ("version: 1", b"one")
    assert (playbooks.source(2), playbooks.compiled(2)) == ("version: 2 \U0001f600", b"two\x00")


def test_an_older_version_can_be_made_live_again(playbooks: Playbooks) -> None:
    playbooks.publish("one", b"1", 5)
    playbooks.publish("two", b"2", 6)
    playbooks.point(1)
    assert playbooks.live() == 1
    assert playbooks.publish("three", b"3", 7) == 3
    assert playbooks.live() == 3


BIG_SOURCE, BIG = "\U0001f600" * 300_000, random.Random(1).randbytes(1_000_000)
"""Far more than one item of DynamoDB takes, compressed too."""


def test_a_big_version_is_kept_whole(playbooks: Playbooks) -> None:
    playbooks.publish(BIG_SOURCE, BIG, 5)
    assert playbooks.live() == 1
    assert (playbooks.source(1), playbooks.compiled(1)) == (BIG_SOURCE, BIG)
    assert playbooks.versions() == [{"version": 1, "at": 5, "live": True, "filled": 0}]


def test_one_can_go_back_to_a_big_version(playbooks: Playbooks) -> None:
    playbooks.publish("big", BIG, 5)
    playbooks.publish("small", b"small", 6)
    playbooks.publish("other", BIG[::-1], 7)
    playbooks.point(1)
    assert playbooks.live() == 1
    assert [playbooks.compiled(version) for version in (1, 2, 3)] == [BIG, b"small", BIG[::-1]]


def test_a_failed_publication_of_a_big_version_leaves_what_was_live(playbooks: Playbooks) -> None:
    playbooks.publish("one", b"1", 5)
    fail_next_write(playbooks, "publish")
    with pytest.raises(Unavailable):
        playbooks.publish("big", BIG, 6)
    assert (playbooks.live(), len(playbooks.versions())) == (1, 1)
    assert playbooks.publish("big", BIG, 7) == 2
    assert playbooks.compiled(2) == BIG


def test_versions_are_told_newest_first(playbooks: Playbooks) -> None:
    for at in range(12):
        playbooks.publish(f"at {at}", b"", at)
    playbooks.point(11)
    told = playbooks.versions()
    assert [row["version"] for row in told] == list(range(12, 0, -1))
    assert told[:2] == [
        {"version": 12, "at": 11, "live": False, "filled": 0},
        {"version": 11, "at": 10, "live": True, "filled": 0},
    ]


def test_when_profiles_were_filled_is_noted_by_version_and_can_be_taken_back(playbooks: Playbooks) -> None:
    for at in range(12):
        playbooks.publish(f"at {at}", b"", at)
    assert playbooks.filled_at(2) == 0
    for version, at in ((2, 50), (10, 60), (10, 70), (12, -1)):
        playbooks.filled(version, at)
    assert [playbooks.filled_at(one) for one in (1, 2, 10, 12)] == [0, 50, 70, -1]
    noted = {row["version"]: row["filled"] for row in playbooks.versions() if row["filled"]}
    assert noted == {2: 50, 10: 70, 12: -1}
    playbooks.filled(10, 0)
    assert playbooks.filled_at(10) == 0
    assert (playbooks.live(), len(playbooks.versions())) == (12, 12)


@pytest.mark.parametrize("unknown", [0, 2, -1])
def test_a_version_nobody_published_is_not_there(playbooks: Playbooks, unknown: int) -> None:
    playbooks.publish("one", b"1", 5)
    with pytest.raises(KeyError):
        playbooks.source(unknown)
    with pytest.raises(KeyError):
        playbooks.compiled(unknown)
    with pytest.raises(KeyError):
        playbooks.point(unknown)
    assert playbooks.live() == 1


def test_a_failed_publication_leaves_what_was_live(playbooks: Playbooks) -> None:
    playbooks.publish("one", b"1", 5)
    fail_next_write(playbooks, "publish")
    with pytest.raises(Unavailable):
        playbooks.publish("two", b"2", 6)
    assert (playbooks.live(), len(playbooks.versions())) == (1, 1)


def test_switches_are_on_until_turned_off(playbooks: Playbooks) -> None:
    assert playbooks.switches() == Switches()
    off = Switches(sending=False, channels={"sms": False}, messages={"umbrella": False})
    playbooks.set_switches(off)
    playbooks.publish("one", b"1", 5)
    assert playbooks.switches() == off
