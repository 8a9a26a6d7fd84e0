"""The starter's playbook, published as it is: each of its five messages, from the event to the e-mail."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.entrypoints.workspace import OPERATOR, Workspace

STARTER = (Path(__file__).parents[2] / "events/starter/playbook.yaml").read_text()
MINUTE = 60_000
DAY = 86_400_000
CART: dict[str, Any] = {
    "products": [{"name": "Storm umbrella", "price": 39.5, "quantity": 2}, {"name": "Hat", "price": 24}]
}
ORDER: dict[str, Any] = {"order_id": "A-1042", "total": 103, **CART}


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """A workspace under the starter, in which Ada has said yes to everything by e-mail."""
    workspace.publish(STARTER)
    sign_up(workspace, "ada", "Ada", "en-US")
    return workspace


def sign_up(shop: Workspace, user: str, name: str, locale: str, **traits: str) -> None:
    context = {"locale": locale}
    shop.identify(
        userId=user, traits={"firstName": name, "email": f"{user}@example.com", **traits}, context=context
    )
    for topic in ("offers", "news"):
        said = {"channel": "email", "topic": topic, "state": "granted", "source": "form"}
        shop.call("PUT", f"/v1/profiles/user:{user}/permissions", said)
    shop.settle()


def does(shop: Workspace, event: str, user: str = "ada", **properties: Any) -> None:
    """The shop's own server tells what a customer did."""
    shop.clock.forward(1_000)
    shop.track(event, OPERATOR, userId=user, properties=properties)


def wait(shop: Workspace, until: int) -> None:
    """Let time pass, ringing what comes due."""
    while due := [at for at, _ in shop.agenda.jobs if at <= until]:
        shop.clock.now = max(shop.clock(), min(due))
        minute = min(due) // MINUTE * MINUTE
        shop.job_queue.send(
            [{"kind": "ring", "minute": minute, "shard": at, "cursor": ""} for at in range(4)]
        )
        shop.settle()
    shop.clock.now = max(shop.clock(), until)


def letter(shop: Workspace) -> EmailMessage:
    """The one e-mail that was sent."""
    (sent,) = shop.email_sender.sent
    message = message_from_bytes(sent.mime, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def said(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_it_is_published_without_a_fault_or_a_warning(workspace: Workspace) -> None:
    answer = workspace.call("PUT", "/v1/playbook", STARTER.encode())
    assert (answer.status_code, answer.json_body["warnings"]) == (200, [])


def test_who_signs_up_is_welcomed(shop: Workspace) -> None:
    does(shop, "Signed Up")
    welcome = letter(shop)
    assert welcome["Subject"] == "Welcome, Ada"
    assert "Welcome, Ada" in said(welcome, "html") and "/c/" in said(welcome, "html")
    assert "/c/" in said(welcome, "plain") and "1 Main Street" in said(welcome, "plain")
    assert welcome["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_in_spanish_who_reads_spanish(shop: Workspace) -> None:
    sign_up(shop, "lucia", "Lucía", "es-MX")
    does(shop, "Signed Up", "lucia")
    welcome = letter(shop)
    assert welcome["Subject"] == "Te damos la bienvenida, Lucía"
    assert 'lang="es"' in said(welcome, "html")


def test_who_never_said_yes_is_not_welcomed_but_has_a_receipt(shop: Workspace) -> None:
    shop.identify(userId="bob", traits={"email": "bob@example.com"}, context={"locale": "es"})
    does(shop, "Signed Up", "bob")
    assert not shop.email_sender.sent
    does(shop, "Order Completed", "bob", **ORDER)
    receipt = letter(shop)
    assert receipt["Subject"] == "Tu pedido A-1042"
    assert receipt["List-Unsubscribe"] is None


def test_a_cart_is_reminded_of_after_an_hour_unless_it_was_bought(shop: Workspace) -> None:
    sign_up(shop, "lucia", "Lucía", "en")
    does(shop, "Cart Updated", **CART)
    does(shop, "Cart Updated", "lucia", **CART)
    does(shop, "Order Completed", "lucia", **ORDER)
    shop.email_sender.sent.clear()
    wait(shop, shop.clock() + 50 * MINUTE)
    assert not shop.email_sender.sent
    wait(shop, shop.clock() + 30 * MINUTE)
    cart = letter(shop)
    assert (cart["Subject"], cart["To"]) == ("Still thinking about it, Ada?", "ada@example.com")
    assert "- Storm umbrella, quantity 2: $79.00" in said(cart, "plain")
    assert "$79.00" in said(cart, "html") and "$24.00" in said(cart, "html")


def test_an_order_has_its_receipt(shop: Workspace) -> None:
    does(shop, "Order Completed", **ORDER)
    receipt = letter(shop)
    assert receipt["Subject"] == "Your order A-1042"
    assert "Total: $103.00" in said(receipt, "plain")
    links = shop.deliveries.rows[shop.email_sender.sent[0].delivery].body["links"]
    assert links == {"order": "https://shop.example.com/orders/A-1042"}


def test_who_has_not_bought_for_sixty_days_is_won_back(shop: Workspace) -> None:
    does(shop, "Order Completed", **ORDER)
    shop.email_sender.sent.clear()
    wait(shop, shop.clock() + 59 * DAY)
    assert not shop.email_sender.sent
    wait(shop, shop.clock() + 2 * DAY)
    assert letter(shop)["Subject"] == "It has been a while, Ada"


def test_a_digest_that_is_announced_goes_to_its_readers(shop: Workspace) -> None:
    shop.identify(userId="bob", traits={"email": "bob@example.com"})
    stories = [
        {
            "title": f"Story {at}",
            "summary": "Read.",
            "image": f"https://cdn.example.com/{at}.png",
            "slug": f"s{at}",
        }
        for at in (1, 2)
    ]
    told = {"name": "Digest Ready", "segment": "readers", "facts": {"stories": stories}}
    shop.clock.forward(1_000)
    assert shop.post("/v1/moments", told).status_code == 202
    shop.settle()
    wait(shop, shop.clock() + 10 * MINUTE)
    digest = letter(shop)
    assert (digest["Subject"], digest["To"]) == ("Story 1", "ada@example.com")
    assert "Story 2" in said(digest, "html") and said(digest, "html").count("<h2") == 2
    links = shop.deliveries.rows[shop.email_sender.sent[0].delivery].body["links"]
    assert links["second"] == "https://shop.example.com/journal/s2"


def test_its_sms_is_one_part(shop: Workspace) -> None:
    sign_up(shop, "phil", "Phil", "en", phone="+17855550123")
    shop.call(
        "PUT",
        "/v1/profiles/user:phil/permissions",
        {"channel": "email", "topic": "offers", "state": "denied"},
    )
    shop.call(
        "PUT", "/v1/profiles/user:phil/permissions", {"channel": "sms", "topic": "offers", "state": "granted"}
    )
    shop.settle()
    does(shop, "Cart Updated", "phil", **CART)
    wait(shop, shop.clock() + 2 * DAY)
    (sent,) = shop.sms_sender.sent
    assert sent.text.startswith("Your Shop: your cart is waiting") and len(sent.text) <= 160
    assert sent.sender == "+17855550100"
