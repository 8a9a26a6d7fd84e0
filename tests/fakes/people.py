"""Homes, groups and stops in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import msgspec

from chalicelib.adapters.cursors import cut, unseal
from chalicelib.domain.effects import Effect
from chalicelib.domain.erasure import DOOR_ALONE, WITH_HISTORY, gone_of
from chalicelib.domain.errors import Conflict
from chalicelib.domain.profile import Door, Profile
from chalicelib.domain.stored import Page, Unchanged, Write
from tests.fakes.faulty import Faulty, port


class FakeProfiles(Faulty):
    """Homes, with the stream of every version that was committed: (id, version, effects)."""

    def __init__(self) -> None:
        super().__init__()
        self.homes: dict[str, tuple[type[Door], bytes, str]] = {}
        self.stream: list[tuple[str, str, tuple[Effect, ...]]] = []

    @port
    def read(self, ids: Iterable[str], *, consistent: bool = False) -> dict[str, Door]:
        return {id: self._door(id) for id in dict.fromkeys(ids) if id in self.homes}

    @port
    def commit(self, writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        refused = [write for write in writes if self._version(write.door.id) != write.expected]
        if any(self._version(write.door.id) == write.door.version for write in refused):
            return
        moved = [one.id for one in relied if self._version(one.id) != one.expected]
        if refused or moved:
            raise Conflict((*(write.door.id for write in refused), *moved))
        for write in writes:
            self._put(write)

    @port
    def scan(self, cursor: str = "", limit: int = 500) -> Page:
        after = unseal(cursor, str) if cursor else ""
        chosen, following = cut(sorted(id for id in self.homes if id > after), limit, lambda home: home)
        return Page(tuple(id for id in chosen if self.homes[id][0] is Profile), following)

    def outbox(self) -> list[Effect]:
        """All effects that were ever committed, in order."""
        return [effect for _, _, effects in self.stream for effect in effects]

    def _version(self, id: str) -> str:
        return self.homes[id][2] if id in self.homes else ""

    def _door(self, id: str) -> Door:
        kind, data, _ = self.homes[id]
        return msgspec.json.decode(data, type=kind)

    def _put(self, write: Write) -> None:
        door = write.door
        effects = msgspec.json.decode(msgspec.json.encode(write.outbox), type=tuple[Effect, ...])
        self.homes[door.id] = (type(door), msgspec.json.encode(door), door.version)
        self.stream.append((door.id, door.version, effects))


class FakeGroups(Faulty):
    """Members by group and profile."""

    def __init__(self, shards: int = 4) -> None:
        super().__init__()
        self.shards = shards
        self.members: dict[tuple[str, str], int] = {}

    @port
    def join(self, group: str, profile: str, at: int) -> None:
        self.members[group, profile] = at

    @port
    def leave(self, group: str, profile: str) -> None:
        self.members.pop((group, profile), None)

    @port
    def forget(self, groups: Sequence[str], profiles: Sequence[str]) -> None:
        for group in groups:
            for profile in profiles:
                self.members.pop((group, profile), None)

    @port
    def page(self, group: str, shard: int, cursor: str = "", limit: int = 500) -> Page:
        after = unseal(cursor, str) if cursor else ""
        found = sorted(
            (profile, at)
            for (name, profile), at in self.members.items()
            if name == group and profile > after and zlib.crc32(profile.encode()) % self.shards == shard
        )
        return Page(*cut(found, limit, lambda member: member[0]))

    @port
    def count(self, group: str) -> int:
        return sum(name == group for name, _ in self.members)


class FakeStops(Faulty):
    """Stopped hashes with reasons, and since when."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped: dict[str, str] = {}
        self.since: dict[str, int] = {}

    @port
    def add(self, hash: str, reason: str, at: int) -> None:
        if self.since.get(hash, 0) <= at:
            self.stopped[hash], self.since[hash] = reason, at

    @port
    def erased(self, cursor: str = "", limit: int = 5000) -> Page:
        after = unseal(cursor, str) if cursor else ""
        chosen, following = cut(sorted(hash for hash in self.stopped if hash > after), limit, str)
        homes = (hash for hash in chosen if self.stopped[hash] in (WITH_HISTORY, DOOR_ALONE))
        told = (gone_of(home, self.stopped[home], self.since[home]) for home in homes)
        return Page(tuple(told), following)

    @port
    def among(self, hashes: Sequence[str]) -> dict[str, str]:
        return {hash: self.stopped[hash] for hash in hashes if hash in self.stopped}
