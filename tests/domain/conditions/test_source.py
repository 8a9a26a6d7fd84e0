"""The compiled checks mean what the interpreter says, and run no text of the playbook."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from chalicelib.domain.conditions.interpreting import holds
from chalicelib.domain.conditions.model import All, Compare, Condition, Did, InSegment, Not
from chalicelib.domain.conditions.module import from_bytes
from chalicelib.domain.conditions.source import Compiler
from chalicelib.domain.rules import Subject
from tests.domain.conditions.random_conditions import conditions, subjects
from tests.domain.conditions.situations import compiled

HOSTILE = "x'); __import__('os').abort() #\n\"\"\""


@settings(max_examples=400)
@given(conditions(), subjects())
def test_compiled_equals_interpreted(condition: Any, subject: Any) -> None:
    assert bool(compiled(condition)(subject)) is holds(condition, subject)


LEFTS: tuple[Any, ...] = (
    None, True, False, 0, 1, 5, 5.0, 0.5, -1, math.nan, 10**20, "", "5", "05", "ab", "abab", "ba", "true",
    [], [None], ["ab", 5], [[5.0]], ["x", ["ba"]], [True], {}, {"a": "ab"},
)  # fmt: skip
TEXTS: tuple[Any, ...] = ("ab", "a", "b", "5", "5.0", "a*b", "*a", "")
NUMBERS: tuple[Any, ...] = (0, 1, 5, 0.5, 5.0, 10**20)
RIGHTS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("contains", "starts_with", "ends_with", "like"), TEXTS),
    **dict.fromkeys(("above", "at_least", "below", "at_most"), NUMBERS),
    **dict.fromkeys(("is", "is_not"), (*TEXTS, *NUMBERS, True, False)),
    **dict.fromkeys(("in", "not_in"), (TEXTS, NUMBERS, ("ab", 5), (True,), ("x",), (1, False), (0.5,))),
    "exists": (True, False),
}


@pytest.mark.parametrize("operator", RIGHTS)
def test_every_shortcut_means_what_the_interpreter_says(operator: Any) -> None:
    for right in RIGHTS[operator]:
        compare = Compare("trait", "x", operator, right)
        check = compiled(compare)
        for left in LEFTS:
            subject = Subject(now=0, traits={"x": left})
            assert bool(check(subject)) is holds(compare, subject), (left, operator, right)


@settings(max_examples=50)
@given(conditions(), subjects())
def test_a_module_that_was_kept_answers_the_same(condition: Any, subject: Any) -> None:
    compiler = Compiler()
    name = compiler.add(condition)
    kept = from_bytes(compiler.module().to_bytes())
    assert bool(kept.functions()[name](subject)) is holds(condition, subject)


@settings(max_examples=25)
@given(conditions())
def test_all_of_a_kept_function_is_in_its_line(condition: Any) -> None:
    compiler = Compiler()
    compiler.add(Compare("trait", "plan", "is", "gold"))
    compiler.add(condition)
    functions: dict[str, Any] = dict(from_bytes(compiler.module().to_bytes()).functions())
    for code in [function.__code__ for function in functions.values()]:
        lines = [first for first, *_ in code.co_positions()]
        assert set(lines) == {code.co_firstlineno}
        assert len(lines) == len(code.co_code) // 2


@given(conditions())
def test_a_condition_survives_storage(condition: Any) -> None:
    stored = msgspec.msgpack.encode(condition)
    again = msgspec.msgpack.decode(stored, type=Condition)
    assert msgspec.json.encode(again) == msgspec.json.encode(condition)


def test_no_text_of_the_playbook_is_in_the_source() -> None:
    compiler = Compiler()
    compare = Compare("trait", HOSTILE, "is", HOSTILE)
    check = compiler.add(All((compare, InSegment(HOSTILE), Did(HOSTILE, feature=HOSTILE))))
    assert "__import__" not in compiler.source()
    subject = Subject(now=0, traits={HOSTILE: HOSTILE}, segments=frozenset({HOSTILE}))
    assert compiler.build()[check](subject) is False


def test_equal_conditions_share_one_function() -> None:
    compiler = Compiler()
    names = {compiler.add(Compare("trait", "plan", "is", "gold")) for _ in range(3)}
    assert len(names) == 1


def test_true_and_1_are_not_shared() -> None:
    compiler = Compiler()
    names = [compiler.add(Compare("trait", "vip", "is", value)) for value in (True, 1, 1.0)]
    checks = compiler.build()
    assert [checks[name](Subject(now=0, traits={"vip": True})) for name in names] == [True, False, False]


def test_deep_conditions_compile() -> None:
    condition: Condition = Compare("trait", "plan", "is", "gold")
    for _ in range(40):
        condition = Not(All((condition,)))
    assert compiled(condition)(Subject(now=0, traits={"plan": "gold"})) is True
