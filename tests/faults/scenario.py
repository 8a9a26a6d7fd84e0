"""One day of a shop, small enough to be lived a thousand times.

12:00  visitors look around; somebody signs up for the newsletter in the shop; Bob, Cid, Dan and Eve are customers
12:10  a visitor logs in as Ann, with proof, and says yes to offers by e-mail; the others have said so before
12:20  Ann gives her address: it is the newsletter's, so the two are one
12:30  Ann fills a cart, and does nothing: at 13:00 she is reminded (promotional)
14:10  Ann is on the site (a brand message, on the web), orders, and gets a receipt (service)
14:45  it rains: Ann, Bob and Cid are offered an umbrella (promotional)
14:55  Bob's mail bounces for good; Cid leaves, by one click in his; the playbook changes: the umbrella's words
15:10  it rains again: Ann has had enough, Bob has no address, Cid has left, Eve is offered an umbrella; Ann opens the
       receipt
15:25  the newsletter's sign-up is split from Ann; Dan is erased
15:35  a flash sale in quiet hours: Eve hears of it at 16:30
15:50  the day after: whatever was left in doubt has been settled, and of Dan nothing is left
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from typing import Any

from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import user_token
from infra.local.asking import Answer
from infra.local.environment import SECRET
from infra.local.post import Sent, delivery_of
from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack
from tests.faults.injecting import Injector
from tests.faults.shop import ADDRESS, BOB, BOUNCED, CHANGED, CID, DAN, EVE, LEFT, MINUTE, PLAYBOOK
from tests.faults.world import START, Killed

AGREED = {"channel": "email", "topic": "offers"}
Events = list[dict[str, Any]]
Step = tuple[int, str, Callable[[], None]]


def publish(stack: Stack) -> None:
    """Put the playbook in force."""
    answer = stack.request("PUT", "/v1/playbook", PLAYBOOK, key=OPERATOR_KEY)
    assert answer.status == 200, answer.body
    stack.settle()


@dataclass(frozen=True, slots=True)
class Day:
    """Lives the day on a stack that has just started over, `without` some of its steps."""

    stack: Stack
    injector: Injector
    without: frozenset[str] = frozenset()

    def live(self) -> None:
        """All of it."""
        for after, name, happens in self.steps():
            self.injector.mark(after, name)
            self.stack.move_clock(START + after * MINUTE)
            if name not in self.without:
                happens()
            self.stack.settle()
            while self.injector.release():
                self.stack.settle()

    def steps(self) -> list[Step]:
        """What happens when (minutes after noon), each by its name."""
        return [
            (0, "look around", self._look_around),
            (10, "log in", self._log_in),
            (20, "give address", self._give_address),
            (30, "fill cart", self._fill_cart),
            (130, "ask on the site", self._decide),
            (130, "order", self._order),
            (165, "rain", lambda: self._rain("rain-1", "user:ann", "user:bob", "user:cid")),
            (BOUNCED, "bounce", self._bounce),
            (LEFT, "leave", self._leave),
            (BOUNCED, "change playbook", self._change),
            (190, "rain again", lambda: self._rain("rain-2", "user:ann", "user:bob", "user:cid", "user:eve")),
            (190, "open", self._open),
            (205, "split and erase", self._split_and_erase),
            (215, "flash sale", self._flash),
            (1760, "the day after", lambda: None),
        ]

    def _look_around(self) -> None:
        self._collect(
            [
                _event("look-1", 0, "page", anonymousId="browser", name="Home"),
                _event("look-2", 0, "track", anonymousId="browser", event="Product Viewed"),
                _event("look-3", 0, "track", anonymousId="browser", event="Product Viewed"),
                _event("bob-1", 0, "track", userId="bob", event="Product Viewed"),
            ]
        )
        known: Events = []
        for user, address in (("bob", BOB), ("cid", CID), ("dan", DAN), ("eve", EVE)):
            known += [
                _event(f"{user}-id", 0, "identify", userId=user, traits={"email": address}),
                _event(f"{user}-yes", 0, "track", userId=user, event="Permission Granted", properties=AGREED),
            ]
        self._collect(
            [
                _event("shop-1", 0, "identify", anonymousId="counter", traits={"email": ADDRESS}),
                _event("shop-2", 0, "track", anonymousId="counter", event="Store Visited"),
                *known,
            ],
            OPERATOR_KEY,
        )

    def _log_in(self) -> None:
        traits = {"firstName": "Ann"}
        self._collect(
            [
                _event("login-1", 10, "identify", anonymousId="browser", userId="ann", traits=traits),
                _event("login-2", 10, "track", userId="ann", event="Permission Granted", properties=AGREED),
            ]
        )

    def _give_address(self) -> None:
        self._collect(
            [
                _event("address-1", 20, "identify", userId="ann", traits={"email": ADDRESS}),
                _event("bob-2", 20, "track", userId="bob", event="Product Viewed"),
            ]
        )

    def _fill_cart(self) -> None:
        self._collect([_event("cart-1", 30, "track", userId="ann", event="Cart Updated")])

    def _decide(self) -> None:
        self._ask("POST", "/v1/decide", {"userId": "ann", "placement": "web.home"}, OPERATOR_KEY)

    def _order(self) -> None:
        self._collect([_event("order-1", 130, "track", userId="ann", event="Order Completed")], OPERATOR_KEY)

    def _rain(self, id: str, *identifiers: str) -> None:
        moment = {"name": "Rain Started", "identifiers": list(identifiers), "facts": {}, "id": id}
        self._ask("POST", "/v1/moments", moment, OPERATOR_KEY)

    def _bounce(self) -> None:
        for each in self._sent(BOB, "umbrella"):
            self.stack.post.tell(delivery_of(each.taken), "Email Bounced", "Permanent")

    def _leave(self) -> None:
        """By the mail's own link; if it never came, he says it to the shop."""
        mails = self._sent(CID, "umbrella")
        if mails:
            mail = message_from_bytes(mails[0].taken.mime, policy=default)
            path = str(mail["List-Unsubscribe"]).strip("<>").removeprefix(self.stack.base_url)
            self._ask("POST", path, b"List-Unsubscribe=One-Click", "")
        else:
            denied = {**AGREED, "state": "denied", "source": "shop"}
            self._ask("PUT", "/v1/profiles/user:cid/permissions", denied, OPERATOR_KEY)

    def _change(self) -> None:
        self._ask("PUT", "/v1/playbook", CHANGED, OPERATOR_KEY)

    def _open(self) -> None:
        for each in self._sent(ADDRESS, "receipt")[:1]:
            self.stack.post.tell(delivery_of(each.taken), "Email Opened", "")

    def _split_and_erase(self) -> None:
        apart = {"identifier": "anonymous:counter"}
        self._ask("POST", "/v1/profiles/user:ann/split", apart, OPERATOR_KEY)
        self._ask("DELETE", "/v1/profiles/user:dan", None, OPERATOR_KEY)

    def _flash(self) -> None:
        moment = {"name": "Flash Sale", "identifiers": ["user:eve"], "facts": {}, "id": "flash-1"}
        self._ask("POST", "/v1/moments", moment, OPERATOR_KEY)

    def _sent(self, to: str, message: str) -> list[Sent]:
        sent = self.stack.post.sent()
        return [each for each in sent if (each.taken.to, each.taken.tags["message"]) == (to, message)]

    def _collect(self, events: Events, key: str = WRITE_KEY) -> None:
        self._ask("POST", "/v1/batch", {"batch": events}, key)

    def _ask(self, method: str, path: str, body: Any, key: str) -> None:
        """As clients do: what is not answered, or answered with a 5xx, is sent again.

        Then it may have been done already: what is split is not to be split, who is erased is nobody.
        """
        expected = {200, 202}
        for _ in range(3):
            if (answer := self._try(method, path, body, key)) and answer.status < 500:
                if answer.status not in expected:
                    self.injector.refused.append(f"{method} {path}: {answer.status} {answer.body.decode()}")
                return
            expected |= {404, 409}
        self.injector.refused.append(f"{method} {path} is never answered")

    def _try(self, method: str, path: str, body: Any, key: str) -> Answer | None:
        with self.injector.inside("APIHandler"):
            try:
                return self.stack.request(method, path, body, key=key)
            except Killed:
                return None


def _event(id: str, after: int, type: str, **body: Any) -> dict[str, Any]:
    """An event of the day; whoever names a user proves it."""
    proof = {"userToken": user_token(SECRET.encode(), body["userId"])} if "userId" in body else {}
    at = to_text(START + after * MINUTE)
    return {"messageId": id, "type": type, "timestamp": at, "context": proof, **body}
