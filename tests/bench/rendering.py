"""Writing an e-mail, from the decided delivery to its MIME, over what python-liquid alone takes for its templates.

Ours chooses the content, signs every link, fills in subject, HTML and text with bounds on what filters make, and makes
the message with its headers. Liquid alone renders the very templates, parsed before, with the same data. The e-mails
are the starter's, as publishing prepares them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from liquid import BoundTemplate, Environment

from chalicelib.adapters.templates import HTML, LiquidTemplates
from chalicelib.domain.effects import Deliver
from chalicelib.domain.keys import Secrets
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.profile import Facts, Profile, Stamped
from chalicelib.domain.rules import Rules
from chalicelib.services.measure_sms import MeasureSms
from chalicelib.services.publish_playbook import PublishPlaybook
from chalicelib.services.write_message import WriteMessage
from tests.bench.rows import PAIRS, Row

STARTER = Path(__file__).parents[2] / "events/starter/playbook.yaml"
BASE_URL = "https://crm.example.com"
NOW = 1_790_000_000_000
ROUNDS, TIMES = 9, 20
MOST = 3.0
OWED = 3.4
"""What it comes to where the machine is fast: Liquid gains more by that than headers and bodies do."""
ASKED = {"event": "Order Completed", "properties": {"order_id": "o-1", "total": 120, "products": [
    {"name": "Umbrella", "price": 40, "quantity": 1}, {"name": "Sun hat", "price": 80, "quantity": 1}]}}  # fmt: skip

Rendered = list[tuple[Mapping[str, Any], Mapping[str, Any]]]
"""Content and data, render by render."""


@dataclass
class Noted(LiquidTemplates):
    """The engine, with what it was asked to render."""

    asked: Rendered = field(default_factory=list)

    def render(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
        self.asked.append((content, data))
        return super().render(content, data)


def run() -> Sequence[Row]:
    """CPU of a written e-mail over its templates' alone."""
    rules, noted = starter(), Noted()
    mails = mails_of(rules)
    for mail in mails:
        written(mail, rules, noted)
    alone = Alone(noted.asked)
    ours = writer(rules, mails, LiquidTemplates())
    return [row(over(ours, alone, len(mails)), len(mails))]


def row(found: tuple[float, float, float], mails: int) -> Row:
    """Of the ratio, and the milliseconds of ours and of Liquid alone."""
    ratio, one, floor = found
    note = f"{one:.2f} ms an e-mail, Liquid alone {floor:.2f}; of {mails} e-mails"
    return Row(
        "writing an e-mail, MIME and links, over python-liquid alone", ratio, "times", MOST, note, PAIRS, OWED
    )


def over(
    ours: Callable[[], None], alone: Callable[[], None], mails: int, rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """The median of the pairwise ratios, and the milliseconds of CPU an e-mail of either."""
    pairs = [(_cpu(ours), _cpu(alone)) for _ in range(rounds + 1)][1:]
    each = 1000 / (TIMES * mails)
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs) * each,
        statistics.median(b for _, b in pairs) * each,
    )


def starter() -> Rules:
    """The starter's playbook as it is in force."""
    templates = LiquidTemplates()
    nothing = cast(Any, None)
    publish = PublishPlaybook(
        nothing, nothing, templates, nothing, nothing, MeasureSms(templates, BASE_URL), nothing
    )
    return compile_playbook(publish.check(STARTER.read_bytes()), 1)


def mails_of(rules: Rules) -> list[Deliver]:
    """A delivery of every e-mail of the playbook."""
    return [
        Deliver("m_" + "x" * 20, "p_" + "x" * 26, name, variant, "email", known.message.kind, "d_1", NOW, event=ASKED)
        for name, known in rules.messages.items()
        for variant, wording in known.message.variants.items()
        if "email" in wording.contents
    ]  # fmt: skip


def writer(rules: Rules, mails: Sequence[Deliver], templates: LiquidTemplates) -> Callable[[], None]:
    """Every e-mail written, once a call."""

    def write() -> None:
        for mail in mails:
            written(mail, rules, templates)

    return write


def written(mail: Deliver, rules: Rules, templates: LiquidTemplates) -> bytes:
    """The e-mail's MIME."""
    known = {"email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace"}
    traits = {name: Stamped(value, NOW, "e1") for name, value in known.items()}
    profile = Profile(mail.profile, "1.a", facts=Facts(traits=traits))
    write = WriteMessage(templates, Secrets(b"s" * 32, b"d" * 32), BASE_URL)
    done = write(mail, profile, rules, ["ada@example.com"], NOW)
    assert not isinstance(done, str) and done.outgoing is not None, done
    return done.outgoing.mime


class Alone:
    """python-liquid alone: templates parsed before, nothing bounded, one line of text for each field."""

    def __init__(self, asked: Rendered) -> None:
        forms = {True: Environment(autoescape=True), False: Environment()}
        self.work: list[tuple[BoundTemplate, Mapping[str, Any]]] = [
            (forms[name in HTML].from_string(text), data)
            for content, data in asked
            for name, text in content.items()
            if isinstance(text, str) and "{" in text
        ]

    def __call__(self) -> None:
        for template, data in self.work:
            template.render(**data)


def _cpu(work: Callable[[], None]) -> float:
    started = time.thread_time()
    for _ in range(TIMES):
        work()
    return time.thread_time() - started
