"""`split: learn` on a real experiment, replayed as a live programme: what it earns beside fixed arms and an even split.

Customers come in turn; the snapshot made of what was counted so far gives the shares, and the customer's hash the
arm. Where that is the arm they were sent in fact (drawn evenly, at random), what came of it is kept and counted;
other rows are passed over. That estimates a policy that learns without bias: Li, Chu, Langford and Wang, "Unbiased
offline evaluation of contextual-bandit-based news article recommendation algorithms", WSDM 2011 (arXiv 1003.5956).
"""

from __future__ import annotations

import csv
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from chalicelib.domain.cells import MESSAGE, Cells, add, message_cell, row
from chalicelib.domain.chance import chance, choose_arm
from chalicelib.domain.learning import Learned, bucket_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.snapshots import learn
from tests.bench.rows import Row

DATA = Path("../shared/data/email-experiment/hillstrom_half.csv")
ORDERS = 8
A_MINUTE = 250
"""Customers between two snapshots."""
NAMES = {"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "none"}
STAGE = "buyer"

Logged = tuple[str, bool]
"""The arm a customer was sent in fact, and whether they visited."""


@dataclass(frozen=True)
class Replayed:
    """Visits and customers of the whole replay, of its last quarter, and the arms' customers."""

    all: tuple[int, int]
    late: tuple[int, int]
    arms: Mapping[str, int]


def run() -> Sequence[Row]:
    """Visit rates, with two arms (men's, women's) and with three (also no e-mail): means over orders of customers."""
    if not DATA.is_file():
        print(f"experiment: {DATA} is not there, so nothing was replayed")
        return []
    logged = _logged()
    return [
        *_rows("men's or women's", logged, ("mens", "womens")),
        *_rows("all three", logged, ("mens", "womens", "none")),
    ]


def _rows(name: str, logged: Sequence[Logged], arms: Sequence[str]) -> list[Row]:
    mine = [each for each in logged if each[0] in arms]
    fixed = {arm: [visited for sent, visited in mine if sent == arm] for arm in arms}
    best = max(arms, key=lambda arm: fmean(fixed[arm]))
    top, even = fmean(fixed[best]), fmean(fmean(fixed[arm]) for arm in arms)
    replays = [replay(_in_order(mine, number), arms, f"{name}:{number}") for number in range(ORDERS)]
    rates = [visits / count for visits, count in (each.all for each in replays)]
    late = [visits / count for visits, count in (each.late for each in replays)]
    kept = fmean(each.all[1] for each in replays)
    share = fmean(each.arms[best] / each.all[1] for each in replays)
    span = f"{min(rates):.4f} to {max(rates):.4f}, {kept:.0f} customers, {share:.0%} {best}"
    late_span = f"{min(late):.4f} to {max(late):.4f}"
    worse = sum(rate <= even for rate in rates)
    return [
        Row(
            f"{name}: the best arm ({best}), visits", top, "a customer", None, _bounds(top, len(fixed[best]))
        ),
        Row(f"{name}: an even split", even, "a customer", None, _bounds(even, len(mine))),
        Row(f"{name}: learned, whole run", fmean(rates), "a customer", None, span),
        Row(f"{name}: learned, last quarter", fmean(late), "a customer", None, late_span),
        Row(f"{name}: the whole run below the best arm", 1 - fmean(rates) / top, "of it", 0.05),
        Row(f"{name}: the last quarter below the best arm", 1 - fmean(late) / top, "of it", 0.05),
        Row(f"{name}: an even split beside the whole run", even / fmean(rates), "times", 0.999),
        Row(f"{name}: orders in which an even split did better", worse, f"of {ORDERS}", 0),
    ]


def replay(logged: Sequence[Logged], arms: Sequence[str], seed: str) -> Replayed:
    """One pass: choose by the snapshot in force, keep and count what agrees with what was sent."""
    playbook, cells = _playbook(arms), Cells()
    outcomes: list[bool] = []
    taken: Counter[str] = Counter()
    learned = Learned()
    for number, (sent, visited) in enumerate(logged):
        if number % A_MINUTE == 0:
            learned = learn(cells, playbook)
        shares = learned.split("copy", bucket_of("email", STAGE)) or [(arm, 1 / len(arms)) for arm in arms]
        chosen = choose_arm(chance("copy", f"{seed}:{number}"), shares)
        if chosen is not None and chosen[0] == sent:
            outcomes.append(visited)
            taken[sent] += 1
            add(cells, {message_cell("mail", sent, "email", STAGE): row(MESSAGE, shown=1, reached=visited)})
    late = outcomes[-(len(outcomes) // 4) :]
    return Replayed((sum(outcomes), len(outcomes)), (sum(late), len(late)), taken)


def _playbook(arms: Sequence[str]) -> Playbook:
    variants = ", ".join(f"{arm}: {{email: {{subject: {arm}, text: Hello}}}}" for arm in arms)
    playbook, faults, *_ = parse(
        "playbook: 1\nname: bench\ntopics: {offers: {label: Offers, default: assume}}\n"
        "senders: {email: Shop <shop@example.com>}\nmoments: {mailing: {event: Mailing Began}}\n"
        "messages:\n  mail: {kind: offer, topic: offers, moments: [mailing], channels: [email], variants: "
        f"{{{variants}}}}}\n"
        "experiments: {copy: {message: mail, split: learn}}\n"
    )
    assert playbook is not None, faults
    return playbook


def _logged() -> list[Logged]:
    with DATA.open(newline="") as file:
        return [(NAMES[each["segment"]], each["visit"] == "1") for each in csv.DictReader(file)]


def _in_order(logged: Sequence[Logged], number: int) -> list[Logged]:
    """The customers as they stand in the file, or shuffled by a seed."""
    ordered = list(logged)
    if number:
        random.Random(number).shuffle(ordered)
    return ordered


def _bounds(rate: float, count: int) -> str:
    half = 1.96 * math.sqrt(rate * (1 - rate) / count)
    return f"95%: {rate - half:.4f} to {rate + half:.4f}"
