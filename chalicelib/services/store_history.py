"""Storing what happened before it is committed: whatever a profile has folded is in its timeline.

A commit that loses its race is worked out again, and what it had stored with one customer may be another's by then.
So what one worker stores is marked as its own, and it takes back what did not come to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from chalicelib.domain.events import LINK_REFUSED, Event
from chalicelib.services.ports import Lake, Timeline
from chalicelib.services.work_circle import Place, Round

Entry = tuple[Place, Sequence[Event]]
"""Events that one call stores, and where."""


@dataclass(frozen=True, slots=True)
class StoreHistory:
    """Timeline and lake, for one batch of one worker; `mark` is never used twice."""

    timeline: Timeline
    lake: Lake
    mark: str

    def __call__(self, rounds: Iterable[Round]) -> None:
        """Timeline and lake, once for all rounds: whatever is committed afterwards is already there."""
        entries = [(place, events) for one in rounds for place, events in one.entries.items() if events]
        if not entries:
            return
        self.timeline.append([(timeline, events) for (timeline, _), events in entries], self.mark)
        self.lake.put(
            "event", [event_line(profile, event) for (_, profile), events in entries for event in events]
        )

    def again(self, one: Round, stored: Sequence[Entry]) -> list[Entry]:
        """Store what a pass made of events that the one before has stored, and lost the race to commit.

        What now belongs elsewhere is taken back, so that no timeline tells what its customer did not do:

            worker A   e: Ana's door, stores e with Ana ......... put Ana: conflict; e: Ben's door
            worker B                        Ben's login: the door is his

        Returns all that is stored by now.
        """
        kept = [
            (
                place,
                self._keep(place, events, [event for event in events if not _is_obsolete(event, place, one)]),
            )
            for place, events in stored
        ]
        fresh = _only_new(one, kept)
        self([fresh])
        return [*kept, *fresh.entries.items()]

    def take_back(self, stored: Sequence[Entry], told: Mapping[str, Sequence[str]]) -> None:
        """Take back all but what somebody has folded: `told` are the timelines of whoever did, by message id."""
        for place, events in stored:
            self._keep(place, events, [one for one in events if place[0] in told.get(one.message_id, ())])

    def _keep(self, place: Place, stored: Sequence[Event], rest: Sequence[Event]) -> Sequence[Event]:
        """Leave just the rest of what was stored together. The rest first: a death leaves it twice, not never."""
        if len(rest) < len(stored):
            if rest:
                self.timeline.append([(place[0], rest)], self.mark)
            self.timeline.withdraw([(place[0], stored)], self.mark)
        return rest


def _is_obsolete(event: Event, place: Place, one: Round) -> bool:
    """Whether a pass has put elsewhere what an earlier one stored here, or no longer refuses the link it tells of.

    An event that has been folded by then (its commit's answer was lost, or a copy was quicker) stays with who did.
    """
    if event.message_id in {each.message_id for each in one.entries.get(place, ())}:
        return False
    if event.message_id in one.known:
        return place[0] not in one.known[event.message_id]
    about = event.properties.get("event") if event.event == LINK_REFUSED else event.message_id
    elsewhere = (*one.entries.values(), *one.aside.values())
    return any(each.message_id == about for events in elsewhere for each in events)


def _only_new(one: Round, stored: Iterable[Entry]) -> Round:
    """What the timeline has not been given yet."""
    had = {(place, event.message_id) for place, events in stored for event in events}
    entries = {
        place: [event for event in events if (place, event.message_id) not in had]
        for place, events in one.entries.items()
    }
    return Round(one.doors, entries={place: events for place, events in entries.items() if events})


def event_line(profile: str, event: Event) -> Event:
    """An event as the lake keeps it: by its title, with the profile it was folded into."""
    return replace(event, event=event.title, profile=profile)
