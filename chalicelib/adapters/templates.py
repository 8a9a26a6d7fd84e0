"""Liquid and MJML: what the playbook's templates are checked with, compiled with and filled in with.

Liquid never sees a customer's value as a template: values go in as data only. There is no loader, so there is
nothing to include; loops and output are bounded; what is not there is empty. In `html` and `mjml` every value
is escaped, without a way around it; a `subject` is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.adapters.liquid_bounds import bound_filters, one_template
from chalicelib.domain.mime import one_line

if TYPE_CHECKING:
    from liquid import BoundTemplate, Environment

MOST_OUTPUT = 65_536
MOST_STEPS = 10_000
MOST_LOCALS = 262_144
#: Fields that are HTML, and that are one line of text.
HTML = frozenset({"html", "mjml"})
LINES = frozenset({"subject"})
#: Tags that would read other templates, and the filter that would undo escaping.
_BARRED_TAGS = ("include", "render", "extends", "block")
_BARRED_FILTERS = ("safe",)

#: A made-up customer that publishing tries templates on; what a template asks beyond it is empty.
SAMPLE: Mapping[str, Any] = {
    "traits": {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "plan": "gold"},
    "place": {"slug": "us-ks-topeka", "city": "Topeka", "region": "KS", "country": "US"},
    "context": {"weather": {"rain_mm": 12}},
    "event": {"event": "Order Completed", "type": "track", "properties": {"total": 120}},
    "scores": {},
    "link": {},
}


class LiquidTemplates:
    """Parsed templates are kept, the latest 2,000 of them."""

    def prepare(self, content: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
        """The content with `mjml` compiled to `html`, and (path, what is wrong) for each fault."""
        from chalicelib.adapters.mjml_compiler import compile_mjml

        faults = list(_faults(content))
        prepared = dict(content)
        if "mjml" in prepared and not faults:
            html, fault = compile_mjml(str(prepared.pop("mjml")))
            prepared["html"] = html
            faults += [("mjml", fault)] if fault else []
        return prepared, tuple(faults)

    def render(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
        """The content filled in; None if a template fails or the whole comes to more than 64 KB."""
        from liquid.exceptions import LiquidError

        try:
            filled = {name: _walk(value, partial(_filled, name, data)) for name, value in content.items()}
        except (LiquidError, ValueError, TypeError, ArithmeticError, RecursionError):
            return None
        size = sum(len(text.encode(errors="replace")) for _, text in _texts(filled))
        return filled if size <= MOST_OUTPUT else None

    def try_out(self, content: Mapping[str, Any], links: Mapping[str, str]) -> dict[str, Any] | None:
        """The content as the sample customer would get it, with these links; None if a template fails."""
        return self.render(content, {**SAMPLE, "link": links})


def _faults(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each template that doesn't parse, or fails on the sample customer."""
    from liquid.exceptions import LiquidError

    for path, text in _texts(content):
        field = path.partition(".")[0].partition("[")[0]
        try:
            _filled(field, SAMPLE, text)
        except LiquidError as error:
            line = error.token.start_index if error.token is not None else 0
            at = text.count("\n", 0, max(0, line)) + 1
            wrong = f"{error.message or error} (line {at} of the template)"
            yield path, f"This template can't be filled in: {wrong}; correct it there."
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            yield (
                path,
                f"This template fails on a sample customer: {error}; give what may be missing a default.",
            )


def _filled(field: str, data: Mapping[str, Any], text: str) -> str:
    if "{" not in text:
        return one_line(text) if field in LINES else text
    with one_template():
        filled = _parsed(text, "html" if field in HTML else "text").render(**data)
    return one_line(filled) if field in LINES else str(filled)


@lru_cache(maxsize=2_000)
def _parsed(text: str, form: Literal["html", "text"]) -> BoundTemplate:
    return _environment(form).from_string(text)


@lru_cache(maxsize=2)
def _environment(form: Literal["html", "text"]) -> Environment:
    from liquid import Environment

    class Bounded(Environment):
        loop_iteration_limit = MOST_STEPS
        output_stream_limit = MOST_OUTPUT
        local_namespace_limit = MOST_LOCALS

    environment = Bounded(autoescape=form == "html")
    for tag in _BARRED_TAGS:
        environment.tags.pop(tag, None)
    for name in _BARRED_FILTERS:
        environment.filters.pop(name, None)
    bound_filters(environment)
    return environment


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _walk(inner, change) for name, inner in value.items()}
    return [_walk(inner, change) for inner in value] if isinstance(value, list | tuple) else value


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the value, with its dotted path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{place}]")
