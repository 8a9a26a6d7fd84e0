"""CPU of one decision among many messages of three conditions each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

from chalicelib.domain.deciding import decide
from chalicelib.domain.decision import Ask, Switches
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Known, Profile, Stamped
from chalicelib.domain.rules import Rules
from tests.bench.rows import Row

NOW = 1_790_000_000_000


def run() -> Sequence[Row]:
    """Milliseconds of CPU, the median of many decisions; one message in ten is for this customer."""
    rows = []
    for count, target in ((100, 0.3), (1000, 1.5)):
        rules, profile = rules_of(count), customer()
        milliseconds = cpu(lambda rules=rules, profile=profile: once(rules, profile))  # type: ignore[misc]
        rows.append(
            Row(f"deciding among {count:,} messages of three conditions", milliseconds, "ms CPU", target)
        )
    rows.append(
        Row("growth from 100 to 1,000 messages (10 is linear)", rows[1].figure / rows[0].figure, "times")
    )
    return rows


def cpu(work: Callable[[], object], times: int = 200) -> float:
    """Median CPU of one run (ms)."""
    for _ in range(20):
        work()
    taken = []
    for _ in range(times):
        started = time.process_time_ns()
        work()
        taken.append(time.process_time_ns() - started)
    return statistics.median(taken) / 1e6


def once(rules: Rules, profile: Profile) -> object:
    """One inbound decision."""
    return decide(profile, Ask("c", placement="web.home"), rules, Learned(), Switches(), NOW)


def rules_of(count: int) -> Rules:
    """A playbook of so many offers, three conditions each, all for one placement."""
    messages = "\n".join(
        f"  offer{n}:\n    kind: offer\n    topic: offers\n    placements: [web.home]\n    value: {1 + n % 7}\n"
        f"    for: {{all: [{{trait: plan, is: plan{n % 10}}}, {{trait: visits, above: {n % 5}}}, "
        f"{{trait: city, starts_with: T}}]}}\n"
        f"    variants: {{v: {{web: {{headline: Offer {n}}}}}}}"
        for n in range(count)
    )
    text = (
        "playbook: 1\nname: bench\ntopics: {offers: {label: Offers, default: assume}}\n"
        f"placements: {{web.home: {{channel: web}}}}\nmessages:\n{messages}\n"
    )
    playbook, faults = parse(text)[:2]
    assert playbook is not None, faults
    return compile_playbook(playbook, 1)


def customer() -> Profile:
    """A profile of thirty traits."""
    profile = Profile("p_bench", identifiers=[Known("user", "u", NOW, "m")])
    traits = {"plan": "plan3", "visits": 12, "city": "Topeka"} | {f"trait{n}": n for n in range(27)}
    profile.facts.traits = {name: Stamped(value, NOW, "m") for name, value in traits.items()}
    profile.ledger.seed = "p_bench"
    return profile
