"""The starter's five e-mails as a customer sees them, in Debian's Chromium: on a phone and on a desk, by day and night.

Skipped where Chromium or Playwright is missing. The screenshots stay in `build/screenshots`, to be looked at.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.templates import LiquidTemplates
from chalicelib.domain.content import content_of
from chalicelib.domain.playbook.parsing import parse_with_lines

PROJECT = Path(__file__).parents[2]
SHOTS = PROJECT / "build" / "screenshots"
CHROMIUM = shutil.which("chromium") or ""
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="Chromium is not installed (Debian: apt-get install chromium)"
)

WIDTHS = {"phone": 390, "desktop": 1280}
EMAILS = [
    ("welcome", ""),
    ("welcome", "es"),
    ("cart", ""),
    ("receipt", ""),
    ("receipt", "es"),
    ("win_back", ""),
    ("digest", ""),
]
#: Of an element that shows text of its own.
SMALL = (
    "[...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) && one.offsetHeight > 1"
    " && parseFloat(getComputedStyle(one).fontSize) < 14"
)
#: Landmarks are the mail program's, in whose page an e-mail is one article.
RULES = {"rules": {"landmark-one-main": {"enabled": False}, "region": {"enabled": False}}}
#: Whatever picture is asked for: a landscape without words.
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800" viewBox="0 0 1200 800"'
    ' preserveAspectRatio="xMidYMid slice">'
    '<rect width="1200" height="800" fill="#9cc7cf"/><circle cx="900" cy="220" r="110" fill="#f4d58d"/>'
    '<path d="M0 800 L0 560 L330 330 L640 600 L860 450 L1200 640 L1200 800 Z" fill="#2f6d73"/></svg>'
)
PRODUCTS = [
    {
        "name": "Storm umbrella, black",
        "price": 39.5,
        "quantity": 1,
        "image_url": "https://cdn.example.com/p/1.png",
    },
    {
        "name": "Wide-brimmed sun hat with a chin strap",
        "price": 24,
        "quantity": 2,
        "image_url": "https://cdn.example.com/p/2.png",
    },
    {"name": "Gift wrapping", "price": 3.05},
]
STORIES = [
    {
        "title": f"{title}",
        "summary": summary,
        "image": f"https://cdn.example.com/s/{at}.png",
        "alt": f"A picture of {title.lower()}",
        "slug": f"s{at}",
    }
    for at, (title, summary) in enumerate(
        [
            (
                "How an umbrella survives the wind",
                "Fibreglass ribs bend where steel breaks. We visited the people who make them, and broke a few.",
            ),
            ("Shade, measured", "What a brim of ten centimetres does at noon in July."),
            (
                "Rain in Topeka",
                "Fifty years of June, in one chart, and why the afternoons are wetter than they were.",
            ),
        ]
    )
]
DATA = {
    "traits": {"firstName": "Ada"},
    "event": {"properties": {"order_id": "A-1042", "total": 90.55, "products": PRODUCTS}},
    "context": {"stories": STORIES},
    "link": {
        name: f"https://shop.example.com/c/{name}"
        for name in ("shop", "cart", "order", "first", "second", "third", "unsubscribe", "preferences")
    },
}


@pytest.fixture(scope="module")
def letters() -> dict[tuple[str, str], str]:
    """The HTML of each e-mail in each language, filled in for Ada."""
    draft = parse_with_lines((PROJECT / "events/starter/playbook.yaml").read_bytes()).draft
    assert draft is not None
    templates, found = LiquidTemplates(), {}
    for name, locale in EMAILS:
        prepared, faults = templates.prepare(content_of(draft.messages[name], "plain", "email", locale) or {})
        filled = templates.render(prepared, DATA)
        assert not faults and filled is not None
        found[name, locale] = filled["html"]
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Seen:
    """An e-mail in a window, and what it asked for that is no picture."""

    def __init__(self, browser: Any, name: str, html: str) -> None:
        self.name, self.html, self.others = name, html, list[str]()
        self.page = browser.new_page()
        self.page.route("**/*", self._answer)
        self.page.set_content(html)

    def _answer(self, route: Any) -> None:
        if route.request.resource_type == "image":
            route.fulfill(body=PICTURE, content_type="image/svg+xml")
        else:
            self.others.append(route.request.url)
            route.abort()

    def at(self, window: str, scheme: str) -> None:
        """Show it in a window of that width, by day or night, and keep a screenshot of the whole."""
        self.page.set_viewport_size({"width": WIDTHS[window], "height": 600})
        self.page.emulate_media(color_scheme=scheme)
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{self.name}-{window}-{scheme}.png", full_page=True)

    def count(self, condition: str, among: str) -> int:
        """How many of the elements fulfil a condition in JavaScript on `one`."""
        found = f"[...document.querySelectorAll('{among}')].filter(one => {condition}).length"
        return int(self.page.evaluate(found))

    def faults(self, axe: Any) -> list[tuple[str, str]]:
        """Each of axe's rules that is broken, and where."""
        broken = axe.run(self.page, options=RULES).response["violations"]
        return [(one["id"], node["html"][:120]) for one in broken for node in one["nodes"]]


@pytest.fixture(scope="module", params=EMAILS, ids="-".join)
def seen(request: pytest.FixtureRequest, browser: Any, letters: dict[tuple[str, str], str]) -> Iterator[Seen]:
    """One e-mail, opened."""
    one = Seen(browser, "-".join(filter(None, request.param)), letters[request.param])
    yield one
    one.page.close()


@pytest.mark.parametrize("window", WIDTHS)
def test_an_e_mail_looks_right(seen: Seen, window: str) -> None:
    seen.at(window, "light")
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= WIDTHS[window], "it would have to be scrolled sideways"
    assert seen.count("!one.complete || !one.naturalWidth || one.offsetWidth > innerWidth", "img") == 0
    assert seen.count(SMALL, "p, td, a, h1, h2, div") == 0
    assert seen.count("one.offsetHeight < 44", ".act a") == 0, "a finger needs 44 px"
    assert seen.count("true", "h1") == 1


def test_an_e_mail_has_no_fault_that_axe_finds_by_day_or_night(seen: Seen) -> None:
    """Contrast, languages, texts for pictures, names of links, headings."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    seen.at("phone", "light")
    assert seen.faults(axe) == []
    seen.at("phone", "dark")
    assert seen.faults(axe) == []
    background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(16, 23, 28)", "the night's colours are not in force"


def test_an_e_mail_reads_without_its_pictures_and_loads_nothing_else(seen: Seen) -> None:
    pictures = re.findall(r"<img\b[^>]*>", seen.html)
    assert all(re.search(r'alt="[^"]{3,}"', one) for one in pictures)
    assert seen.others == []
    assert len(seen.html.encode()) < 102_000, "Gmail clips what is longer than 102 KB"
