"""MJML to HTML, once, when a playbook is published; the Liquid inside survives untouched."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_MARK = re.compile(r"liquid0(\d+)x")
_RAW = re.compile(r"\{%-?\s*(raw|comment)\s*-?%\}.*?\{%-?\s*end\1\s*-?%\}", re.DOTALL)
_FONT_LINKS = re.compile(r"<link[^>]*fonts\.googleapis\.com[^>]*>", re.IGNORECASE)
_FONT_IMPORTS = re.compile(r"@import\s+url\([^)]*fonts\.googleapis\.com[^)]*\)\s*;?", re.IGNORECASE)
_EMPTY_STYLES = re.compile(r'<style type="text/css">\s*</style>')
_EMPTY_CONDITIONS = re.compile(r"<!--\[if !mso\]><!-->\s*<!--<!\[endif\]-->")


def compile_mjml(source: str) -> tuple[str, str]:
    """(HTML, what is wrong): one of the two is "".

    Liquid goes through as one word for each tag, so that `<`, `&` and quotes in it can't be taken for markup.
    Where such a word is lost, MJML allows no text there: between its own elements Liquid needs `<mj-raw>`.
    """
    if "<mj-include" in source.lower():
        return "", "mj-include reads files; write the part out here"
    if _RAW.search(source):
        return "", "raw and comment tags can't stand in MJML; use an HTML comment"
    tags: list[str] = []

    def put_away(match: re.Match[str]) -> str:
        tags.append(match.group())
        return f"liquid0{len(tags) - 1}x"

    if _MARK.search(source):
        return "", "a word like liquid00x stands for Liquid while MJML is compiled; write another"
    try:
        result = _compiler()(_LIQUID.sub(put_away, source))
    except Exception as error:  # noqa: BLE001 - the compiler raises whatever it trips over; each is a fault of the source
        return "", f"this MJML can't be compiled: {error}"
    if result.errors:
        return "", f"this MJML can't be compiled: {result.errors[0]}"
    lost = [tags[n] for n in range(len(tags)) if f"liquid0{n}x" not in result.html]
    if lost:
        return "", f"MJML drops {lost[0]} where it stands; between MJML elements wrap it in <mj-raw>"
    html = _without_font_host(result.html)
    return _MARK.sub(lambda match: tags[int(match.group(1))], html), ""


@cache
def _compiler() -> Any:
    """The compiler, with its template of a page parsed once: for each e-mail anew takes as long as all the rest."""
    from mjml import mjml_to_html
    from mjml.helpers import skeleton

    skeleton.Template = cache(skeleton.Template)
    return mjml_to_html


def _without_font_host(html: str) -> str:
    """The HTML without the public font host: a customer's opening must be told to nobody else."""
    for pattern in (_FONT_LINKS, _FONT_IMPORTS, _EMPTY_STYLES, _EMPTY_CONDITIONS):
        html = pattern.sub("", html)
    return html
