"""The ports services name: small Protocols that adapters and the tests' fakes both meet.

Every method may raise `Unavailable` (AWS failed: the caller retries the whole unit of work).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from chalicelib.domain.breaker import Breaker
from chalicelib.domain.decision import Switches
from chalicelib.domain.events import Event, EventBatch, Rejection
from chalicelib.domain.letters import Letter
from chalicelib.domain.profile import Door
from chalicelib.domain.sns_messages import Signed
from chalicelib.domain.stored import Delivery as Delivery
from chalicelib.domain.stored import LakeFile as LakeFile
from chalicelib.domain.stored import Outgoing as Outgoing
from chalicelib.domain.stored import Page as Page
from chalicelib.domain.stored import Quarantined as Quarantined
from chalicelib.domain.stored import SetAside as SetAside
from chalicelib.domain.stored import Unchanged as Unchanged
from chalicelib.domain.stored import Write as Write
from chalicelib.services.counting import Tallies as Tallies

Clock = Callable[[], int]
"""The current time in ms."""


class Profiles(Protocol):
    """The table of homes: profiles, signs, erasures."""

    def read(self, ids: Iterable[str], *, consistent: bool = False) -> dict[str, Door]:
        """What stands at these homes; an empty home is missing from the answer. Any number of ids."""

    def commit(self, writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        """All of the writes or none (one: a conditional put; more: one transaction). Raises `Conflict`.

        `relied` are homes that must stand unchanged; with any, it is a transaction. At most 100 in all.
        """

    def scan(self, cursor: str = "", limit: int = 500) -> Page:
        """Ids of the profiles there are (no signs), in no order; each page reads about `limit` homes."""


class Timeline(Protocol):
    """What happened, by profile id; one compressed item per commit and hour."""

    def append(self, entries: Sequence[tuple[str, Sequence[Event]]], mark: str = "") -> None:
        """Store events under profile ids (pairs of profile id and events). Repeats are harmless.

        What is stored under one mark stays when the same is withdrawn under another.
        """

    def withdraw(self, entries: Sequence[tuple[str, Sequence[Event]]], mark: str = "") -> None:
        """Take back what one `append` has stored: exactly these entries, under this mark."""

    def record(self, records: Sequence[tuple[str, str, int, dict[str, Any]]]) -> None:
        """Store records of decisions: each the profile's id, the decision's id, its time (ms), and the record."""

    def contains(
        self,
        profiles: Sequence[str],
        message_ids: Iterable[str],
        around: tuple[int, int],
        before: int,
        but: str = "",
    ) -> set[str]:
        """Which of the message ids are stored under any of these profile ids, with times in the range (ms).

        Only copies that were received `before` that time (ms) count, and none stored under the mark `but`.
        """

    def page(self, profiles: Sequence[str], limit: int, cursor: str = "") -> Page:
        """Events newest first, each once."""

    def decisions(self, profiles: Sequence[str], limit: int, cursor: str = "") -> Page:
        """Decision records newest first."""

    def erase(self, profiles: Sequence[str], until: int | None = None, *, records: bool = True) -> int:
        """Remove everything under these ids (that began at `until` ms or before); how many items went.

        Without `records`, what was decided stays.
        """


class Deliveries(Protocol):
    """The rows of intended contacts."""

    def create(self, delivery: Delivery) -> bool:
        """Put the row if absent; whether it was."""

    def read(self, ids: Sequence[str]) -> dict[str, Delivery]:
        """Rows by id (strongly consistent)."""

    def move(self, id: str, *, come_from: Sequence[str], to: str, claim: str = "", **fields: Any) -> bool:
        """Change state if it is one of `come_from` (and, with `claim`, if that claim owns it); whether it did.

        A claim takes a row nobody has claimed, and from then on owns it; a row that moves back to `due` is
        nobody's again.

        `fields` are further attributes to set, among those of `Delivery`. Raises ValueError for a move that
        `domain/deliveries.py` doesn't know.
        """

    def note_followed(self, id: str, mark: str, at: int) -> bool:
        """Note when a link was followed last (ms); whether there is such a row."""

    def erase(self, ids: Sequence[str]) -> int:
        """Remove rows; how many."""


class Turns(Protocol):
    """What senders share about channels: how far each lane's slots are taken, and the breakers."""

    def take(self, lane: str, now: int, width: int, line: int) -> int | None:
        """The lane's next slot (ms); the one after is `width` microseconds later. None: over `line` ms ahead.

        An idle lane gives `now`. May raise `Conflict`.
        """

    def breaker(self, channel: str) -> Breaker:
        """The channel's breaker as it stands, read consistently."""

    def move_breaker(self, channel: str, old: Breaker, new: Breaker) -> bool:
        """Put `new` in the place of `old`; whether that was what stood."""


