"""Fills in the templates of this folder. Every value is escaped unless it is `Html`, which only we make."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from pathlib import Path
from string import Template

_HERE = Path(__file__).parent


class Html(str):
    """Markup that is already safe."""

    __slots__ = ()


def page(name: str, lang: str, title: str, **values: str) -> bytes:
    """A whole page around the template `name`, in the language of the code `lang`; its body may use `title` too."""
    body = fragment(name, title=title, **values)
    return fragment("page", lang=lang, title=title, style=Html(_style()), body=body).encode()


def fragment(name: str, **values: str) -> Html:
    """A template filled in; a value it lacks is a bug, and fails."""
    safe = {key: value if isinstance(value, Html) else escape(value) for key, value in values.items()}
    return Html(_template(name).substitute(safe))


@cache
def headers() -> dict[str, str]:
    """What every page is sent with: nothing loaded from anywhere, nothing kept, nothing told to the next site."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


@cache
def _template(name: str) -> Template:
    return Template((_HERE / f"{name}.html").read_text(encoding="utf-8"))


@cache
def _style() -> str:
    return (_HERE / "page.css").read_text(encoding="utf-8")
