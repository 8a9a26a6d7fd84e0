"""What can be seen of a stack when all is done: profiles, history, messages, and what is still lying about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.profile import Profile, Sign
from infra.local.queues import LocalQueue
from infra.local.resources import ACCOUNT, PREFIX, REGION
from infra.local.stack import Stack
from tests.faults.world import QUEUES

#: Events that tell of our own messages: when they come, and how many there are, depends on what was sent when.
TOLD_BY_PROVIDERS = "Email "


@dataclass(frozen=True, slots=True)
class Seen:
    """`facts`, `history` and `decided` by home; without what providers told, which is counted in `told`.

    `mails` counts e-mails by message; `counted` are the sums that learning and experiments read; `rows` and `contacts`
    are states by delivery; `astray` are doors that do not lead where they should, `waiting` is what is left undone,
    `dead` what was given up.
    """

    facts: dict[str, Any]
    history: dict[str, list[str]]
    told: Counter[str]
    mails: Counter[str]
    decided: dict[str, list[str]]
    counted: dict[str, list[float]]
    rows: dict[str, str]
    contacts: dict[str, str]
    astray: list[str]
    waiting: list[str]
    dead: dict[str, list[str]]


def look(stack: Stack) -> Seen:
    """Look at everything, past every cache."""
    doors = _doors()
    profiles = {home: door for home, door in doors.items() if isinstance(door, Profile)}
    return Seen(
        facts={home: _facts(profile) for home, profile in profiles.items()},
        history={home: _history(profile) for home, profile in profiles.items()},
        told=_told(profiles.values()),
        mails=Counter(each.taken.tags["message"] for each in stack.post.sent()),
        decided={home: sorted(profile.ledger.decisions) for home, profile in profiles.items()},
        counted=_counted(),
        rows={row["id"]["S"]: row["state"]["S"] for row in _items("deliveries")},
        contacts={id: c.state for profile in profiles.values() for id, c in profile.ledger.contacts.items()},
        astray=_astray(doors),
        waiting=_waiting(stack.now()),
        dead={name: bodies for name, bodies in stack.dead_letters().items() if bodies},
    )


def _counted() -> dict[str, list[float]]:
    """The sums, once everything is folded."""
    from chalicelib import wiring

    wiring.learn_outcomes()()
    return {key: sums for key, sums in sorted(wiring.read_tallies()().items()) if any(sums)}


def _items(table: str) -> list[dict[str, Any]]:
    from moto.dynamodb.models import dynamodb_backends

    found = dynamodb_backends[ACCOUNT][REGION].get_table(f"{PREFIX}-{table}")
    return [item.to_json()["Attributes"] for item in found.all_items()]


def _doors() -> dict[str, Any]:
    from chalicelib import wiring

    return wiring.profiles().read([item["id"]["S"] for item in _items("profiles")], consistent=True)


def _facts(profile: Profile) -> dict[str, Any]:
    """Facts and identifiers, as far as customers and the shop made them."""
    facts: dict[str, Any] = msgspec.to_builtins(profile.facts)
    facts["activity"] = {
        name: one for name, one in facts.get("activity", {}).items() if not name.startswith(TOLD_BY_PROVIDERS)
    }
    # Without `since`, which is the time of the link that was taken first.
    known = sorted((one.kind, one.value) for one in profile.identifiers)
    return facts | {
        "identifiers": known,
        "segments": sorted(n for n, (m, _) in profile.ledger.entries.items() if m),
    }


def _told(profiles: Any) -> Counter[str]:
    told: Counter[str] = Counter()
    for profile in profiles:
        for name, one in profile.facts.activity.items():
            if name.startswith(TOLD_BY_PROVIDERS):
                told[name] += one.total
    return told


def _history(profile: Profile) -> list[str]:
    from chalicelib import wiring

    events = wiring.timeline().page([profile.id, *profile.merged], 1_000).items
    return sorted(event.message_id for event in events if not event.event.startswith(TOLD_BY_PROVIDERS))


def _astray(doors: dict[str, Any]) -> list[str]:
    """Signs that lead nowhere, or to a profile that doesn't list whose door it is; doors that no sign stands at."""
    from chalicelib import wiring

    homes = {
        home: {wiring.secrets().home(one.kind, one.value) for one in door.identifiers}
        for home, door in doors.items()
        if isinstance(door, Profile)
    }
    lost = []
    for home, door in doors.items():
        if isinstance(door, Sign):
            end = _end(doors, home)
            if end not in homes or (home not in homes[end] and home not in doors[end].merged):
                lost.append(f"the sign at {home} leads to {end or 'nowhere'}, which does not list it")
    for profile, listed in homes.items():
        lost += [
            f"{profile} lists {home}, which leads elsewhere"
            for home in listed
            if _end(doors, home) != profile
        ]
    return lost


def _end(doors: dict[str, Any], home: str) -> str:
    for _ in doors:
        door = doors.get(home)
        if not isinstance(door, Sign):
            return home if door is not None else ""
        home = door.forward_to
    return ""


def _waiting(now: int) -> list[str]:
    """What is left in queues, and in the agenda though it was due."""
    left = [f"{name}: {body}" for name in QUEUES for body in LocalQueue(f"{PREFIX}-{name}").bodies()]
    dues = [item["due"]["S"] for item in _items("agenda") if item["slot"]["S"] != "cursor"]
    return left + [f"agenda: {due}" for due in dues if int(due.split("#")[0]) <= now]
