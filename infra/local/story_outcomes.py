"""What became of every customer of the story, read from the running system; nothing here looks at the input.

An outcome is named by a row of the table: offered on a channel, held, or left alone for a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from infra.local.story_client import Client

#: The columns: the two moments of the playbook, and its placement.
RAIN, SUN, PAGE = "rain", "sun", "page"

#: The rows, in the table's order.
ROWS = {
    "sms": "offered by SMS",
    "email": "offered by e-mail",
    "web": "offered on the home page",
    "again": "shown the offer they have",
    "brand": "shown a brand story instead",
    "held": "night: held until morning",
    "quiet": "night: over by morning",
    "not-for-them": "already has one",
    "no-permission": "no permission",
    "no-address": "no address: nameless visitor",
    "holdout": "in the holdout",
    "cap": "over the cap",
    "below-silence": "nothing worth saying",
}
#: How far a message got before it was ruled out; of several, the furthest is told.
_STAGES = (
    "no-address", "no-permission", "stopped", "switched-off", "not-yet-valid", "expired", "not-for-them",
    "holdout", "paused", "suppressed", "cap", "quiet", "below-silence", "no-content", "template-failed", "outscored",
)  # fmt: skip

Table = dict[tuple[str, str], int]
"""How many customers, by (row, column)."""


@dataclass(slots=True)
class Case:
    """One customer as the system tells: the profile before the moments and in the end, and what was decided.

    `decided` are the records of the decisions, by column; `explained` says why, in words, where it was asked;
    `shown` is the answer on the home page; `timeline` is newest first.
    """

    address: str
    before: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)
    decided: dict[str, dict[str, Any]] = field(default_factory=dict)
    explained: dict[str, str] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    timeline: list[dict[str, Any]] = field(default_factory=list)

    @property
    def contacts(self) -> dict[str, dict[str, Any]]:
        """What the customer was given, by delivery id."""
        return {contact["delivery"]: contact for contact in self.after.get("contacts", ())}

    def choice(self, column: str) -> dict[str, Any]:
        """What was chosen, {} for nothing."""
        return next(iter(self.decided.get(column, {}).get("choices", ())), {})

    def contact(self, column: str) -> dict[str, Any]:
        """What became of what was chosen, {} for nothing."""
        return self.contacts.get(self.choice(column).get("delivery", ""), {})

    def words(self, column: str) -> str:
        """Why, in words, as far as it was asked; what is held tells its own morning."""
        held_until = self.choice(column).get("heldUntil")
        if not held_until:
            return self.explained.get(column, "")
        zone = self.decided[column]["facts"]["zone"]
        return f"held until {datetime.fromisoformat(held_until).astimezone(ZoneInfo(zone)):%H:%M} in {zone}"


def read_decided(client: Client, case: Case) -> None:
    """The records of what was decided."""
    told = client.operate("GET", f"/v1/profiles/{case.address}/decisions")
    for record in told["decisions"]:
        column = PAGE if record.get("placement") else record["moment"]
        case.decided.setdefault(column, record)


def explain(client: Client, case: Case, column: str, event: Mapping[str, Any]) -> None:
    """Why nothing was said, in words: a rehearsal of the same moment gives them."""
    if not case.choice(column):
        body = {"identifier": case.address, "moment": {"event": event}}
        messages = client.operate("POST", "/v1/simulate", body)["explain"]["messages"]
        case.explained[column] = next((one["words"] for one in messages if one.get("words")), "")


def examples(cases: list[Case], column: str, many: int = 3) -> list[Case]:
    """The first few of each row, to be explained."""
    seen: Counter[str] = Counter()
    found = []
    for case in cases:
        row = outcome(case, column)
        seen[row] += 1
        if row and seen[row] <= many:
            found.append(case)
    return found


def outcome(case: Case, column: str) -> str:
    """The row of the table, "" where nothing was decided."""
    if column == PAGE:
        return _on_the_page(case)
    record = case.decided.get(column)
    if record is None:
        return ""
    choice = case.choice(column)
    if choice:
        return "held" if choice.get("heldUntil") else str(choice["channel"])
    return _furthest(record)


def table_of(cases: list[Case]) -> Table:
    """The numbers of the table."""
    return dict(Counter(_cells(cases)))


def _cells(cases: list[Case]) -> Iterator[tuple[str, str]]:
    for case in cases:
        for column in (RAIN, SUN, PAGE):
            row = outcome(case, column)
            if row:
                yield row, column


def _on_the_page(case: Case) -> str:
    if not case.shown:
        return ""
    earlier = {choice["decision"] for column in (RAIN, SUN) if (choice := case.choice(column))}
    if case.shown["decision"] in earlier:
        return "again"
    names = {"offer": "web", "brand": "brand"}
    return names.get(case.shown["outcome"]) or _furthest(case.decided.get(PAGE, {}))


def _furthest(record: Mapping[str, Any]) -> str:
    reasons = record.get("reasons", {})
    return max(reasons, key=_STAGES.index, default="nothing")


def chosen(cases: list[Case]) -> list[tuple[Case, str]]:
    """Three to tell in full: one who took an offer, one held for the night, one who has one already."""
    wishes = ((("sms", "email"), "converted"), (("held",), "dropped"), (("not-for-them",), ""))
    found = (_best(cases, rows, wish) for rows, wish in wishes)
    return [one for one in found if one]


def _best(cases: list[Case], rows: tuple[str, ...], wish: str) -> tuple[Case, str] | None:
    """The first of those who fared as wished and came with most devices."""
    having = [(case, column) for case in cases for column in (RAIN, SUN) if outcome(case, column) in rows]

    def liking(one: tuple[Case, str]) -> tuple[bool, int]:
        case, column = one
        return (case.contact(column).get("outcome", "") == wish, devices_of(case.before))

    return max(having, key=liking, default=None)


def devices_of(profile: Mapping[str, Any]) -> int:
    """How many browsers and phones lead to the profile."""
    return sum(one["kind"] == "anonymous" for one in profile["identifiers"])
