"""The playbook's segments and who is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.errors import BadRequest, NotFound
from chalicelib.domain.instants import to_text
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Groups


class _At(msgspec.Struct, array_like=True):
    shard: int
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class ListSegments:
    """Members are listed shard by shard: a cursor is the shard and the place in it."""

    groups: Groups
    rules: LiveRules
    shards: int

    def __call__(self) -> dict[str, Any]:
        """Every segment with its size, in the playbook's order."""
        names = self.rules.current().playbook.segments
        return {
            "segments": [{"name": name, "members": self.groups.count(f"segment:{name}")} for name in names]
        }

    def members(self, name: str, limit: int, cursor: str) -> dict[str, Any]:
        """A page of members. Raises `NotFound` for a segment the playbook lacks."""
        if name not in self.rules.current().playbook.segments:
            raise NotFound("not-found", "The playbook has no segment of this name.")
        at = _opened(cursor) if cursor else _At(0)
        members: list[dict[str, str]] = []
        while at.shard < self.shards and len(members) < limit:
            page = self.groups.page(f"segment:{name}", at.shard, at.cursor, limit - len(members))
            members += [{"id": profile, "since": to_text(since)} for profile, since in page.items]
            at = _At(at.shard, page.cursor) if page.cursor else _At(at.shard + 1)
        following = msgspec.json.encode(at).hex() if at.shard < self.shards else ""
        return {"members": members, "cursor": following}


def _opened(cursor: str) -> _At:
    try:
        return msgspec.json.decode(bytes.fromhex(cursor), type=_At)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadRequest("bad-cursor", "Send the `cursor` of the page before.", "cursor") from error
