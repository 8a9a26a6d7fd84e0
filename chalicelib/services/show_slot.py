"""A picture in an e-mail that is chosen when the e-mail is opened.

Whoever opens an e-mail waits at most 300 ms: what is not decided by then, or cannot be, is the fallback.

    us        decide ........ (300 ms) fallback -> 302
    its thread       ... database answers at last: nothing is written, for nobody was shown it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import Any
from urllib.parse import urljoin

from chalicelib.domain import tokens
from chalicelib.domain.identifiers import Identifier
from chalicelib.domain.keys import Secrets
from chalicelib.domain.places import place_of
from chalicelib.domain.slots import facts_now
from chalicelib.domain.timelines import timelines_of
from chalicelib.services.decide_moment import Answer, DecideMoment, Question
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Timeline

#: Seconds that deciding may take.
PATIENCE = 0.3
#: Of the timeline's newest events, how many are looked through for moments.
LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Picture:
    """Its address, None if there is none to show; and the messages whose template failed for this customer.

    `fault` says why it is the fallback where deciding did not end well: `late`, or the kind of error.
    """

    address: str | None
    failed: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ShowSlot:
    """Claims: `p` profile, `n` placement, `f` the picture to fall back to."""

    find: FindProfile
    decide: DecideMoment
    rules: LiveRules
    timeline: Timeline
    secrets: Secrets
    clock: Clock
    base_url: str
    patience: float = PATIENCE

    def __call__(self, claims: Mapping[str, Any], *, counts: bool = True) -> Picture:
        """The picture that is right now. With `counts` false nothing is written: a machine looks."""
        answer = self._in_time(claims, counts=counts)
        fault = answer if isinstance(answer, str) else ""
        shown = answer.shown if isinstance(answer, Answer) else ()
        failed = answer.failed if isinstance(answer, Answer) else ()
        content = shown[0].content if shown else {}
        image = content.get("image") or content.get("fallback") or claims.get("f")
        if not isinstance(image, str) or not image:
            return Picture(None, failed, fault)
        address = image
        if not image.startswith(("https://", "http://")):
            address = urljoin(self.rules.current().playbook.images, image)
        return Picture(address if address.startswith(("https://", "http://")) else None, failed, fault)

    def target(self, claims: Mapping[str, Any]) -> str | None:
        """Where the picture that is right now leads: a declared link of its message, None if it has none."""
        answer = self._in_time(claims, counts=False)
        link = answer.shown[0].content.get("link", "") if isinstance(answer, Answer) and answer.shown else ""
        ours = f"{self.base_url}/c/"
        if not isinstance(link, str) or not link.startswith(ours):
            return None
        told = tokens.read(self.secrets, "click", link.removeprefix(ours), self.clock())
        return str(told["u"]) if told and told.get("u") else None

    def _in_time(self, claims: Mapping[str, Any], *, counts: bool) -> Answer | str | None:
        """What is decided; None where there is nobody or nothing to decide for, and why where it went wrong."""
        done: SimpleQueue[Answer | str | None] = SimpleQueue()
        late = Flag()

        def work() -> None:
            try:
                done.put(self._decided(claims, lambda: counts and not late.is_set()))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with us, the reader gets a picture
                done.put(type(error).__name__)

        Thread(target=work, daemon=True).start()
        try:
            return done.get(timeout=self.patience)
        except Empty:
            late.set()
            return "late"

    def _decided(self, claims: Mapping[str, Any], keeps: Callable[[], bool]) -> Answer | None:
        placement = str(claims.get("n", ""))
        profile = self.find.by_id(str(claims.get("p", "")))
        if profile is None or not profile.identifiers:
            return None
        if placement not in self.rules.current().playbook.placements:  # dropped since the e-mail was sent
            return None
        now = max(self.clock(), profile.ledger.now)
        events = self.timeline.page(timelines_of(profile), LOOKED_AT).items
        facts = facts_now(events, place_of(profile, now), now)
        known = tuple(Identifier(one.kind, one.value) for one in profile.identifiers)
        return self.decide(replace(Question(known, placement, facts, proven=True), keeps=keeps))
