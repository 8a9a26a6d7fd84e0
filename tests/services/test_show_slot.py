"""Whoever opens an e-mail waits a moment at most."""

from __future__ import annotations

import threading
import time
from typing import Any

from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Known, Profile
from chalicelib.services.decide_moment import Question
from chalicelib.services.show_slot import Picture, ShowSlot
from tests.fakes import FakeClock, FakeTimeline
from tests.services.sending_stage import SECRETS

CLAIMS = {"p": "p_1", "n": "email.slot.main", "f": "none.png"}


class Shop:
    playbook = Playbook(
        "Shop", placements={"email.slot.main": "email_slot"}, images="https://cdn.example.com/"
    )

    def current(self) -> Shop:
        return self

    def by_id(self, id: str) -> Profile:
        return Profile(id, identifiers=[Known("user", "ann", 0, "m")])


class Hanging:
    """A database that answers when it is let go."""

    def __init__(self) -> None:
        self.go, self.kept, self.done = threading.Event(), True, threading.Event()

    def __call__(self, question: Question) -> None:
        self.go.wait(5)
        self.kept = question.keeps()
        self.done.set()


def test_what_takes_too_long_is_the_fallback_and_is_never_written() -> None:
    shop: Any = Shop()
    hanging: Any = Hanging()
    show = ShowSlot(shop, hanging, shop, FakeTimeline(), SECRETS, FakeClock(), "http://us", patience=0.02)
    started = time.perf_counter()
    assert show(CLAIMS) == Picture("https://cdn.example.com/none.png", fault="late")
    assert time.perf_counter() - started < 2
    hanging.go.set()
    assert hanging.done.wait(5)
    assert not hanging.kept
