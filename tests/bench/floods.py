"""Ordinary customers beside a flood by one identifier, in messages of one event, over ports in memory.

The same ordinary events are taken in alone and beside as many of the flood, in turn (A B A B ...), by four workers;
CPU is compared pair by pair. What remains of the flood is what it costs to read its messages and to set them aside.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from chalicelib.domain.events import Event
from tests.bench.rows import PAIRS, Row
from tests.services.flood_world import FloodedWorld

ORDINARY, CUSTOMERS = 3_000, 300
MOST = 500
WORKERS = 4
ROUNDS = 5


def run() -> Sequence[Row]:
    """The median of the pairwise ratios; the most commits and lost races of all rounds."""
    ratios, worlds = [], []
    for _ in range(ROUNDS):
        alone, _ = _taken_in(0)
        beside, world = _taken_in(ORDINARY)
        ratios.append(beside / alone)
        worlds.append(world)
    bots = [(world, world.user("bot").id) for world in worlds]
    commits = max(world.profiles.commits_of(bot) for world, bot in bots)
    lost = max(world.profiles.lost[bot] for world, bot in bots)
    folded = max(world.user("bot").facts.activity["Clicked"].total for world in worlds)
    return [
        Row("an ordinary event beside a flood of as many, over alone", statistics.median(ratios), "times", 2.5,
            f"{min(ratios):.2f} to {max(ratios):.2f}", PAIRS),
        Row(f"commits that a flood of {ORDINARY:,} costs, {MOST} a minute allowed", commits, "commits", 200,
            f"{lost} more lost a race, {folded} events folded"),
    ]  # fmt: skip


def _taken_in(flood: int) -> tuple[float, FloodedWorld]:
    """CPU of taking everything in (s), and the world after it; nothing is lost or folded twice."""
    world = FloodedWorld()
    ordinary = [world.event(user_id=f"u{n % CUSTOMERS}") for n in range(ORDINARY)]
    bot: list[Event] = [world.event("Clicked", user_id="bot") for _ in range(flood)]
    messages = world.beside(bot, ordinary)
    workers = [world.worker(most=MOST) for _ in range(WORKERS)]
    started = time.process_time()
    world.work(messages, workers)
    taken = time.process_time() - started
    each = {world.user(f"u{n}").facts.activity["Page Seen"].total for n in range(CUSTOMERS)}
    assert each == {ORDINARY // CUSTOMERS}
    if flood:
        assert world.user("bot").facts.activity["Clicked"].total + world.aside == flood
    return taken, world
