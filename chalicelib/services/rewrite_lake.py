"""A pass over the lake: its files are rewritten without the customers who were erased.

Every pass takes every erasure there has been, so one that was missed is made up for by the next. A job reads some
of the erased homes, and some files from where the last one ended; when it is through the files it goes on to further
homes and all files again, so no job grows with the workspace. Files that hold nobody erased are only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.lake_lines import without
from chalicelib.services.ports import JobQueue, LakeFiles, Stops

#: Pages of stops in one job: about 100,000 of them are read in two seconds.
PAGES = 20
#: Files in one job, and bytes of theirs after which it takes no further one: JSON lines are ten times as much when
#: unpacked, and one file alone has up to 64 MB then.
FILES = 50
BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RewriteLake:
    """Carries out `{"kind": "rewrite_lake", "erased", "after"}`: a cursor of stops, and the last file that is done.

    Again is harmless. Of two jobs at one file the later to write finds that it has changed, and is done again.
    """

    stops: Stops
    files: LakeFiles
    jobs: JobQueue

    def __call__(self, job: dict[str, Any]) -> None:
        """Rewrite some files; the rest is a job of its own. Raises `Conflict`."""
        erased, following = self._erased(str(job["erased"]))
        after = self._rewrite(erased, str(job["after"])) if erased else ""
        if after:
            self.jobs.send([{**job, "after": after}])
        elif following:
            self.jobs.send([{**job, "erased": following, "after": ""}])

    def _erased(self, cursor: str) -> tuple[dict[str, int], str]:
        """Homes with the times up to which their history goes, and where the next begin ("" at the end)."""
        erased: dict[str, int] = {}
        for _ in range(PAGES):
            page = self.stops.erased(cursor)
            erased |= {gone.home: gone.at for gone in page.items if gone.history}
            cursor = page.cursor
            if not cursor:
                break
        return erased, cursor

    def _rewrite(self, erased: dict[str, int], after: str) -> str:
        """The last file that is done; "" where it was the last of all."""
        page = self.files.page(after, FILES)
        read = 0
        for key, size in page.items:
            if read and read + size > BYTES:
                return after
            self._rewrite_file(key, erased)
            read, after = read + size, key
        return page.cursor

    def _rewrite_file(self, key: str, erased: dict[str, int]) -> None:
        """A file that nobody can unpack must not stop the pass: as a job that nobody does it is a dead letter."""
        file = self.files.read(key)
        if file is None:
            return
        if file.lines is None:
            self.jobs.send([{"kind": "unreadable", "lake_file": key}])
            return
        kept = without(file.lines, erased)
        if len(kept) < len(file.lines):
            self.files.replace(file, kept)
