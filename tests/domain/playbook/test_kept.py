"""What is kept of a version: the same rules come out of it, from any compiler and any Python."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Iterator
from types import CodeType
from typing import Any

import msgspec
import pytest

from chalicelib.domain.conditions import module
from chalicelib.domain.conditions.source import Compiler
from chalicelib.domain.playbook import kept
from chalicelib.domain.playbook.compiler import compile_playbook, conditions_in, prepare
from chalicelib.domain.playbook.kept import keep, kept_rules
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import FeatureState
from chalicelib.domain.rules import Check, Rules, Subject
from tests.domain.playbook.example import EXAMPLE

NOW = 1_800_000_000_000
HOSTILE = "x'); __import__('os').abort() #"
MADE = (1, "a8ef9a21")
"""The form, and a hash of what is generated in it."""

EVERY_FORM = """
playbook: 1
name: Every form
topics: {offers: {label: Offers}}
segments:
  text: {all: [{trait: a, is: x}, {trait: b.c, is_not: "5"}, {trait: a.b.c, starts_with: x}, {trait: d, contains: x}]}
  more: {any: [{trait: a, ends_with: x}, {trait: b, like: "x*y"}, {trait: c, in: [x, y]}, {trait: d, not_in: [x, 1]}]}
  numbers: {all: [{trait: a, above: 1}, {trait: b, at_most: 2.5}, {trait: c, in: [1, 2]}, {trait: d, is: 1}]}
  others: {any: [{trait: a, exists: true}, {not: {trait: b, is: true}}, {place: us-ks-topeka}, {segment: text}]}
  dates: {any: [{trait: a, before: 2026-01-01}, {trait: b, within: 7d}, {trait: c, anniversary: today}]}
  did: {any: [{did: A}, {did: B, above: 2, within: 7d}, {did: C, total: revenue, below: 9, within: 1d}]}
  where: {did: A, where: [{property: category, is: hats}]}
  state: {any: [{permission: sms, topic: offers, is: granted}, {received: m}, {received: m, within: 7d}]}
moments: {m: {event: A, when: {event: properties.a, contains: {event: properties.b}}, hold: 1h, unless: {did: B}}}
messages:
  m:
    topic: offers
    moments: [m]
    channels: [sms]
    for: {all: [{context: a.b, at_least: 1}, {score: clv, below: 5}, {trait: a, not_in: [x, y]}]}
    weights: [{when: {trait: a, is: x}, times: 2}]
    goal: {did: A, within: 1d}
    variants: {v: {sms: {text: a}}}
