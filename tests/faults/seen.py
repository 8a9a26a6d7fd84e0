"""What can be seen of a stack when all is done: profiles, history, messages, and what is still lying about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.profile import Erased, Profile, Sign
from chalicelib.domain.timelines import timelines_of
from infra.local.queues import LocalQueue
from infra.local.resources import ACCOUNT, PREFIX, REGION
from infra.local.stack import Stack
from tests.faults.shop import DAN, MINUTE
from tests.faults.world import QUEUES, START

#: Events that tell of our own messages: when they come, and how many there are, depends on what was sent when.
TOLD_BY_PROVIDERS = "Email "
#: How ids begin that hang on ids made up anew each time: of a choice on a page, of one told to the shop, of an inbound
#: decision.
CHOICE, NOTED, PLACEMENT = "topeka:choice:", "topeka:permission:", "web.home"


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail that left, and when (minutes after noon)."""

    to: str
    message: str
    minute: float


@dataclass(frozen=True, slots=True)
class Seen:
    """`facts`, `history` and `decided` by home; without what providers told, which is counted in `told`.

    `mails` are e-mails as they left, `erased` is what is left of who was erased; `counted` are the sums that learning
    and experiments read, `asked` how many inbound decisions were made: one more for each answer that was lost; `rows`
    and `contacts` are states by delivery; `astray` are doors that do not lead where they should, `waiting` is what is
    left undone, `dead` what was given up.
    """

    facts: dict[str, Any]
    history: dict[str, list[str]]
    told: Counter[str]
    mails: list[Mail]
    erased: list[str]
    decided: dict[str, list[str]]
    counted: dict[str, list[float]]
    asked: int
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
        mails=[
            Mail(each.taken.to, each.taken.tags["message"], (each.at - START) / MINUTE)
            for each in stack.post.sent()
        ],
        erased=_left_of(DAN, "dan"),
        decided={
            home: sorted(set(map(_moment, profile.ledger.decisions))) for home, profile in profiles.items()
        },
        counted=_counted(),
        asked=sum(cause.startswith(PLACEMENT) for one in profiles.values() for cause in one.ledger.decisions),
        rows={row["id"]["S"]: row["state"]["S"] for row in _items("deliveries")},
        contacts={id: c.state for profile in profiles.values() for id, c in profile.ledger.contacts.items()},
        astray=_astray(doors),
        waiting=_waiting(stack.now()),
        dead={name: bodies for name, bodies in stack.dead_letters().items() if bodies},
    )


def _left_of(address: str, user: str) -> list[str]:
    """What is stored of a customer under a door of theirs, or speaks their address in the clear."""
    from chalicelib import wiring

    homes = {wiring.secrets().home(*each) for each in (("user", user), ("email", address))}
    doors = wiring.profiles().read(homes, consistent=True)
    left = [
        f"a {type(door).__name__} at {home}" for home, door in doors.items() if not isinstance(door, Erased)
    ]
    left += [f"history of {home}" for home in homes if wiring.timeline().page([home], 1).items]
    return left


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
        name: [total, *map(_minute, times)]
        for name, (total, *times) in facts.get("activity", {}).items()
        if not name.startswith(TOLD_BY_PROVIDERS)
    }
    facts |= {name: _minute(facts[name]) for name in ("first", "last") if name in facts}
    # Without `since`, which is the time of the link that was taken first.
    known = sorted((one.kind, one.value) for one in profile.identifiers)
    facts["stops"] = {address: each[0] for address, each in facts.get("stops", {}).items()}
    facts["permissions"] = {name: sorted(each) for name, each in facts.get("permissions", {}).items()}
    return facts | {
        "identifiers": known,
        "segments": sorted(n for n, (m, _) in profile.ledger.entries.items() if m),
    }


def _minute(at: int) -> int:
    """The minute of a time: what was put off by seconds lets the next step of the same minute begin so much later."""
    return at // MINUTE * MINUTE


def _told(profiles: Any) -> Counter[str]:
    told: Counter[str] = Counter()
    for profile in profiles:
        for name, one in profile.facts.activity.items():
            if name.startswith(TOLD_BY_PROVIDERS):
                told[name] += one.total
    return told


def _history(profile: Profile) -> list[str]:
    from chalicelib import wiring

    events = wiring.timeline().page(timelines_of(profile), 1_000).items
    ours = (event for event in events if not event.event.startswith(TOLD_BY_PROVIDERS))
    ids = (event.message_id for event in ours)
    return sorted(next((start for start in (CHOICE, NOTED) if id.startswith(start)), id) for id in ids)


def _moment(cause: str) -> str:
    """What was decided about; an inbound moment's own part is made up each time."""
    return PLACEMENT if cause.startswith(PLACEMENT) else cause


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
