"""Random playbooks, and customers as decisions see them, for the laws of deciding: few names, so that they meet."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from chalicelib.domain.conditions.model import All, AtPlace, Compare, InSegment
from chalicelib.domain.decision import Ask
from chalicelib.domain.learning import Learned
from chalicelib.domain.plans import plan_for
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.model import (
    Cap,
    Experiment,
    Message,
    Moment,
    Pause,
    Playbook,
    Policies,
    Suppress,
    Topic,
    Variant,
    Weight,
)
from chalicelib.domain.profile import Offer
from chalicelib.domain.rules import Rules
from chalicelib.domain.view import View
from tests.domain.conditions.random_conditions import NOW, conditions, subjects

HERO = Ask(cause="c", placement="hero", limit=2)
RAIN = Ask(cause="c", moment="rain")
REASONS: Any = st.sampled_from(["no-address", "no-permission", "stopped", "switched-off"])
dates = st.sampled_from([0, 0, 0, NOW - 1, NOW, NOW + 1])
words = st.sampled_from(["a", "b", "ab", "5", "us"])
exact: st.SearchStrategy[Any] = st.one_of(
    st.builds(Compare, st.sampled_from(["trait", "context"]), st.sampled_from("xyz"), st.just("is"), words),
    st.builds(Compare, st.just("trait"), st.just("x"), st.just("in"), st.lists(words, min_size=1).map(tuple)),
    st.sampled_from([InSegment("loyal"), InSegment("other"), AtPlace("us-ks-topeka")]),
)


def _all(conditions: Any) -> All:
    return All(conditions)


#: Conditions that an index can find by, alone and beside others, and those it can't.
wanted: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    exact,
    st.tuples(exact, conditions()).map(_all),
    st.tuples(exact, exact).map(_all),
    conditions(),
)


@st.composite
def messages(draw: st.DrawFn, name: str) -> Message:
    kind: Any = draw(st.sampled_from(["offer", "offer", "brand", "service"]))
    start = draw(dates)
    content = {"web": {"headline": "x"}, "sms": {"text": "x"}}
    names = ["plain", "bold"] if draw(st.booleans()) else ["plain"]
    return Message(
        name=name,
        kind=kind,
        topic=draw(st.sampled_from(["offers", "news"])),
        moments=("rain",),
        placements=("hero",),
        channels=("sms",),
        condition=draw(wanted),
        value=draw(st.sampled_from([0.0, 1.0, 2.5, 3.0])),
        weights=tuple(Weight(one, 1.5) for one in draw(st.lists(conditions(), max_size=1))),
        valid_from=start,
        valid_until=draw(dates.filter(lambda end: not end or end > start)),
        variants={one: Variant(one, content) for one in names},
    )


@st.composite
def playbooks(draw: st.DrawFn) -> Rules:
    """Up to eight messages under a few policies, compiled."""
    book = {f"m{n}": draw(messages(f"m{n}")) for n in range(draw(st.integers(1, 8)))}
    shares = st.sampled_from([0.0, 0.3, 1.0])
    policies = Policies(
        caps=tuple(Cap(draw(st.integers(1, 3)), 60_000, **one) for one in draw(_filters)),
        holdout=draw(shares),
        explore=draw(shares),
        silence=draw(st.sampled_from([0.0, 0.1])),
        pause=Pause(1, 1) if draw(st.booleans()) else None,
        suppress=tuple(Suppress("offers", one) for one in draw(st.lists(conditions(), max_size=1))),
    )
    tried = [one for one in book.values() if len(one.variants) > 1][:1]
    split = (("plain", 0.5), ("bold", 0.5))
    copy = [Experiment("copy", one.name, split, draw(st.booleans())) for one in tried]
    playbook = Playbook(
        name="random",
        topics={name: Topic(name, name, "assume") for name in ("offers", "news")},
        placements={"hero": "web"},
        moments={"rain": Moment("rain", "event", "Rain Started")},
        messages=book,
        policies=policies,
        experiments={one.name: one for one in copy},
    )
    return compile_playbook(playbook, 7)


_filters = st.lists(
    st.sampled_from([{}, {"topic": "offers"}, {"channel": "web"}, {"message": "m1"}]), max_size=2
)


@st.composite
def views(draw: st.DrawFn, rules: Rules, ask: Ask) -> View:
    """What a decision could read of somebody."""
    plan = plan_for(rules, ask.placement, ask.moment)
    channel = plan.channel or "sms"
    ways: Any = {
        group.key: draw(st.one_of(st.just((channel, None)), REASONS.map(lambda one: ("", one))))
        for group in plan.groups
    }
    subject = draw(subjects())
    subject.since, subject.scores = 0, {}
    offered = draw(st.lists(st.sampled_from(sorted(rules.messages)), max_size=2, unique=True))
    return View(
        rules=rules,
        subject=subject,
        seed=draw(st.text("abcdef", min_size=1, max_size=3)),
        stage=draw(st.sampled_from(["visitor", "known", "buyer"])),
        off=draw(
            st.dictionaries(st.sampled_from(["m0", "m2", "m99"]), st.just("template-failed"), max_size=2)
        ),
        arms=draw(st.sampled_from([{}, {"copy": ("bold", 5)}, {"copy": ("gone", 5)}])),
        offers=[Offer(name, "plain", f"d{name}", f"o{name}", NOW - 5, NOW + 5) for name in offered],
        ways=ways,
        room=[draw(st.integers(0, 3)) for _ in rules.playbook.policies.caps],
        paused={topic: draw(st.booleans()) for topic in sorted({group.key[0] for group in plan.groups})},
        quiet={"sms": draw(st.sampled_from([0, 0, NOW + 60_000]))},
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Learned:
    """What may have been learned."""
    odds = st.sampled_from([0.01, 0.05, 0.4])
    names = st.sampled_from(["m0", "m1", "m2"])
    best = draw(st.dictionaries(names.map(lambda one: f"{one}@web"), odds, max_size=3))
    return Learned(
        version=draw(st.integers(0, 3)),
        propensities=draw(st.dictionaries(names, st.fixed_dictionaries({"": odds, "web/buyer": odds}))),
        values=draw(st.dictionaries(names, st.sampled_from([0.5, 9.0]))),
        best={"hero": {"buyer": best}} if best else {},
        splits=draw(st.sampled_from([{}, {"copy": {"": (("plain", 0.2), ("bold", 0.8))}}])),
    )


def copied(view: View) -> View:
    """The same again, with memories of its own."""
    return View(
        rules=view.rules, subject=view.subject, seed=view.seed, stage=view.stage, off=view.off, arms=view.arms,
        offers=view.offers, ways=dict(view.ways), room=view.room, paused=dict(view.paused), quiet=dict(view.quiet),
    )  # fmt: skip


def stored(record: dict[str, Any]) -> dict[str, Any]:
    """A record as it comes back from where it was kept."""
    again: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    return again
