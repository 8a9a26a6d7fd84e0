"""Reads YAML 1.2 (core schema) into nodes that know their line; what does not belong becomes a fault.

PyYAML reads YAML 1.1, so only its events are used and values are made by `core_schema.py`. Aliases, anchors
and tags are refused as they come by, before anything could grow from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.playbook.core_schema import resolve
from chalicelib.domain.playbook.model import Fault

MOST_BYTES = 2_000_000
MOST_LEVELS = 40
#: Keys, values, and the marks where lists and mappings begin and end: 1,000 messages have about 60,000.
MOST_PARTS = 150_000
MOST_FAULTS = 200
#: What YAML 1.2 calls not printable.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """A value and where it stands: `value` is a scalar, a list of nodes, or a dict of nodes by key.

    `line` is that of its key (of itself in a list), 1-based. `text` is a scalar as written, and `plain` says
    it was written without quotes.
    """

    line: int
    value: Any
    text: str = ""
    plain: bool = False


class Unreadable(Exception):
    """Reading cannot go on; carries the fault."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(line, "", message)


def read(text: str | bytes) -> tuple[Node | None, list[Fault]]:
    """The document's root and the faults of its form; the root is None if nothing can be made of it."""
    faults: list[Fault] = []
    try:
        return _Builder(faults).build(_events(_decoded(text))), faults
    except Unreadable as ended:
        return None, [*faults, ended.fault]


def _decoded(text: str | bytes) -> str:
    """The text, checked for size and for characters that YAML does not have."""
    raw = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    if len(raw) > MOST_BYTES:
        raise Unreadable(1, "The playbook is over 2 MB; leave out what is not needed.")
    try:
        decoded = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "This line is not UTF-8; save the file as UTF-8.") from None
    found = _UNPRINTABLE.search(decoded)
    if found:
        line = decoded.count("\n", 0, found.start()) + 1
        raise Unreadable(line, f"A control character (U+{ord(found.group()):04X}) stands here; remove it.")
    return decoded


def _events(text: str) -> Iterator[Any]:
    """PyYAML's events of the text; its complaints become faults."""
    import yaml

    try:
        yield from yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be read"
        line = mark.line + 1 if mark else 1
        if mark and text[mark.index : mark.index + 1] == "\t":
            raise Unreadable(line, "A tab stands here; YAML is indented with spaces only.") from None
        raise Unreadable(
            line, f"This is not YAML: {problem}. Check indentation, quotes and colons."
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Unreadable(1, "This is not YAML. Check indentation, quotes and colons.") from None


@dataclass(slots=True)
class _Open:
    """A mapping or list being filled; `key` is the mapping's key that waits for its value."""

    node: Node
    path: str
    key: str | None = None
    key_line: int = 0
    lost: bool = False
    seen: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Puts events together to nodes."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults
        self._open: list[_Open] = []
        self._root: Node | None = None

    def build(self, events: Iterator[Any]) -> Node:
        """The root node of the only document."""
        for number, event in enumerate(events):
            name = type(event).__name__
            if number > MOST_PARTS:
                line = event.start_mark.line + 1
                raise Unreadable(
                    line, f"This has over {MOST_PARTS:,} keys and values; leave out what is not needed."
                )
            if name == "ScalarEvent":
                self._scalar(event)
            elif name in ("MappingStartEvent", "SequenceStartEvent"):
                self._start(event, {} if name == "MappingStartEvent" else [])
            elif name in ("MappingEndEvent", "SequenceEndEvent"):
                self._open.pop()
            elif name == "AliasEvent":
                line = event.start_mark.line + 1
                raise Unreadable(line, f"`*{event.anchor}` repeats another part; write the part out instead.")
            elif name == "DocumentStartEvent" and self._root is not None:
                line = event.start_mark.line + 1
                raise Unreadable(line, "A playbook is one document; remove what follows `---`.")
        if self._root is None:
            raise Unreadable(1, "The playbook is empty; it needs at least `playbook: 1` and `name`.")
        return self._root

    def _scalar(self, event: Any) -> None:
        line = event.start_mark.line + 1
        self._check_marks(event, line)
        if self._open and isinstance(self._open[-1].node.value, dict) and self._open[-1].key is None:
            self._key(event.value, line)
            return
        plain = event.implicit[0]
        self._place(Node(line, resolve(event.value) if plain else event.value, event.value, plain))

    def _start(self, event: Any, value: Any) -> None:
        line = event.start_mark.line + 1
        if len(self._open) >= MOST_LEVELS:
            raise Unreadable(line, f"This is nested more than {MOST_LEVELS} levels deep; make it flatter.")
        self._check_marks(event, line)
        parent = self._open[-1] if self._open else None
        if parent and isinstance(parent.node.value, dict) and parent.key is None:
            raise Unreadable(line, "A key must be a plain word, not a list or mapping.")
        node = Node(line, value)
        path = self._path()
        self._place(node)
        self._open.append(_Open(node, path))

    def _key(self, text: str, line: int) -> None:
        here = self._open[-1]
        here.key, here.key_line, here.lost = text, line, False
        if text in here.seen:
            first = here.seen[text]
            self._fault(line, f"`{text}` stands here twice (first in line {first}); keep one.")
            here.lost = True
        here.seen.setdefault(text, line)

    def _place(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        here = self._open[-1]
        if isinstance(here.node.value, list):
            here.node.value.append(node)
            return
        node.line = here.key_line
        if not here.lost:
            here.node.value[here.key] = node
        here.key = None

    def _path(self) -> str:
        """The path of what is about to be placed."""
        if not self._open:
            return ""
        here = self._open[-1]
        if isinstance(here.node.value, list):
            return f"{here.path}[{len(here.node.value)}]"
        return f"{here.path}.{here.key}" if here.path else str(here.key)

    def _check_marks(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            self._fault(line, f"The anchor `&{event.anchor}` is not allowed; write repeated parts out.")
        if event.tag is not None:
            self._fault(line, f"The tag `{event.tag}` is not allowed; write the plain value.")

    def _fault(self, line: int, message: str) -> None:
        if len(self._faults) >= MOST_FAULTS:
            raise Unreadable(
                line, f"Up to here there are {MOST_FAULTS} faults; mend those before, and read on then."
            )
        self._faults.append(Fault(line, self._path(), message))


def plain(node: Node) -> Any:
    """The value without its lines, as JSON would hold it."""
    if isinstance(node.value, dict):
        return {name: plain(one) for name, one in node.value.items()}
    if isinstance(node.value, list):
        return [plain(one) for one in node.value]
    return node.value
