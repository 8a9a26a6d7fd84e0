"""A decision, beside Vowpal Wabbit's contextual bandit choosing among as many arms: `cb_explore_adf`, predict.

Theirs is told a context of thirty features and the arms, and answers with a probability for each arm. Ours does what
a decision does: permission, validity, conditions, caps and quiet hours of each message, score, choice, variant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.rules import Rules
from tests.bench.conditions import Asked, times_of
from tests.bench.deciding import customer, once
from tests.bench.rows import Row

ARMS = (10, 100)


def run() -> Sequence[Row]:
    """Ratios of time; every message is for this customer, as every arm is open to the bandit."""
    try:
        return list(_beside())
    except ImportError as error:
        print(f"bandits: vowpalwabbit is not installed, so there is nothing to stand beside ({error})")
        return []


def _beside() -> Iterator[Row]:
    for arms in ARMS:
        ours, theirs = _ours(arms), _theirs(arms)
        times = times_of({"ours": ours, "theirs": theirs})
        note = f"{times['ours'] / 1000:.0f} over {times['theirs'] / 1000:.0f} us"
        name = f"deciding among {arms} messages, over Vowpal Wabbit among {arms} arms"
        yield Row(name, times["ours"] / times["theirs"], "times", None, note)


def _ours(arms: int) -> Asked:
    rules, profile = rules_for_all(arms), customer()
    decision: Any = once(rules, profile)
    assert decision.outcome == "offer", decision
    return lambda: once(rules, profile)


def _theirs(arms: int) -> Asked:
    from vowpalwabbit import Workspace

    workspace = Workspace("--cb_explore_adf --epsilon 0.05 --quiet")
    traits = customer().facts.traits
    numbers = (f"{name}:{one.value}" for name, one in traits.items() if isinstance(one.value, int))
    shared = "shared |c " + " ".join((*numbers, "plan=plan3", "city=Topeka"))
    lines = [shared, *(f"|a message={n}" for n in range(arms))]
    workspace.learn([lines[0], f"0:-1:0.5 {lines[1]}", *lines[2:]])
    shares = workspace.predict(lines)
    assert len(shares) == arms
    assert abs(sum(shares) - 1) < 0.001
    return lambda: workspace.predict(lines)


def rules_for_all(count: int) -> Rules:
    """So many offers of three conditions each, all of which hold for `customer`."""
    messages = "\n".join(
        f"  offer{n}: {{kind: offer, topic: offers, placements: [web.home], value: {1 + n % 7}, for: {{all: "
        f"[{{trait: plan, is: plan3}}, {{trait: visits, above: {n % 5}}}, {{trait: city, starts_with: T}}]}}, "
        f"variants: {{v: {{web: {{headline: Offer {n}}}}}}}}}"
        for n in range(count)
    )
    head = "playbook: 1\nname: bench\ntopics: {offers: {label: Offers, default: assume}}\n"
    text = f"{head}placements: {{web.home: {{channel: web}}}}\nmessages:\n{messages}\n"
    playbook, faults = parse(text)
    assert playbook is not None, faults
    return compile_playbook(playbook, 1)
