"""Reads the wordings of a message, and finds the templates and links in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from chalicelib.domain.playbook.channels import SHAPES, goes_out
from chalicelib.domain.playbook.fields import Field
from chalicelib.domain.playbook.model import Variant
from chalicelib.domain.playbook.names import Names
from chalicelib.domain.playbook.setup import LANGUAGE

#: Links that every message we bring to the customer has, undeclared.
OWN_LINKS = ("unsubscribe", "preferences")
Contents = dict[str, dict[str, Any]]
_LINK = re.compile(r"(?<![\w.])link\.([A-Za-z_]\w*)")


def variants(field: Field, names: Names, links: Collection[str]) -> dict[str, Variant]:
    """Variants by name, in order."""
    return {name: _variant(name, one, names, links) for name, one in field.entries().items()}


def _variant(name: str, field: Field, names: Names, links: Collection[str]) -> Variant:
    entries = field.entries([*names.channels, "locales"])
    locales: dict[str, Contents] = {}
    for language, one in entries["locales"].entries().items() if "locales" in entries else ():
        if not LANGUAGE.fullmatch(language):
            one.fault(f"`{language}` is no language; write its code, such as es or pt-BR.")
        locales[language] = _contents(one.entries(names.channels), names, links)
    return Variant(name, _contents(entries, names, links), locales)


def _contents(entries: dict[str, Field], names: Names, links: Collection[str]) -> Contents:
    return {
        channel: _content(channel, one, links)
        for channel, one in entries.items()
        if channel in names.channels
    }


def _content(channel: str, field: Field, links: Collection[str]) -> dict[str, Any]:
    shape = SHAPES.get(channel)
    entries = field.entries(shape.known if shape else None, f"the fields of {channel}")
    if not entries and isinstance(field.value, dict):
        field.fault(f"There is nothing to say on {channel}; fill in its fields or remove it.")
    if shape and entries:
        for name in shape.needed:
            if name not in entries:
                field.fault(f"{channel} needs `{name}`.")
        if shape.either and not set(shape.either) & set(entries):
            field.fault(f"{channel} needs one of {', '.join(f'`{name}`' for name in shape.either)}.")
    if channel == "email" and "mjml" in entries and "html" in entries:
        field.fault("An email is written as `mjml` or as `html`; keep one of them.")
    if shape:
        content: dict[str, Any] = {name: one.text() for name, one in entries.items()}
        _check_link_field(entries, links)
    else:
        content = {name: plain(one) for name, one in entries.items()}
    brought = goes_out(channel) or channel == "inbox"
    for one in entries.values():
        _check_links(one, (*links, *OWN_LINKS) if brought else links)
    return content


def _check_link_field(entries: dict[str, Field], links: Collection[str]) -> None:
    one = entries.get("link")
    if one is not None and isinstance(one.value, str) and one.value not in links:
        one.fault(
            f"`{one.value}` is not declared under the message's `links`; {one.notes.suggest(one.value, links)}"
        )


def _check_links(field: Field, links: Collection[str]) -> None:
    for leaf in _leaves(field):
        for name in links_in(leaf.value) if isinstance(leaf.value, str) else ():
            if name not in links:
                leaf.fault(
                    f"The template uses `link.{name}`, which is not declared under the message's `links`; "
                    f"{leaf.notes.suggest(name, links)}"
                )


def _leaves(field: Field) -> Iterator[Field]:
    if isinstance(field.value, dict):
        for one in field.entries().values():
            yield from _leaves(one)
    elif isinstance(field.value, list):
        for one in field.items():
            yield from _leaves(one)
    else:
        yield field


def plain(field: Field) -> Any:
    """The value without its lines, for channels that take any fields."""
    if isinstance(field.value, dict):
        return {name: plain(one) for name, one in field.entries().items()}
    if isinstance(field.value, list):
        return [plain(one) for one in field.items()]
    return field.value


def links_in(text: str) -> Iterator[str]:
    """The names of links that a template's tags use, each time they do."""
    for inside in _tags(text):
        yield from _LINK.findall(inside)


def _tags(text: str) -> Iterator[str]:
    """What stands in `{{ }}` and `{% %}`; one pass over the text."""
    at = text.find("{")
    while at >= 0:
        close = {"{{": "}}", "{%": "%}"}.get(text[at : at + 2])
        end = text.find(close, at + 2) if close else at
        if end < 0:
            return
        if close:
            yield text[at + 2 : end]
        at = text.find("{", end + 1)
