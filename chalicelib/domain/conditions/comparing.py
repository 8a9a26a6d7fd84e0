"""What each comparison means, on plain JSON values.

- null is the same as missing, and a comparison with a missing value is false, also `not_in`. Only `is_not`,
  the exact opposite of `is`, is true of a missing value.
- A list matches if any of its elements does (so it `is_not` x when none of them is x).
- Text compares with text letter by letter, upper and lower case apart. A number and a text compare as
  numbers if the text is a plain decimal number (`5`, `-1.50`; not `05`, `1e3`): web forms send numbers as
  text.
  True and false equal only themselves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from chalicelib.domain.conditions import dates
from chalicelib.domain.conditions.model import Compare

Test = Callable[[Any, Any], bool]

NUMBERS = frozenset({int, float})
_LONGEST_NUMBER = 48
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,15})?")


def reach(value: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path: a value, None, or the list of all that is found where lists are on the way."""
    for place, name in enumerate(path):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list):
            return [reach(one, path[place:]) for one in spread(value)]
        else:
            return None
    return value


def spread(value: Any) -> Iterator[Any]:
    """The values in a value: itself, or the elements of lists in lists; none that is missing."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list | tuple):
            waiting.extend(reversed(one))
        elif one is not None:
            yield one


def number(value: Any) -> int | float | None:
    """The number that a value is or plainly says; None if it is none. NaN is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return None if math.isnan(value) else value
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _PLAIN_NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return None


def same(left: Any, right: Any) -> bool:
    """Equality across JSON: text and number by the number, booleans only with booleans."""
    if left.__class__ is right.__class__:
        return bool(left == right)
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    first, second = number(left), number(right)
    return first is not None and first == second


def above(left: Any, right: Any) -> bool:
    """Greater, as numbers."""
    first, second = number(left), number(right)
    return first is not None and second is not None and first > second


def at_least(left: Any, right: Any) -> bool:
    """Greater or equal, as numbers."""
    first, second = number(left), number(right)
    return first is not None and second is not None and first >= second


def below(left: Any, right: Any) -> bool:
    """Less, as numbers."""
    return above(right, left)


def at_most(left: Any, right: Any) -> bool:
    """Less or equal, as numbers."""
    return at_least(right, left)


def contains(left: Any, right: Any) -> bool:
    """Text holds the other text; of a list, an element that holds or is it."""
    if isinstance(left, str) and isinstance(right, str):
        return right in left
    return same(left, right)


def starts_with(left: Any, right: Any) -> bool:
    """Text begins so."""
    return isinstance(left, str) and isinstance(right, str) and left.startswith(right)


def ends_with(left: Any, right: Any) -> bool:
    """Text ends so."""
    return isinstance(left, str) and isinstance(right, str) and left.endswith(right)


def like(left: Any, right: Any) -> bool:
    """The whole text fits the pattern; `*` is any run of characters, all else is itself.

    Each fixed part is searched once, from left to right, so the time is linear in the text.
    """
    if not (isinstance(left, str) and isinstance(right, str)):
        return False
    first, *parts = right.split("*")
    if not parts:
        return left == first
    last = parts.pop()
    if len(left) < len(first) + len(last) or not left.startswith(first) or not left.endswith(last):
        return False
    at, end = len(first), len(left) - len(last)
    for part in parts:
        found = left.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


#: Comparisons of one element with one right side.
TESTS: dict[str, Test] = {
    "is": same,
    "in": same,
    "above": above,
    "at_least": at_least,
    "below": below,
    "at_most": at_most,
    "contains": contains,
    "starts_with": starts_with,
    "ends_with": ends_with,
    "like": like,
}


def matches(test: Test, left: Any, right: Any) -> bool:
    """Whether any value on the left passes the test with any on the right."""
    if left is None or right is None:
        return False
    if right.__class__ is not tuple and right.__class__ is not list:
        if left.__class__ is not tuple and left.__class__ is not list:
            return test(left, right)
        return any(test(one, right) for one in spread(left))
    return any(test(one, other) for one in spread(left) for other in spread(right))


def lacks(left: Any, right: Any) -> bool:
    """Whether there are values on both sides, and none on the left is any on the right."""
    return exists(left) and exists(right) and not matches(same, left, right)


def exists(value: Any) -> bool:
    """Whether there is any value."""
    return any(True for _ in spread(value))


def before(left: Any, right: Any, zone: str) -> bool:
    """The left date is earlier; dates without an offset are in `zone`."""
    first, second = dates.instant(left, zone), dates.instant(right, zone)
    return first is not None and second is not None and first < second


def after(left: Any, right: Any, zone: str) -> bool:
    """The left date is later."""
    return before(right, left, zone)


def near(left: Any, within: int, zone: str, now: int) -> bool:
    """The date is less than `within` ms away, past or future."""
    at = dates.instant(left, zone)
    return at is not None and abs(now - at) < within


def comes_round(left: Any, _today: str, zone: str, now: int) -> bool:
    """Today, on the customer's clock, is an anniversary of the date."""
    first, current = dates.day(left), dates.today(now, zone)
    return first is not None and current is not None and dates.is_anniversary(first, current)


def compares(compare: Compare, left: Any, right: Any, now: int, zone: str) -> bool:
    """A comparison of values already looked up; `zone` is the customer's clock."""
    operator = compare.operator
    if operator == "is_not":
        return not matches(same, left, right)
    if operator == "not_in":
        return lacks(left, right)
    if operator in TESTS:
        return matches(TESTS[operator], left, right)
    if operator == "exists":
        return exists(left) is right
    return matches(_dated(compare, now, zone), left, right)


def _dated(compare: Compare, now: int, zone: str) -> Test:
    if compare.operator == "before":
        return partial(before, zone=compare.zone)
    if compare.operator == "after":
        return partial(after, zone=compare.zone)
    if compare.operator == "within":
        return partial(near, zone=compare.zone, now=now)
    return partial(comes_round, zone=zone, now=now)
