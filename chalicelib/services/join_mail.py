"""The day's letters made one file, once: the print house finds one line for each contact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.letters import deliveries_in, file_of
from chalicelib.services.ports import Mail


@dataclass(frozen=True, slots=True)
class JoinMail:
    """The file is made only where there is none, and never changed: it may have been fetched.

        job A   reads a, b .... makes the file ......... removes a, b
        job B        reads a, b .......... the file is there: removes a, b

    A letter that is in the day's folder and not in its file came after it (a clock far behind): it goes into today's.
    """

    mail: Mail

    def __call__(self, job: Mapping[str, Any]) -> int:
        """Do `{"kind": "mail_file", "day": "2026-07-01"}`; how many letters its file took in; of none there is none."""
        day = str(job["day"])
        letters = self.mail.letters(day)
        if not letters:
            return 0
        taken = deliveries_in(self.mail.make_file(day, file_of(letters)))
        late = [letter for letter in letters if letter.delivery not in taken]
        self.mail.keep(late)
        self.mail.remove(day, [letter.delivery for letter in letters])
        return len(letters) - len(late)
