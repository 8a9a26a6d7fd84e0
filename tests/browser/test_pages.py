"""The pages that e-mails lead to, in Debian's Chromium: read by axe, used without JavaScript, on a phone and a desk.

The browser asks the real app, its ports in memory. Skipped where Chromium or Playwright is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.domain import tokens
from chalicelib.domain.keys import Secrets
from chalicelib.domain.links import DAY
from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import SECRET, WRITE, Workspace, opened

CHROMIUM = shutil.which("chromium") or ""
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="Chromium is not installed (Debian: apt-get install chromium)"
)

PLAYBOOK = UMBRELLAS.replace(
    "topics:\n",
    "topics:\n  tips: {label: Tips, labels: {es: Consejos}, confirm: double}\n",
)
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
ADDRESS = "http://shop.test"
MOST_BYTES = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Ann reads English and has a number too; Luz reads Spanish. Both have a topic that waits to be confirmed."""
    with opened(monkeypatch) as workspace:
        workspace.publish(PLAYBOOK)
        for name, locale in (("ann", "en-US"), ("luz", "es-MX")):
            traits = {"email": f"{name}@example.com", "phone": f"+1785555012{len(locale)}"}
            workspace.identify(WRITE, userId=name, traits=traits, context={"locale": locale})
            said = {"channel": "email", "topic": "tips"}
            workspace.track("Permission Granted", userId=name, properties=said)
        yield workspace


class Window:
    """A window of the browser that asks the app; `asked` is all it asked for."""

    def __init__(self, browser: Any, shop: Workspace, *, scripts: bool = True, wide: int = 390) -> None:
        self.shop, self.asked, self.bytes = shop, list[str](), 0
        size = {"width": wide, "height": 800}
        self.page = browser.new_page(java_script_enabled=scripts, viewport=size)
        self.page.route("**/*", self._answer)

    def _answer(self, route: Any) -> None:
        request = route.request
        self.asked.append(f"{request.method} {urlsplit(request.url).path}")
        body = (request.post_data or "").encode()
        answer = self.shop.call(request.method, urlsplit(request.url).path, body, request.headers)
        self.bytes = len(answer.body)
        route.fulfill(status=answer.status_code, headers=answer.headers, body=answer.body)

    def show(self, path: str, scheme: str = "light") -> None:
        self.page.emulate_media(color_scheme=scheme)
        self.page.goto(ADDRESS + path)

    def keep(self, name: str) -> None:
        """Keep a screenshot, to be looked at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"page-{name}.png", full_page=True)

    def faults(self) -> list[tuple[str, str]]:
        """Each of axe's rules that is broken, and where."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
        broken = axe.Axe().run(self.page).response["violations"]
        return [(one["id"], node["html"][:120]) for one in broken for node in one["nodes"]]


def path_to(shop: Workspace, page: str, user: str = "ann") -> str:
    """The path of a page for a customer, as their e-mail has it."""
    id = shop.profile(f"user:{user}")["id"]
    hashed = Secrets(SECRET, SECRET).stop_hash("email", f"{user}@example.com")
    purposes: dict[str, tuple[str, dict[str, str]]] = {
        "p": ("preferences", {"p": id}),
        "u": ("unsubscribe", {"p": id, "c": "email", "t": "news"}),
        "yes": ("confirm", {"p": id, "t": "tips", "h": hashed, "w": "en-1"}),
    }
    purpose, claims = purposes[page]
    return f"/{page}/{tokens.mint(Secrets(SECRET, SECRET), purpose, claims, shop.clock() + DAY)}"


def state(shop: Workspace, channel: str, topic: str) -> str:
    return str(shop.profile("user:ann")["permissions"][channel][topic]["state"])


@pytest.mark.parametrize(("user", "wide", "scheme"), [("ann", 390, "light"), ("luz", 1280, "dark")])
def test_axe_finds_no_fault_in_any_page(
    browser: Any, shop: Workspace, user: str, wide: int, scheme: str
) -> None:
    """What is asked and what is answered, in English on a phone by day and in Spanish on a desk by night."""
    window = Window(browser, shop, wide=wide)
    for page in ("p", "u", "yes"):
        window.show(path_to(shop, page, user), scheme)
        assert window.page.locator("h1").count() == 1
        assert window.faults() == []
        assert window.page.evaluate("document.documentElement.scrollWidth") <= wide
        window.keep(f"{page}-{user}")
        window.page.locator("button").first.click()
        window.page.locator("[role=status]").wait_for()
        assert window.faults() == []
    window.show("/p/gone", scheme)
    assert window.faults() == []
    window.page.close()


def test_preferences_are_chosen_by_keyboard_and_without_javascript(browser: Any, shop: Workspace) -> None:
    window = Window(browser, shop, scripts=False)
    path = path_to(shop, "p")
    window.show(path)
    news = window.page.get_by_label("News").first
    offers = window.page.get_by_label("Offers").last
    assert news.is_checked() and not offers.is_checked()
    news.focus()
    window.page.keyboard.press("Space")
    offers.focus()
    window.page.keyboard.press("Space")
    window.page.get_by_role("button", name="Save").focus()
    window.page.keyboard.press("Enter")
    window.page.get_by_role("status").wait_for()
    assert (state(shop, "email", "news"), state(shop, "sms", "offers")) == ("denied", "granted")
    assert state(shop, "email", "tips") == "pending"
    assert not window.page.get_by_label("News").first.is_checked()
    assert window.asked == [f"GET {path}", f"POST {path}"], "a page loads nothing else"
    window.page.close()


def test_preferences_speak_the_customers_language(browser: Any, shop: Workspace) -> None:
    window = Window(browser, shop, scripts=False)
    window.show(path_to(shop, "p", "luz"))
    assert window.page.locator("html").get_attribute("lang") == "es"
    assert window.page.locator("h1").inner_text() == "¿Qué desea recibir?"
    assert window.page.get_by_label("Consejos (pendiente").count() == 1
    assert window.page.get_by_label("Offers").count() == 2, "what has no label in it keeps its own"
    window.page.close()


def test_preferences_stay_small_with_many_topics(browser: Any, shop: Workspace) -> None:
    topics = "".join(f"  topic_{at}: {{label: Everything about number {at}}}\n" for at in range(50))
    shop.publish(PLAYBOOK.replace("topics:\n", f"topics:\n{topics}"))
    window = Window(browser, shop, scripts=False)
    window.show(path_to(shop, "p"))
    assert window.page.get_by_role("checkbox").count() > 100
    assert 0 < window.bytes < MOST_BYTES
    window.page.close()