class Agenda(Protocol):
    """What is due when: `minute#shard`, then `due#id`."""

    def put(self, due: int, id: str, job: dict[str, Any]) -> None:
        """Add or overwrite."""

    def due(self, minute: int, shard: int, cursor: str = "") -> Page:
        """Entries of one minute (ms, floor) and shard: each {"due", "id", "job"}."""

    def holds(self, minute: int, shard: int) -> bool:
        """Whether there is any entry of one minute (ms, floor) and shard, read consistently."""

    def remove(self, entries: Sequence[tuple[int, str]]) -> None:
        """Take away entries by (due, id)."""

    def cursor(self) -> int:
        """The last minute (ms) that tick has handed out, 0 if none."""

    def advance(self, old: int, new: int) -> bool:
        """Move the cursor if it still stands at `old`; whether it did."""


class Groups(Protocol):
    """Members of segments and places, sharded."""

    def join(self, group: str, profile: str, at: int) -> None: ...

    def leave(self, group: str, profile: str) -> None: ...

    def forget(self, groups: Sequence[str], profiles: Sequence[str]) -> None:
        """Make none of the profiles a member of any of the groups."""

    def page(self, group: str, shard: int, cursor: str = "", limit: int = 500) -> Page:
        """Members: each (profile id, at)."""

    def count(self, group: str) -> int: ...


class Playbooks(Protocol):
    """Versions, which is live, and the switches."""

    def publish(self, source: str, compiled: bytes, at: int) -> int:
        """Store the next version and make it live; its number."""

    def live(self) -> int:
        """The live version's number, 0 if none."""

    def source(self, version: int) -> str:
        """A version as it was written. Raises KeyError."""

    def compiled(self, version: int) -> bytes:
        """A version as workers load it. Raises KeyError."""

    def versions(self) -> list[dict[str, Any]]:
        """Newest first: {"version", "at", "live", "filled"}; `filled` is what was noted last, 0 if nothing was."""

    def filled(self, version: int, at: int) -> None:
        """Note when (ms) every profile was under the version; 0: it isn't so (any more)."""

    def filled_at(self, version: int) -> int:
        """What was noted last, 0 if nothing was."""

    def point(self, version: int) -> None:
        """Make an existing version live. Raises KeyError."""

    def switches(self) -> Switches: ...

    def set_switches(self, switches: Switches) -> None: ...


class Stops(Protocol):
    """Keyed hashes of addresses that must not be contacted and of ids that were erased."""

    def add(self, hash: str, reason: str, at: int) -> None:
        """Stop a hash; of two stops the one with the later time (ms) stands."""

    def erased(self, cursor: str = "", limit: int = 5000) -> Page:
        """Homes that were erased, each `Gone`, in no order; each page reads about `limit` stops."""

    def among(self, hashes: Sequence[str]) -> dict[str, str]:
        """Those of the hashes that are stopped, with reasons."""


class Rejected(Protocol):
    """Refused events for the operator."""

    def add(self, rejections: Sequence[Rejection]) -> None: ...

    def page(self, since: int, cursor: str = "", limit: int = 100) -> Page: ...


