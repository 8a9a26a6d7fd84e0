"""A pass over the lake: all files, a few at a time, for all who were erased."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain.erasure import Gone
from chalicelib.domain.errors import Conflict
from chalicelib.domain.lake_lines import first_job
from chalicelib.services import rewrite_lake
from chalicelib.services.rewrite_lake import RewriteLake
from tests.fakes import FakeJobQueue, FakeLakeFiles, FakeStops


class Lake:
    """A lake in which every file tells of Ann, who was erased at 100, and of Bob."""

    def __init__(self, files: int = 3) -> None:
        self.stops, self.files, self.jobs = FakeStops(), FakeLakeFiles(), FakeJobQueue()
        self.rewrite = RewriteLake(self.stops, self.files, self.jobs)
        self.stops.add("p_ann", "erased", 100)
        for number in range(files):
            self.files.put(f"lake/{number:04}", line("p_ann", 50) + line("p_bob", 60))

    def run(self) -> int:
        """A pass to its end; how many jobs it took."""
        jobs, done = [first_job()], 0
        while jobs:
            self.rewrite(jobs.pop())
            done += 1
            jobs, self.jobs.jobs = [*jobs, *self.jobs.jobs], []
        return done

    @property
    def told(self) -> set[str]:
        """Who is told of anywhere."""
        lines = b"".join(self.files.files.values()).splitlines()
        return {msgspec.json.decode(one)["profile"] for one in lines}


def line(profile: str, at: int, **more: Any) -> bytes:
    return (
        msgspec.json.encode({"kind": "event", "profile": profile, "timestamp": at, "receivedAt": at, **more})
        + b"\n"
    )


def test_nobody_erased_is_told_of_any_more() -> None:
    lake = Lake()
    assert lake.run() == 1
    assert lake.told == {"p_bob"} and len(lake.files.files) == 3


def test_who_came_to_the_home_afterwards_stays() -> None:
    lake = Lake()
    lake.files.put("lake/later", line("p_ann", 101))
    lake.run()
    assert lake.files.files["lake/later"] == line("p_ann", 101)


def test_files_without_anybody_erased_are_only_read() -> None:
    lake = Lake(files=0)
    lake.files.put("lake/1", line("p_bob", 5))
    lake.run()
    assert lake.files.calls["replace"] == 0


def test_a_file_with_nobody_else_is_removed() -> None:
    lake = Lake(files=0)
    lake.files.put("lake/1", line("p_ann", 5))
    lake.run()
    assert lake.files.files == {}


def test_a_door_that_was_vacated_takes_nobodys_history() -> None:
    """What is stored under a device's home may be that of its owner before."""
    lake = Lake()
    lake.stops.add(*Gone("p_bob", 100, history=False).stop)
    lake.run()
    assert lake.told == {"p_bob"}


def test_a_large_lake_goes_on_in_jobs_of_their_own() -> None:
    lake = Lake(files=2 * rewrite_lake.FILES + 1)
    assert lake.run() == 3
    assert lake.told == {"p_bob"}


def test_large_files_are_few_in_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite_lake, "BYTES", 100)
    lake = Lake(files=5)
    assert lake.run() == 5
    assert lake.told == {"p_bob"}


def test_very_many_erasures_are_taken_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite_lake, "PAGES", 1)
    lake = Lake(files=2 * rewrite_lake.FILES)
    for number in range(5_001):
        lake.stops.add(f"p_{number:05}", "erased", 100)
    lake.files.put("lake/last", line("p_05000", 5) + line("p_00001", 5) + line("p_bob", 5))
    assert lake.run() == 2 * 3
    assert lake.told == {"p_bob"}


def test_a_workspace_where_nobody_was_erased_reads_no_file() -> None:
    lake = Lake()
    lake.stops.stopped.clear()
    assert lake.run() == 1
    assert lake.files.calls["page"] == 0


def test_again_is_harmless() -> None:
    lake = Lake()
    lake.run()
    before = dict(lake.files.files)
    lake.run()
    assert lake.files.files == before


def test_a_file_that_cannot_be_unpacked_is_set_aside_as_a_job_and_the_rest_is_done() -> None:
    lake = Lake()
    lake.files.broken.add("lake/0001")
    lake.rewrite(first_job())
    assert lake.jobs.jobs == [{"kind": "unreadable", "lake_file": "lake/0001"}]
    assert b"p_ann" not in lake.files.files["lake/0000"] + lake.files.files["lake/0002"]


def test_two_passes_at_one_file_lose_nobodys_removal() -> None:
    """The second to write finds the file changed, and comes again.

    pass 1 (Ann)   read F: Ann, Bob, Cy ..................... put F: Bob, Cy refused; again: put F: Cy
    pass 2 (Bob)            read F: Ann, Bob, Cy ... put F: Cy
    """
    lake = Lake(files=0)
    lake.files.put("lake/1", line("p_ann", 5) + line("p_bob", 5) + line("p_cy", 5))
    read = lake.files.read

    def slowly(key: str) -> Any:
        found = read(key)
        lake.files.read = read  # type: ignore[method-assign]
        lake.stops.add("p_bob", "erased", 100)
        RewriteLake(lake.stops, lake.files, lake.jobs)(first_job())
        return found

    lake.files.read = slowly  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        lake.rewrite(first_job())
    lake.run()
    assert lake.told == {"p_cy"}
