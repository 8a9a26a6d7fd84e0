"""Announcing a moment: by place or segment as jobs, one a shard; by identifiers as events at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.errors import BadRequest
from chalicelib.domain.events import EventBatch, is_reserved
from chalicelib.domain.identifiers import parse_identifier
from chalicelib.domain.moments import Announced, Audience, event_for
from chalicelib.domain.segment_calls import BATCH_BYTES, EVENT_BYTES
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, EventQueue, JobQueue

#: Events in one message of the queue, where their facts leave room for as many.
BATCH = 100
#: Bytes of an event besides what its moment says: ids, times, names of fields.
_AROUND = 500
_PLACE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class StartMoment:
    """Whoever announces the same id again starts the same moment: nobody gets it twice."""

    find: FindProfile
    rules: LiveRules
    events: EventQueue
    jobs: JobQueue
    clock: Clock
    new_id: Callable[[], str]
    shards: int

    def __call__(self, name: str, audience: Audience, facts: dict[str, Any], until: int, id: str) -> str:
        """Start it; its id. Raises `BadRequest`."""
        if not name or is_reserved(name):
            raise BadRequest("reserved-event", "Give the moment a name of its own.", "name")
        if len(msgspec.json.encode(facts)) > EVENT_BYTES:
            raise BadRequest(
                "event-too-large", "Keep the facts within 32 KB: they go with each event.", "facts"
            )
        group = self._group(audience)
        moment = Announced(id or self.new_id(), name, self.clock(), until, audience.place or "", facts)
        if moment.is_over(moment.at):
            return moment.id
        if group:
            self._fan_out(group, moment)
        else:
            self._tell(audience.identifiers or (), moment)
        return moment.id

    def _group(self, audience: Audience) -> str:
        """The group it concerns, "" for identifiers."""
        named = [one is not None for one in (audience.place, audience.segment, audience.identifiers)]
        if sum(named) != 1:
            raise BadRequest("invalid-audience", "Set one of `place`, `segment` and `identifiers`.", "place")
        if audience.place is not None and not _PLACE.fullmatch(audience.place):
            raise BadRequest(
                "invalid-place", "Write the place as country-region-city: `us-ks-topeka`.", "place"
            )
        if audience.segment is not None and audience.segment not in self.rules.current().playbook.segments:
            raise BadRequest("unknown-segment", "The playbook has no segment of this name.", "segment")
        if audience.identifiers is not None:
            return ""
        return f"place:{audience.place}" if audience.place else f"segment:{audience.segment}"

    def _fan_out(self, group: str, moment: Announced) -> None:
        body = msgspec.to_builtins(moment)
        self.jobs.send(
            [
                {"kind": "fan_out", "group": group, "shard": shard, "cursor": "", "moment": body}
                for shard in range(self.shards)
            ]
        )

    def _tell(self, identifiers: Sequence[str], moment: Announced) -> None:
        """Whoever nobody is known by is passed over: a moment makes no customer."""
        playbook = self.rules.current().playbook
        known = [one for text in identifiers if (one := parse_identifier(text, playbook)) is not None]
        found = (self.find.by_identifier(one.kind, one.value) for one in known)
        ids = list(dict.fromkeys(profile.id for profile in found if profile is not None))
        send_to(self.events, moment, ids, moment.at)


def send_to(events: EventQueue, moment: Announced, profiles: Sequence[str], now: int) -> None:
    """Queue the moment's event for each of the profiles; a message holds no more than a client's batch."""
    weight = len(msgspec.json.encode(moment)) + _AROUND
    together = max(1, min(BATCH, BATCH_BYTES // weight))
    for start in range(0, len(profiles), together):
        batch = tuple(event_for(moment, profile, now) for profile in profiles[start : start + together])
        events.send(EventBatch(batch))
