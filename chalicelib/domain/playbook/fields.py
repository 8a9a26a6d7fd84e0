"""Typed reading of nodes: each reader gives the value, or notes a fault and gives None."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.conditions import dates
from chalicelib.domain.playbook import units
from chalicelib.domain.playbook.model import Fault
from chalicelib.domain.playbook.reading import MOST_FAULTS, Node

#: Looking for the likest of many names is slow; after so many names it is given up.
MOST_COMPARED = 20_000
MOST_NAMED = 8


@dataclass(slots=True)
class Notes:
    """The faults found so far."""

    faults: list[Fault] = field(default_factory=list)
    compared: int = 0

    def add(self, line: int, path: str, message: str) -> None:
        """Note a fault."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(line, path, message))

    def suggest(self, name: str, known: Collection[str]) -> str:
        """Words that lead from a wrong name to the right ones."""
        if not known:
            return "none is declared."
        self.compared += len(known)
        if self.compared > MOST_COMPARED:
            return "look at how it is declared."
        names = sorted(set(known))
        likest = difflib.get_close_matches(name, names, 1)
        if likest:
            return f"did you mean `{likest[0]}`?"
        shown = ", ".join(f"`{one}`" for one in names[:MOST_NAMED])
        return f"there is {shown}{' and more' if len(names) > MOST_NAMED else ''}."


def spot(path: str, name: str) -> str:
    """The path of a key below a path."""
    return f"{path}.{name}" if path else name


@dataclass(slots=True)
class Field:
    """A node, its path, and where faults go."""

    node: Node
    path: str
    notes: Notes

    @property
    def value(self) -> Any:
        """The value as YAML gives it."""
        return self.node.value

    def fault(self, message: str) -> None:
        """Note that something is wrong here."""
        self.notes.add(self.node.line, self.path, message)

    def entries(self, known: Collection[str] | None = None, what: str = "a mapping") -> dict[str, Field]:
        """The fields of a mapping; a key that is not `known` (None: any) is a fault."""
        if not isinstance(self.value, dict):
            self.fault(f"This must be {what}: `key: value` pairs.")
            return {}
        found = {key: Field(node, spot(self.path, key), self.notes) for key, node in self.value.items()}
        for key in found if known is not None else ():
            if known is not None and key not in known:
                found[key].fault(f"`{key}` is not known here; {self.notes.suggest(key, known)}")
        return found

    def items(self, what: str = "a list") -> list[Field]:
        """The fields of a list."""
        if not isinstance(self.value, list):
            self.fault(f"This must be {what}, such as [one, two].")
            return []
        return [Field(node, f"{self.path}[{at}]", self.notes) for at, node in enumerate(self.value)]

    def text(self) -> str | None:
        """Text that is not empty; a number written without quotes counts as its text."""
        value = self.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.node.text
        if not isinstance(value, str) or not value.strip():
            self.fault("This must be text; put it in quotes if it looks like something else.")
            return None
        return value

    def texts(self) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(text for one in self.items() if (text := one.text()) is not None)

    def one_of(self, names: Collection[str], what: str) -> str | None:
        """One of the names; `what` says what they are, as in `unknown topic`."""
        text = self.text()
        if text is None or text in names:
            return text
        self.fault(f"There is no {what} `{text}`; {self.notes.suggest(text, names)}")
        return None

    def some_of(self, names: Collection[str], what: str) -> tuple[str, ...]:
        """A list of such names, each once."""
        found: list[str] = []
        for one in self.items():
            name = one.one_of(names, what)
            if name in found:
                one.fault(f"`{name}` is listed twice; keep one.")
            elif name is not None:
                found.append(name)
        return tuple(found)

    def number(self, least: float = -math.inf, what: str = "a number") -> float | None:
        """A finite number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fault(f"This must be {what}, without quotes.")
            return None
        if value < least:
            self.fault(f"{value:g} is too small; it must be at least {least:g}.")
            return None
        return value

    def whole(self, least: float = 0) -> int | None:
        """A whole number."""
        value = self.number(least, "a whole number")
        if value is not None and value != int(value):
            self.fault("This must be a whole number.")
            return None
        return None if value is None else int(value)

    def flag(self) -> bool | None:
        """Either true or false."""
        if not isinstance(self.value, bool):
            self.fault("This must be true or false.")
            return None
        return self.value

    def duration(self) -> int | None:
        """A length of time in ms, above zero."""
        length = units.duration(self.value) if isinstance(self.value, str) else None
        if length is None:
            self.fault("This must be a length of time, such as 30m, 2h or 7d.")
        elif length == 0:
            self.fault("A window of no length never holds anything; write at least 1m.")
        return length or None

    def share(self) -> float | None:
        """A share between 0 and 1, written as 5% or 0.05."""
        share = units.share(self.value)
        if share is None:
            self.fault("This must be a share between 0 and 1, such as 5% or 0.05.")
        return share

    def clock(self) -> int | None:
        """A time of day, in minutes after midnight."""
        minutes = units.clock(self.value) if isinstance(self.value, str) else None
        if minutes is None:
            self.fault('This must be a time of day, such as "21:00".')
        return minutes

    def date(self, zone: str) -> int | None:
        """A date or time in ISO 8601, in ms; without an offset it is in `zone`."""
        at = dates.instant(self.value, zone) if isinstance(self.value, str) else None
        if at is None:
            self.fault("This must be a date, such as 2026-01-31 or 2026-01-31T09:00:00-06:00.")
        return at


def required(entries: Mapping[str, Field], names: Sequence[str], parent: Field, what: str) -> bool:
    """Whether all the names are there; each that is missing is a fault of the parent."""
    missing = [name for name in names if name not in entries]
    for name in missing:
        parent.fault(f"{what} needs `{name}`.")
    return not missing
