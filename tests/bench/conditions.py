"""A check of three conditions, beside a lambda written by hand and beside other rule engines.

Whoever is compared answers the same first, then all take turns (A B C A B C ...), so that a machine whose speed
drifts does not matter. Each takes the profile as a program holds it, a dictionary; how much faster the fastest engine
gets when it is handed JSON text, or what it parsed itself beforehand, is told beside. Peers come from
tests/bench/requirements.txt; one that is not installed is told and left out.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from chalicelib.domain.conditions.model import All, Compare
from chalicelib.domain.conditions.source import Compiler
from chalicelib.domain.rules import Subject
from tests.bench.rows import PAIRS, Row

Profile = dict[str, Any]
Asked = Callable[[], object]

ROUNDS = 15
CITIES = ("Topeka", "Wichita", "Hays")
CONDITIONS = (
    Compare("trait", "plan", "is", "plan3"),
    Compare("trait", "visits", "above", 5),
    Compare("trait", "city", "in", CITIES),
)
OTHERS = {f"trait{n}": n for n in range(27)}
PROFILES: tuple[tuple[Profile, bool], ...] = (
    ({"plan": "plan3", "visits": 12, "city": "Topeka", **OTHERS}, True),
    ({"plan": "plan4", "visits": 12, "city": "Topeka", **OTHERS}, False),
    ({"plan": "plan3", "visits": 5, "city": "Topeka", **OTHERS}, False),
    ({"plan": "plan3", "visits": 12, "city": "Salina", **OTHERS}, False),
)
EXPRESSION = f"plan == 'plan3' and visits > 5 and city in {list(CITIES)}"


def run() -> Sequence[Row]:
    """Ratios of time; the first profile, for which all three conditions must be looked at."""
    return [*_beside_a_lambda(), *_beside_engines()]


def ours(profile: Profile) -> Asked:
    """The check that a playbook with these conditions is compiled to."""
    compiler = Compiler()
    name = compiler.add(All(CONDITIONS))
    check, subject = compiler.build()[name], Subject(now=0, traits=profile)
    return lambda: check(subject)


def by_hand(profile: Profile) -> Asked:
    """What one would write for these conditions alone."""
    check: Callable[[Profile], object] = lambda traits: (  # noqa: E731  (this is what it is)
        traits.get("plan") == "plan3" and traits.get("visits", 0) > 5 and traits.get("city") in CITIES
    )
    return lambda: check(profile)


def data_logic(profile: Profile) -> Asked:
    """The profile as a dictionary."""
    rule = _data_logic_rule()
    return lambda: rule.evaluate(profile)


def data_logic_of_text(profile: Profile) -> Asked:
    """The profile as JSON text."""
    session, rule, text = (
        _data_logic_engine().session(),
        _data_logic_rule(),
        msgspec.json.encode(profile).decode(),
    )
    return lambda: session.evaluate_str(rule, text) == "true"


def data_logic_parsed(profile: Profile) -> Asked:
    """The profile turned into the engine's own form beforehand."""
    import datalogic_py

    session, rule = _data_logic_engine().session(), _data_logic_rule()
    handle = datalogic_py.DataHandle(msgspec.json.encode(profile).decode())
    return lambda: session.evaluate_bool(rule, handle)


def rule_engine(profile: Profile) -> Asked:
    """The package `rule-engine`."""
    import rule_engine as engine

    rule = engine.Rule(EXPRESSION)
    return lambda: rule.matches(profile)


def zen(profile: Profile) -> Asked:
    """The package `zen-engine`."""
    import zen as engine

    expression = engine.compile_expression(EXPRESSION)
    return lambda: expression.evaluate(profile)


def growthbook(profile: Profile) -> Asked:
    """The targeting conditions of GrowthBook's SDK."""
    from growthbook.core import evalCondition

    condition = {"plan": "plan3", "visits": {"$gt": 5}, "city": {"$in": list(CITIES)}}
    return lambda: evalCondition(profile, condition)


ENGINES = {
    "datalogic-py": data_logic,
    "rule-engine": rule_engine,
    "zen-engine": zen,
    "growthbook": growthbook,
}


@cache
def _data_logic_engine() -> Any:
    import datalogic_py

    return datalogic_py.Engine()


def _data_logic_rule() -> Any:
    city = {"in": [{"var": "city"}, list(CITIES)]}
    return _data_logic_engine().compile(
        {"and": [{"==": [{"var": "plan"}, "plan3"]}, {">": [{"var": "visits"}, 5]}, city]}
    )


def _beside_a_lambda() -> Iterator[Row]:
    sides = {"ours": ours, "by hand": by_hand}
    times = times_of({name: _agreeing(side) for name, side in sides.items()})
    yield Row(
        "a check of three conditions, over a lambda written by hand", times["ours"] / times["by hand"], "times", 2,
        f"{times['ours']:.0f} over {times['by hand']:.0f} ns: {times['by hand'] / times['ours']:.2f} of its speed",
        PAIRS,
    )  # fmt: skip


def _beside_engines() -> Iterator[Row]:
    asked = {}
    for name, engine in ENGINES.items():
        try:
            asked[name] = _agreeing(engine)
        except ImportError as error:
            print(f"conditions: {name} is not installed, so it is left out ({error})")
    if not asked:
        return
    times = times_of({"ours": _agreeing(ours), **asked})
    mine = times.pop("ours")
    fastest = min(times, key=lambda name: times[name])
    yield Row(
        "the same check, over the fastest other engine", mine / times[fastest], "times", 0.2,
        f"{times[fastest] / mine:.1f} times as fast as {fastest}", PAIRS,
    )  # fmt: skip
    for name, taken in times.items():
        yield Row(f"  {name}, over ours", taken / mine, "times", None, f"{taken:,.0f} ns")
    if "datalogic-py" in times:
        yield from _beside_other_forms()


def _beside_other_forms() -> Iterator[Row]:
    """Text and an engine's own form are no data that a program can use: told, not held against us."""
    forms = {"JSON text": data_logic_of_text, "data it parsed before": data_logic_parsed}
    times = times_of({"ours": _agreeing(ours), **{name: _agreeing(form) for name, form in forms.items()}})
    for name in forms:
        ratio = times[name] / times["ours"]
        yield Row(f"  datalogic-py of {name}, over ours", ratio, "times", None, f"{times[name]:,.0f} ns")


def _agreeing(engine: Callable[[Profile], Asked]) -> Asked:
    """The question about the first profile, after each profile was answered as it should be."""
    for profile, holds in PROFILES:
        answer = engine(profile)()
        assert answer is holds, f"{engine.__name__} says {answer!r} of {profile}"
    return engine(PROFILES[0][0])


def times_of(asked: Mapping[str, Asked]) -> dict[str, float]:
    """The shortest time of each (ns) in rounds of about a millisecond; calling the question itself is taken off."""
    timers = {name: timeit.Timer(question) for name, question in {**asked, "": lambda: None}.items()}
    times = dict.fromkeys(timers, float("inf"))
    counts = {name: max(1, int(0.002 / min(timer.repeat(3, 1)))) for name, timer in timers.items()}
    for _ in range(ROUNDS):
        for name, timer in timers.items():
            times[name] = min(times[name], timer.timeit(counts[name]) / counts[name] * 1e9)
    calling = times.pop("")
    return {name: taken - calling for name, taken in times.items()}