policies: {suppress: [{topic: offers, audience: {segment: text}}]}
"""


def playbook_of(text: str) -> Playbook:
    playbook, faults = parse(text)
    assert playbook is not None, faults
    return playbook


def changed(data: bytes, **values: Any) -> bytes:
    """What is kept, with other values of some names."""
    return msgspec.msgpack.encode({**msgspec.msgpack.decode(data), **values})


def checks_of(rules: Rules) -> Iterator[tuple[str, Check | None]]:
    """Every compiled function, by where it stands."""
    yield from rules.segments.items()
    for name, moment in rules.moments.items():
        yield from ((f"{name}.when", moment.when), (f"{name}.unless", moment.unless))
    for name, message in rules.messages.items():
        yield from ((f"{name}.for", message.check), (f"{name}.goal", message.goal))
        yield from ((f"{name}.weight", check) for check, _ in message.weights)
    for event, needed in rules.features_by_event.items():
        yield from ((f"{event}/{feature.key}", check) for feature, check in needed)
    yield from rules.suppress


def subjects(rules: Rules) -> Iterator[Subject]:
    """A customer who did nothing, and one who did everything often."""
    yield Subject(now=NOW)
    yield Subject(
        now=NOW,
        traits={"complaint": "open"},
        context={"weather": {"rain_mm": 12}},
        event={"properties": {"total": 120, "products": [{"category": "umbrella"}]}},
        features={key: FeatureState(times=[(NOW - n, str(n)) for n in (3, 2, 1)]) for key in rules.features},
        segments=frozenset(rules.segments),
    )


def answers(rules: Rules) -> list[tuple[str, bool | None]]:
    return [
        (where, None if check is None else bool(check(subject)))
        for subject in subjects(rules)
        for where, check in checks_of(rules)
    ]


def same_rules(first: Rules, second: Rules) -> bool:
    """The same data, and functions that answer alike."""
    names = ("version", "playbook", "features", "fingerprint")
    assert {True, False, None} == {answer for _, answer in answers(first)}
    return (
        [getattr(first, name) for name in names] == [getattr(second, name) for name in names]
        and [list(getattr(first, name)) for name in ("by_event", "by_segment", "by_moment", "by_placement")]
        == [list(getattr(second, name)) for name in ("by_event", "by_segment", "by_moment", "by_placement")]
        and answers(first) == answers(second)
    )


def test_the_rules_come_out_as_they_went_in(monkeypatch: pytest.MonkeyPatch) -> None:
    playbook = playbook_of(EXAMPLE)
    data = keep(playbook)
    monkeypatch.setattr(module, "compiled", None)  # nothing is compiled again
    monkeypatch.setattr("chalicelib.domain.conditions.source.compiled", None)
    loaded = kept_rules(data, 7)
    monkeypatch.undo()
    assert same_rules(loaded, compile_playbook(playbook, 7))


@pytest.mark.parametrize("tag", ["", "0/cpython-27/00", module.TAG + "x"])
def test_what_another_compiler_or_python_made_is_not_run_but_made_anew(tag: str) -> None:
    playbook = playbook_of(EXAMPLE)
    foreign = changed(keep(playbook), compiled_by=tag, compiled=["never", "read"])
    assert same_rules(kept_rules(foreign, 7), compile_playbook(playbook, 7))


def test_a_version_kept_without_its_compiled_form_is_compiled() -> None:
    playbook = playbook_of(EXAMPLE)
    assert same_rules(kept_rules(msgspec.msgpack.encode(playbook), 3), compile_playbook(playbook, 3))


def test_a_worker_that_knows_only_playbooks_reads_the_playbook() -> None:
    playbook = playbook_of(EXAMPLE)
    assert msgspec.msgpack.decode(keep(playbook), type=Playbook) == playbook


def test_a_playbook_of_nothing_is_kept() -> None:
    playbook = playbook_of("playbook: 1\nname: Nothing\n")
    assert kept_rules(keep(playbook), 1).playbook == playbook


def test_nothing_the_playbook_says_is_in_the_code() -> None:
    playbook = playbook_of(
        f"playbook: 1\nname: x\nsegments: {{{json.dumps(HOSTILE)}: {{trait: {json.dumps(HOSTILE)}, is: 1}},"
        f"b: {{did: {json.dumps(HOSTILE)}, where: [{{property: {json.dumps(HOSTILE)}, is: a}}]}}}}\n"
    )
    code = prepare(playbook).module.code
    assert not [text for text in _texts(code) if "__import__" in text]
    assert [text for text in _texts(code) if text == "traits"]


def _texts(code: CodeType) -> Iterator[str]:
    yield from (code.co_name, code.co_filename, *code.co_names, *code.co_varnames, *code.co_freevars)
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _texts(one)
        else:
            yield repr(one)


def test_an_error_in_a_kept_function_can_be_told() -> None:
    rules = kept_rules(keep(playbook_of(EXAMPLE)), 1)
    try:
        rules.segments["complaint_open"](None)  # type: ignore[arg-type]
    except AttributeError:
        assert '"<playbook>"' in traceback.format_exc()
    else:
        pytest.fail("there is no such customer")


def test_names_for_other_conditions_than_there_are_are_not_used() -> None:
    playbook = playbook_of(EXAMPLE)
    data = keep(playbook)
    fewer = msgspec.msgpack.decode(data)["compiled"]
    fewer[kept._Compiled.__struct_fields__.index("names")].pop()
    assert same_rules(kept_rules(changed(data, compiled=fewer), 7), compile_playbook(playbook, 7))


def test_who_changes_what_is_generated_raises_the_form() -> None:
    """Else workers would run what an older compiler kept, where its names mean something else by now."""
    prepared = prepare(playbook_of(EVERY_FORM))
    compiler = Compiler()
    for condition in conditions_in(playbook_of(EVERY_FORM)):
        compiler.add(condition)
    made = [compiler.source(), prepared.names, prepared.wheres, kept._Compiled.__struct_fields__]
    found = hashlib.blake2b(json.dumps(made).encode(), digest_size=4).hexdigest()
    assert (module.FORM, found) == MADE, "raise module.FORM, and write both here"
