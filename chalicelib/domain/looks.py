"""An open of an e-mail or a click on a link of a message, as a job to be judged and as the event it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import Event
from chalicelib.domain.stored import Delivery

JUDGE_LOOK = "judge_look"
#: The event of a click, by channel.
CLICKED = {"email": "Email Link Clicked", "sms": "Sms Link Clicked"}
_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a delivery's message at a time (ms): a link by its name, "" for an open."""

    delivery: str
    at: int
    link: str = ""

    @property
    def job(self) -> dict[str, Any]:
        """The look, to be judged once it is known whether it is part of a burst."""
        return {"kind": JUDGE_LOOK, "delivery": self.delivery, "at": self.at, "link": self.link}

    def event(self, row: Delivery, *, machine: bool, now: int) -> Event:
        """What it becomes. Within a minute there is one event of each kind, but one of a machine hides no person's."""
        what = f"click:{self.link}" if self.link else "open"
        by = "machine-" if machine else ""
        link = {"link": self.link} if self.link else {}
        return Event(
            message_id=f"topeka:{by}{what}:{self.delivery}:{self.at // _MINUTE}",
            type="track",
            event=CLICKED[row.body["channel"]] if self.link else "Email Opened",
            timestamp=self.at,
            received_at=max(now, self.at),
            properties={"delivery": self.delivery, **link, **({"machine": True} if machine else {})},
            origin="topeka",
            profile=row.profile,
        )


def look_in(job: Mapping[str, Any]) -> Look:
    """The look of a job. Raises KeyError for another's."""
    return Look(job["delivery"], job["at"], job["link"])
