"""How large a stored profile is, and that folding does not get dearer with history."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from chalicelib.domain import document
from chalicelib.domain.events import Event
from chalicelib.domain.facts import fold
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Known, Profile
from chalicelib.domain.rules import Rules
from tests.bench.rows import PAIRS, Row

START = 1_727_000_000_000
TWO_YEARS = 730 * 86_400_000
KINDS = 30
KILOBYTE = 1024


def run() -> Sequence[Row]:
    """The heavy profile: 10,000 events of 30 kinds over two years under 16 windowed conditions."""
    rules = rules_of_sixteen()
    profile = Profile("p_heavy", identifiers=[Known("user", "heavy", START, "m0")])
    history = events()
    early = _fold(profile, history[:1000], rules)
    _fold(profile, history[1000:9000], rules)
    late = _fold(profile, history[9000:], rules)
    stored = document.encode(profile)
    return [
        Row("document of 10,000 events, 30 kinds, 16 windows", len(stored) / KILOBYTE, "KB", 8,
            f"{len(document.text_of(stored)) / KILOBYTE:.1f} KB of JSON"),
        Row("folding an event, the first thousand", early, "us CPU"),
        Row("folding an event, the tenth thousand over the first", late / early, "times", 1.5, noise=PAIRS),
        *_story(),
    ]  # fmt: skip


def _story() -> list[Row]:
    """The median document of the story's customers."""
    try:
        from infra.local import story
        from infra.local.stack import Stack
    except ImportError:
        return []
    with Stack(port=0) as stack:
        story.play(stack.base_url, out=lambda *_: None)
        from chalicelib import wiring

        pages = wiring.client("dynamodb").get_paginator("scan").paginate(TableName="topeka-local-profiles")
        sizes = sorted(len(item["doc"]["B"]) for page in pages for item in page["Items"] if "doc" in item)
    return [Row(f"median document of the story's {len(sizes)} customers", sizes[len(sizes) // 2] / KILOBYTE, "KB", 2,
                f"largest {sizes[-1] / KILOBYTE:.1f} KB")]  # fmt: skip


def _fold(profile: Profile, history: Sequence[Event], rules: Rules) -> float:
    started = time.process_time_ns()
    for event in history:
        fold(profile, event, rules)
    return (time.process_time_ns() - started) / 1000 / len(history)


def events() -> list[Event]:
    """Ten thousand events in time order, one message id each."""
    chance = random.Random(7)
    times = sorted(START + chance.randrange(TWO_YEARS) for _ in range(10_000))
    return [
        Event(f"{chance.getrandbits(128):032x}", "track", at, at, event=f"Event Kind {chance.randrange(KINDS)}",
              user_id="heavy", properties={"revenue": round(chance.random() * 90, 2), "category": "hats"})
        for at in times
    ]  # fmt: skip


def rules_of_sixteen() -> Rules:
    """Sixteen windowed conditions: twelve counts, four sums."""
    counts = [
        f"  count{n}: {{did: Event Kind {n}, at_least: {2 + n}, within: {7 * (n + 1)}d}}" for n in range(12)
    ]
    totals = [
        f"  sum{n}: {{did: Event Kind {n}, total: revenue, above: 100, within: {30 * (n + 1)}d}}"
        for n in range(4)
    ]
    playbook, faults = parse("playbook: 1\nname: heavy\nsegments:\n" + "\n".join(counts + totals) + "\n")[:2]
    assert playbook is not None, faults
    return compile_playbook(playbook, 1)