class Quarantine(Protocol):
    """Events set aside, by profile id, until an operator releases or discards them."""

    def add(self, entries: Sequence[tuple[str, Sequence[Event]]]) -> None:
        """Set events aside under profile ids (pairs of profile id and events). Repeats are harmless."""

    def profiles(self, cursor: str = "", limit: int = 100) -> Page:
        """Who has events set aside: each a `Quarantined`, in one order that stays. Reads no events.

        `events` counts a repeat that came in other company twice, and may stop counting at a large number.
        """

    def page(self, profile: str, cursor: str = "", limit: int = 100) -> Page:
        """Events of a profile in the order they were set aside, by receipt; on one page each once."""

    def portions(self, profile: str, until: int, cursor: str = "", limit: int = 1_000) -> Page:
        """What began to be received at `until` (ms) or before: each a whole `SetAside`, oldest first.

        A page has no more of them than it takes to hold `limit` events, and may have fewer. One without events is
        what an unfinished removal left.
        """

    def remove(self, profile: str, ids: Sequence[str]) -> None:
        """Take away what `portions` told, by id. Repeats are harmless."""

    def erase(self, profiles: Sequence[str], until: int | None = None) -> int:
        """Remove everything under these ids (that began to be received at `until` ms or before); how many portions."""


class Keys(Protocol):
    """Write and operator keys by hash."""

    def find(self, hash: str) -> dict[str, Any] | None:
        """{"kind": "write" | "operator", "scopes": [...]} or None."""

    def add(self, hash: str, kind: str, scopes: Sequence[str]) -> None: ...


class EventQueue(Protocol):
    """Where everything that happens goes."""

    def send(self, batch: EventBatch, *, delay: int = 0) -> None:
        """One message; `delay` in ms, at most 15 minutes. Returns once it is durable; else `Unavailable`."""


class JobQueue(Protocol):
    """A queue of small JSON jobs (deliveries due; agenda minutes, fan-outs, sweeps)."""

    def send(self, jobs: Sequence[dict[str, Any]], *, delay: int = 0) -> None: ...


class Lake(Protocol):
    """Append-only JSON lines for analytics; best kept, never read back on a hot path."""

    def put(self, kind: str, records: Sequence[Mapping[str, Any] | Struct]) -> None: ...


class LakeFiles(Protocol):
    """The lake's files, as they were delivered."""

    def page(self, after: str = "", limit: int = 100) -> Page:
        """Files in the order of their keys, each (key, stored bytes); the cursor is the last key."""

    def read(self, key: str) -> LakeFile | None:
        """One file unpacked; None if it is gone."""

    def replace(self, file: LakeFile, lines: bytes) -> None:
        """Put these lines in the file's place, none: remove it. Raises `Conflict` if it has changed."""


class Mail(Protocol):
    """Letters by the day (UTC, such as 2026-07-01) they were sent, and the file of each day."""

    def letters(self, day: str) -> list[Letter]:
        """The letters of a day that are not removed yet."""

    def keep(self, letters: Iterable[Letter]) -> None:
        """Keep letters for today's file."""

    def make_file(self, day: str, file: bytes) -> bytes:
        """Make the day's file if it isn't there; what it then is."""

    def remove(self, day: str, deliveries: Sequence[str]) -> None:
        """Take away letters of a day. Repeats are harmless."""


class Signatures(Protocol):
    """Who signed what SNS hands over."""

    def genuine(self, signed: Signed) -> bool:
        """Whether the key of the certificate it names signed it. Raises `Unavailable` without the certificate."""


class Templates(Protocol):
    """Liquid and MJML. A content maps fields to templates (strings, also inside lists and mappings)."""

    def prepare(self, content: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
        """The content as it is published (MJML compiled: `mjml` becomes `html`) and its faults.

        A fault is (dotted path inside the content, what is wrong): syntax, or failure on a sample customer.
        """

    def render(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
        """A prepared content with its templates filled in; None if one fails (`template-failed`)."""

    def try_out(self, content: Mapping[str, Any], links: Mapping[str, str]) -> dict[str, Any] | None:
        """The content as the sample customer would get it, with these links; None if a template fails."""


class Sender(Protocol):
    """One channel's provider. No retries inside: one call, one answer."""

    def send(self, outgoing: Outgoing) -> str:
        """Hand it over; the provider's id. Raises `NotTaken` (harmless to repeat), `Unanswered` or `Undeliverable`."""
