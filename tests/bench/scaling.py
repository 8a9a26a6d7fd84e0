"""Ingest as a customer's past and as the number of customers grow: the CPU of an event, the same batches in turn.

The past is met over canned answers of AWS, where a home is as large as it is stored; the number of customers over the
ports' fakes, which keep every home as its bytes, since a million of them want nothing but memory.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Callable, Sequence
from functools import partial

from chalicelib.domain.profile import Profile
from tests.bench.canned import Canned
from tests.bench.ingest import Bench, cpu
from tests.bench.rows import PAIRS, Row
from tests.cost import shop
from tests.services.ingest_world import World

SHORT, LONG = 10, 100_000
FEW, MANY = 1_000, 1_000_000
#: "Flat", but for a memory larger than any cache of the processor's.
FLAT, FLAT_IN_MEMORY = 1.1, 1.25
ROUNDS, BATCHES, SIZE = 9, 8, 100
TWO_YEARS = 730 * shop.DAY

Turn = Callable[[], float]
"""Seconds of CPU for one measurement's events."""


def run() -> Sequence[Row]:
    """An event of a long past over one of a short; an event among many customers over one among few."""
    past = grown(with_past(SHORT), with_past(LONG))
    crowd = grown(among(FEW), among(MANY))
    gc.unfreeze()
    return [past_row(past), crowd_row(crowd)]


def past_row(ratio: float) -> Row:
    """How an event's cost grows with its customer's past."""
    name = f"ingest: an event after {LONG:,} of the customer's over one after {SHORT}"
    return Row(name, ratio, "times", FLAT, f"batches of {SIZE}, CPU", PAIRS)


def crowd_row(ratio: float) -> Row:
    """How an event's cost grows with the number of customers."""
    note = f"batches of {SIZE} of as many, CPU, over the ports' fakes"
    return Row(
        f"ingest: an event among {MANY:,} customers over {FEW:,}", ratio, "times", FLAT_IN_MEMORY, note, PAIRS
    )


def grown(small: Turn, large: Turn, rounds: int = ROUNDS) -> float:
    """The median of the pairwise ratios; the first pair warms up."""
    pairs = [(small(), large()) for _ in range(rounds + 1)][1:]
    return statistics.median(after / before for before, after in pairs)


def with_past(events: int) -> Turn:
    """Batches of a customer who has done so much."""
    bench = Bench.made(0)
    lived(bench.world, "u0", events)

    def turn() -> float:
        bench.world.clock.now += 3_600_000
        given = [bench.messages_of(["u0"] * SIZE) for _ in range(BATCHES)]
        bench.aws.requests, bench.aws.recording = [], False
        return cpu(bench.aws, partial(bench.ingest_all, given))

    return turn


def lived(world: World, name: str, events: int) -> None:
    """Let a customer have done so much, over two years."""
    start, batch = world.clock.now - TWO_YEARS, 500
    end = world.clock.now
    world.clock.now = start
    world.send(shop._signed_up(name, start))
    for first in range(0, events, batch):
        world.clock.now = start + TWO_YEARS * (first + batch) // max(events, batch)
        done = world.send(
            *(
                shop._happened(f"{name}-p{n}", name, shop.KINDS[n * n % len(shop.KINDS)], world.clock.now - 1)
                for n in range(first, min(first + batch, events))
            )
        )
        assert done.folded and not done.failed and not done.aside, done
    world.clock.now = max(end, world.clock.now)


def among(customers: int) -> Turn:
    """Batches of as many customers, chosen of so many."""
    world = World()
    world.publish(shop.PLAYBOOK.decode())
    settle(world, customers)
    bench, chance = Bench(world, Canned(), customers), random.Random(5)
    gc.collect()
    gc.freeze()  # the crowd is not the collector's business while a batch is timed

    def turn() -> float:
        world.clock.now += 60_000
        names = [name_of(chance.randrange(customers)) for _ in range(SIZE * BATCHES)]
        given = [bench.messages_of(names[start : start + SIZE]) for start in range(0, len(names), SIZE)]
        return cpu(bench.aws, partial(bench.ingest_all, given))

    return turn


def settle(world: World, customers: int) -> None:
    """Put so many customers' homes where ingest would have: one is taken in, and copied under each name's own ids."""
    model = name_of(customers)
    world.send(shop._signed_up(model, world.clock() - 60 * shop.DAY))
    ids = _homes_of(world, model)
    homes = world.profiles.homes
    copied = {id: homes.pop(id) for id in ids}
    assert not homes, homes
    for number in range(customers):
        name = name_of(number)
        names = dict(
            zip([*ids, model, model.title()], [*_homes_of(world, name), name, name.title()], strict=True)
        )
        for id, (kind, data, version) in copied.items():
            homes[names[id]] = (kind, _renamed(data, names), version)
    assert sum(kind is Profile for kind, _, _ in list(homes.values())[:300]) == min(100, customers)


def name_of(number: int) -> str:
    """A customer's user id: as long as every other's, and unlike anything else in a home."""
    return f"customer-{number:09d}"


def _homes_of(world: World, name: str) -> list[str]:
    told = (("user", name), ("email", f"{name}@example.com"), ("anonymous", f"{name}-browser"))
    return [world.secrets.home(kind, value) for kind, value in told]


def _renamed(data: bytes, names: dict[str, str]) -> bytes:
    for old, new in names.items():
        data = data.replace(old.encode(), new.encode())
    return data
