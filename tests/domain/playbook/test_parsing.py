"""Whole playbooks: the example of the playbook page, defaults, lines, and nonsense that must not raise."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.conditions.model import All, Compare, Did, InSegment, Not
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, Cap, Pause, Playbook, Quiet
from chalicelib.domain.playbook.parsing import parse, parse_with_lines
from chalicelib.domain.playbook.reading import read
from tests.domain.playbook.example import EXAMPLE

DAY = 86_400_000


def parsed(text: str) -> Playbook:
    """The playbook of a text without faults."""
    playbook, faults = parse(text)
    assert faults == ()
    assert playbook is not None
    return playbook


def test_the_example_is_read_whole() -> None:
    playbook = parsed(EXAMPLE)
    assert (playbook.name, playbook.timezone, playbook.currency) == (
        "Umbrella and sun",
        "America/Chicago",
        "USD",
    )
    assert playbook.identifiers == DEFAULT_IDENTIFIERS
    assert playbook.topics["offers"].confirm == "double"
    assert playbook.placements["email.slot.main"] == "email_slot"
    assert playbook.senders["sms"] == {"US": "+17855550100"}
    assert playbook.stop_words == {"es": ("baja", "alto")}
    assert playbook.segments["loyal"] == Did(
        "Order Completed",
        (),
        "at_least",
        3,
        90 * DAY,
        "",
        playbook.segments["loyal"].feature,  # type: ignore[union-attr]
    )
    assert playbook.moments["cart_abandoned"].hold == 3_600_000
    assert playbook.experiments["umbrella_copy"].split == (("plain", 0.5), ("cheerful", 0.5))


def test_the_examples_message() -> None:
    message = parsed(EXAMPLE).messages["umbrella_offer"]
    assert message.condition == All(
        (Compare("context", "weather.rain_mm", "above", 2), Not(InSegment("has_umbrella")))
    )
    assert message.goal_within == 3 * DAY
    assert (message.valid_from, message.valid_until) == (1_767_247_200_000, 1_798_783_200_000)
    assert list(message.variants) == ["plain", "cheerful"]
    assert message.variants["plain"].locales["es"] == {"sms": {"text": "..."}}


def test_the_examples_policies() -> None:
    policies = parsed(EXAMPLE).policies
    assert policies.caps[1] == Cap(1, DAY, channel="sms")
    assert policies.quiet == Quiet(21 * 60, 8 * 60, ("sms", "push"))
    assert policies.pause == Pause(3, 30)
    assert (policies.holdout, policies.explore, policies.silence) == (0.05, 0.05, 0.05)


def test_a_playbook_survives_storage() -> None:
    playbook = parsed(EXAMPLE)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(playbook), type=Playbook) == playbook


def test_only_version_and_name_are_needed() -> None:
    playbook = parsed("playbook: 1\nname: Small")
    assert playbook == Playbook("Small", identifiers=DEFAULT_IDENTIFIERS)


def test_shares_are_percent_or_fraction() -> None:
    texts = ("policies: {holdout: {share: 12.5%}}", "policies: {holdout: {share: 0.125}}")
    assert [parsed(f"playbook: 1\nname: Test\n{text}").policies.holdout for text in texts] == [0.125, 0.125]


def test_lines_lead_from_template_to_text() -> None:
    found = parse_with_lines(EXAMPLE)
    assert found.playbook is not None
    lines = EXAMPLE.split("\n")
    fields = [
        f"messages.{message.name}.variants.{variant.name}.{channel}.{field}"
        for message in found.playbook.messages.values()
        for variant in message.variants.values()
        for channel, content in variant.contents.items()
        for field in content
    ]
    assert fields
    for path in fields:
        assert f"{path.rsplit('.', 1)[1]}:" in lines[found.lines[path] - 1]


def test_an_unless_and_a_goal_can_be_asked_from_a_moment_on() -> None:
    playbook = parsed(EXAMPLE)
    unless, goal = playbook.moments["cart_abandoned"].unless, playbook.messages["umbrella_offer"].goal
    assert isinstance(unless, Did)
    assert isinstance(goal, Did)
    assert unless.feature == goal.feature != ""


def test_a_plain_did_needs_no_feature() -> None:
    playbook = parsed("playbook: 1\nname: Test\nsegments: {buyer: {did: Order Completed}}")
    assert playbook.segments["buyer"] == Did("Order Completed")


def test_names_may_be_used_before_they_are_declared() -> None:
    parsed("playbook: 1\nname: Test\nsegments: {a: {not: {segment: b}}, b: {trait: plan, is: gold}}")


scraps: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 10**20), st.floats(), st.text(max_size=8), st.just("1d")
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["all", "did", "is", "trait", "where", "per", "share", "x", ""]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


def _spots(value: Any) -> list[tuple[Any, Any]]:
    """Everything that can be replaced in a nested value: (container, key)."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, Any]] = []
    for key, one in keys:
        found += [(value, key), *_spots(one)]
    return found


def _plain(node: Any) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(one) for key, one in node.value.items()}
    return [_plain(one) for one in node.value] if isinstance(node.value, list) else node.value


@settings(max_examples=300)
@given(st.data())
def test_nonsense_anywhere_is_a_fault_and_never_an_exception(data: st.DataObject) -> None:
    root, _ = read(EXAMPLE)
    document = _plain(root)
    spots = _spots(document)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        container[key] = data.draw(scraps)
    playbook, faults = parse(json.dumps(document))
    assert (playbook is None) is bool(faults)
    assert all(fault.line >= 1 and fault.message for fault in faults)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_no_text_or_bytes_raise(text: str | bytes) -> None:
    playbook, faults = parse(text)
    assert playbook is None
    assert faults
