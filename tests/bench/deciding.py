"""One decision among many messages of three conditions each: its CPU, its record, and over HTTP."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.domain.deciding import decide
from chalicelib.domain.decision import Ask, Switches
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Known, Profile, Stamped
from chalicelib.domain.recording import record_of
from chalicelib.domain.replaying import replay
from chalicelib.domain.rules import Rules
from infra.local.stack import OPERATOR_KEY, Stack
from tests.bench.rows import PAIRS, Row, of_this_machine

NOW = 1_790_000_000_000


LOGGED = 1000


def run() -> Sequence[Row]:
    """Milliseconds of CPU, p50 and p99 of many decisions."""
    rows = []
    for count, target in ((100, 0.3), (1000, 1.0), (10_000, None)):
        rows.append(row_of(count, *spread_of(rules_of(count)), target))
    told = spread_of(rules_of(1000, plans=100))[0], spread_of(rules_of(10_000, plans=1000))
    rows.append(
        Row(
            "the same among 10,000 where ten are for them",
            told[1][0],
            "ms CPU",
            1.0,
            f"p99 {told[1][1]:.3g}",
            of_this_machine(),
        )
    )
    rows.append(
        Row("growth from 1,000 to 10,000 (10 is linear)", told[1][0] / told[0], "times", 5, noise=PAIRS)
    )
    return [*rows, *_replayed(), *_over_http()]


def row_of(count: int, half: float, slow: float, target: float | None) -> Row:
    """Of p50 and p99 (ms)."""
    note = f"p99 {slow:.3g}; a tenth of them for this customer"
    return Row(
        f"deciding among {count:,} messages of three conditions",
        half,
        "ms CPU",
        target,
        note,
        of_this_machine(),
    )


def spread_of(rules: Rules) -> tuple[float, float]:
    """The median and the 99th percentile of the CPU of one decision (ms)."""
    profile, taken = customer(), []
    for number in range(320):
        started = time.process_time_ns()
        once(rules, profile)
        if number >= 20:  # the first make the plan and warm up
            taken.append((time.process_time_ns() - started) / 1e6)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def _replayed() -> Iterator[Row]:
    """Decisions made again from their records, under the same playbook and snapshot."""
    rules, same, sizes = rules_of(100), 0, []
    learned = Learned(version=1, propensities={f"offer{n}": {"": 0.01 + n / 1000} for n in range(100)})
    for number in range(LOGGED):
        profile = customer()
        profile.ledger.seed = f"p{number}"
        ask = Ask(f"c{number}", placement="web.home", limit=1 + number % 3)
        record = record_of(decide(profile, ask, rules, learned, Switches(), NOW + number), ask)
        sizes.append(len(msgspec.json.encode(record)))
        kept = msgspec.json.decode(msgspec.json.encode(record))
        same += replay(kept, rules, learned).same
    yield Row(f"of {LOGGED:,} logged decisions, not made again bit for bit", LOGGED - same, "decisions", 0)
    yield Row("their largest record", max(sizes), "bytes", 2000, f"median {statistics.median(sizes):.0f}")


def _over_http() -> Iterator[Row]:
    """POST /v1/decide on the local stack, each question a new customer's: the median of each playbook in turn."""
    taken: dict[int, list[float]] = {3: [], 1000: []}
    with Stack(port=0) as stack:
        for _ in range(3):
            for count, times in taken.items():
                answer = stack.request(
                    "PUT", "/v1/playbook", text_of(range(count)).encode(), key=OPERATOR_KEY
                )
                assert answer.status == 200, answer.json()
                for number in range(120):
                    body = {"anonymousId": f"b{count}-{len(times)}-{number}", "placement": "web.home"}
                    started = time.perf_counter()
                    asked = stack.request("POST", "/v1/decide", body, key=OPERATOR_KEY)
                    assert asked.status == 200
                    if number >= 20:
                        times.append(1000 * (time.perf_counter() - started))
    few, many = (statistics.median(times) for times in taken.values())
    note = f"{few:.3g} and {many:.3g} ms"
    yield Row("over HTTP, p50 among 1,000 messages over that among 3", many / few, "times", 2, note, PAIRS)


def once(rules: Rules, profile: Profile) -> object:
    """One inbound decision."""
    return decide(profile, Ask("c", placement="web.home"), rules, Learned(), Switches(), NOW)


def rules_of(count: int, plans: int = 10) -> Rules:
    """A playbook of so many offers, each for customers of one of so many plans, compiled.

    It is read in parts: 10,000 offers of three conditions are more text than a playbook may have.
    """
    parts = [parse(text_of(range(at, min(at + 2000, count)), plans))[0] for at in range(0, count, 2000)]
    whole = {name: message for part in parts if part for name, message in part.messages.items()}
    assert parts[0] is not None
    assert len(whole) == count
    return compile_playbook(msgspec.structs.replace(parts[0], messages=whole), 1)


def text_of(numbers: range, plans: int = 10) -> str:
    """Offers of three conditions each, all for one placement."""
    messages = "\n".join(
        f"  offer{n}:\n    kind: offer\n    topic: offers\n    placements: [web.home]\n    value: {1 + n % 7}\n"
        f"    for: {{all: [{{trait: plan, is: plan{n % plans}}}, {{trait: visits, above: {n % 5}}}, "
        f"{{trait: city, starts_with: T}}]}}\n"
        f"    variants: {{v: {{web: {{headline: Offer {n}}}}}}}"
        for n in numbers
    )
    return (
        "playbook: 1\nname: bench\ntopics: {offers: {label: Offers, default: assume}}\n"
        f"placements: {{web.home: {{channel: web}}}}\nmessages:\n{messages}\n"
    )


def customer() -> Profile:
    """A profile of thirty traits."""
    profile = Profile("p_bench", identifiers=[Known("user", "u", NOW, "m")])
    traits = {"plan": "plan3", "visits": 12, "city": "Topeka"} | {f"trait{n}": n for n in range(27)}
    profile.facts.traits = {name: Stamped(value, NOW, "m") for name, value in traits.items()}
    profile.ledger.seed = "p_bench"
    return profile
