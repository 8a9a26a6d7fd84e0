"""Bounds on what Liquid's filters make: python-liquid bounds loops, output and variables, but no filter's result.

`{{ 'aa' | replace: 'a', 'aaaaaaaa' | replace: ... }}` takes gigabytes before any of it is output, and
`{{ (1..100000000) | join }}` half a minute.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liquid import Environment

MOST_LETTERS = 262_144
"""Of a text, and of all texts in a list together."""
MOST_ITEMS = 10_000
"""Of a list or a range that a filter is given."""
MOST_WORK = 4_000_000
"""Letters and items that all filters of one template are given, in all; about half a second."""

_spent: ContextVar[list[int] | None] = ContextVar("liquid work", default=None)


@contextmanager
def one_template() -> Iterator[None]:
    """While inside, the filters' work counts together."""
    token = _spent.set([0])
    try:
        yield
    finally:
        _spent.reset(token)


def bound_filters(environment: Environment) -> None:
    """Let each filter of the environment fail, as templates fail, where it would be given or make too much."""
    for name, made in list(environment.filters.items()):
        environment.filters[name] = _bounded(name, made)


def _bounded(name: str, made: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(made)  # its marks too, by which Liquid passes the context
    def within(value: Any, *rest: Any, **named: Any) -> Any:
        sizes = [_size(each) for each in (value, *rest)]
        items = len(value) if isinstance(value, list | tuple | range) else 0
        _spend(sum(sizes) + (items * items // 8 if name == "uniq" else 0))
        if name == "join":
            _check(sizes[0] + items * (sizes[1] if rest else 1))
        if name == "replace" and rest:
            text, new = str(value), str(rest[1]) if len(rest) > 1 else ""
            _check(len(text) + text.count(str(rest[0])) * len(new))
        result = made(value, *rest, **named)
        _size(result)
        return result

    return within


def _size(value: Any) -> int:
    """Letters of a text, letters and items of a list. Raises Liquid's own error for more than there may be."""
    if isinstance(value, str):
        return _check(len(value))
    if isinstance(value, list | tuple | range):
        _check(len(value), MOST_ITEMS)
        texts = () if isinstance(value, range) else value
        return _check(len(value) + sum(len(each) for each in texts if isinstance(each, str)))
    return 1


def _check(size: int, most: int = MOST_LETTERS) -> int:
    if size > most:
        from liquid.exceptions import ResourceLimitError

        raise ResourceLimitError("a filter makes or is given too much", token=None)
    return size


def _spend(size: int) -> None:
    spent = _spent.get()
    if spent is not None:
        spent[0] += size
        _check(spent[0], MOST_WORK)
