"""Every minute: a job for each minute of the agenda, and each of its shards, that is about to be due; one to learn.

Once a day, a job that makes the file of yesterday's letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.letters import file_due
from chalicelib.domain.timers import HORIZON, MINUTE
from chalicelib.services.ports import Agenda, Clock, JobQueue

#: How far back the first tick ever looks, and how many minutes one tick hands out after an outage.
FIRST = 60 * MINUTE
MOST = 240
LEARN = {"kind": "learn"}


@dataclass(frozen=True, slots=True)
class HandOutAgenda:
    """Keeps a cursor, the last minute handed out. That is always one ahead, so that nothing rings late."""

    agenda: Agenda
    jobs: JobQueue
    clock: Clock
    shards: int

    def __call__(self) -> int:
        """Hand out what has become due since the last tick; how many jobs of the agenda that made.

        The jobs go first, then the cursor moves, if nobody moved it:

            tick A   cursor 9:00  jobs 9:01 .......... advance 9:00 -> 9:01
            tick B         cursor 9:00  jobs 9:01 ..................... advance refused

        So a tick that dies in between, or two at once, hand a minute out twice, which is harmless: an entry is
        removed once it was sent, and what it sends is checked against the row or the profile; learning twice is
        learning once.

        Where nothing is, nobody is sent to look: in most minutes of a year that is everywhere. What is due sooner
        than in a quarter of an hour is never put into the agenda (`put_off.py`), so nothing comes there any more.
        """
        now = self.clock()
        cursor = self.agenda.cursor()
        start = self._start(cursor, now)
        end = min(now // MINUTE * MINUTE + MINUTE, start + (MOST - 1) * MINUTE)
        minutes = range(start, end + 1, MINUTE)
        jobs = [
            {"kind": "ring", "minute": minute, "shard": shard, "cursor": ""}
            for minute in minutes
            for shard in range(self.shards)
            if self.agenda.holds(minute, shard)
        ]
        if minutes:
            self.jobs.send([*jobs, LEARN, *_files(minutes)])
            self.agenda.advance(cursor, end)
        return len(jobs)

    def _start(self, cursor: int, now: int) -> int:
        """The first minute to hand out. A cursor far ahead of the clock means that the clock was set back."""
        if cursor == 0 or cursor > now + HORIZON:
            return now // MINUTE * MINUTE - FIRST
        return cursor + MINUTE


def _files(minutes: Iterable[int]) -> list[dict[str, Any]]:
    """The jobs for days whose file is due in one of the minutes: handed out twice, they make one file."""
    days = [day for minute in minutes if (day := file_due(minute))]
    return [{"kind": "mail_file", "day": day} for day in days]
