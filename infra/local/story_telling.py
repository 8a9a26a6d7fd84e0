"""The story as the terminal tells it: the days, the table of outcomes, three customers in full, where to look.

Everything is told from what the system answered; the page is a hundred columns wide.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from infra.local.stack import OPERATOR_KEY
from infra.local.story_lives import life_of
from infra.local.story_outcomes import PAGE, RAIN, ROWS, SUN, Case, Table, chosen, devices_of, outcome
from infra.local.story_playing import Played

WIDTH = 100
COLUMNS = (RAIN, SUN, PAGE)
_INDENT = 24
#: What is left of the width for a reason in words.
WORDS = 51
#: What was meant for a customer and did not go out.
_UNSENT = ("dropped", "reserved")


def tell(played: Played, base_url: str, out: Callable[[str], object]) -> None:
    """Write it all out."""
    for part in (
        _days(played),
        table_lines(played.table, played.cases),
        _morning(played),
        _three(played),
        _links(played, base_url),
    ):
        out("\n".join(["", *part]))


def table_lines(table: Table, cases: list[Case]) -> list[str]:
    """The table of outcomes by reason; README shows it."""
    lines = [
        f"{'':31}rain  sun home",
        f"{'  What was decided, and why':30}Topeka Tampa page  in the system's words, for one of them",
        "  " + "-" * (WIDTH - 2),
    ]
    others = {row: row for row in sorted({row for row, _ in table} - ROWS.keys())}
    for row, label in (ROWS | others).items():
        counts = [table.get((row, column), 0) for column in COLUMNS]
        if any(counts):
            lines.append(f"  {label:28}{_numbers(counts)}  {_example(row, cases)}".rstrip())
    totals = [sum(count for (_, column), count in table.items() if column == one) for one in COLUMNS]
    return [*lines, "  " + "-" * (WIDTH - 2), f"  {'customers there':28}{_numbers(totals)}"]


def _numbers(counts: list[int]) -> str:
    return "".join(f"{count or '.':>{width}}" for count, width in zip(counts, (6, 6, 5), strict=True))


def _example(row: str, cases: list[Case]) -> str:
    """The shortest explanation of a customer of the row."""
    told = [case.words(column) for column in (RAIN, SUN) for case in cases if outcome(case, column) == row]
    words = min(filter(None, told), key=len, default="")
    if len(words) > WORDS:
        words = words[: WORDS + 1].rpartition(",")[0] or textwrap.shorten(words, WORDS, placeholder=" ...")
    return words


def _days(played: Played) -> list[str]:
    profiles = {case.before["id"]: case.before for case in played.cases}.values()
    identifiers = sum(len(profile["identifiers"]) for profile in profiles)
    twice = sum(devices_of(profile) > 1 for profile in profiles)
    carts = sum(profile["activity"].get("Cart Updated", {}).get("total", 0) for profile in profiles)
    waited = [case for case in played.cases if "cart" in case.decided]
    reminded = sum(bool(case.choice("cart")) for case in waited)
    visits = sum(bool(case.shown) for case in played.cases)
    return [
        "THE SAMPLE STORY: a weather shop, its customers (events/story/customers.csv) and its playbook",
        *_said(
            "Up to 1 July",
            f"{played.events:,} events come from browsers, phones and the shop's server. Their {identifiers}",
            f"identifiers turn out to be {len(profiles)} customers; {twice} of them logged in on a second",
            "device, and what they did there before is theirs.",
        ),
        *_said(
            "30 June, 16:00",
            f"{carts} leave a cart. {carts - len(waited)} buy within the hour; {reminded} of the others get a",
            "reminder, the rest hear no offers.",
        ),
        *_said(
            "1 July, 15:00",
            "It rains in Topeka, 12 mm, and the sun burns in Tampa, UV 9. Everybody who is there is",
            f"decided for, on their own. {visits} open the shop's home page.",
        ),
    ]


def _morning(played: Played) -> list[str]:
    held = [
        (case, column) for case in played.cases for column in (RAIN, SUN) if outcome(case, column) == "held"
    ]
    unsent = [case for case, column in held if case.contact(column)["outcome"] in _UNSENT]
    bought = sum("has_umbrella" in case.after["segments"] for case in unsent)
    contacts = [contact for case in played.cases for contact in case.contacts.values()]
    converted = sum(contact["outcome"] == "converted" for contact in contacts)
    allowed = [case.after["permissions"].get("sms", {}) for case in played.cases]
    stopped = sum(said.get("*", {}).get("state") == "denied" for said in allowed)
    sms = sum(letter["channel"] == "sms" for letter in played.letters)
    return _said(
        "By next morning",
        f"{converted} bought what they were offered, and {stopped} answered STOP. Of the {len(held)} held,",
        f"{len(held) - len(unsent)} were decided for again at 08:00 on their own clock and sent,",
        f"{len(unsent)} not: {bought} had bought one in between. In the mailbox: {sms} SMS and",
        f"{len(played.letters) - sms} e-mails.",
    )


def _said(when: str, *what: str) -> list[str]:
    """A paragraph with its time in the margin."""
    first = f"  {when:<{_INDENT - 2}}"
    return textwrap.wrap(" ".join(what), WIDTH, initial_indent=first, subsequent_indent=" " * _INDENT)


def _three(played: Played) -> Iterator[str]:
    yield "Three of them in full"
    for number, (case, column) in enumerate(chosen(played.cases)):
        if number:
            yield ""
        for label, text in life_of(case, column, played):
            if not label:
                yield f"  {text}"
                continue
            yield from textwrap.wrap(
                text,
                WIDTH,
                initial_indent=f"    {label:<9}",
                subsequent_indent=" " * 13,
                max_lines=4,
                placeholder=" ...",
            )


def _links(played: Played, base_url: str) -> list[str]:
    someone = next((case.address for case, _ in chosen(played.cases)), played.cases[0].address)
    profile = f"{base_url}/v1/profiles/{someone}"
    asking = f"curl -H 'Authorization: Bearer {OPERATOR_KEY}'"
    return [
        "Look further",
        f"  everything sent   {base_url}/local/mailbox",
        f"  a customer        {asking} {profile}",
        f"  what they did     ... {profile}/timeline",
        f"  what was decided  ... {profile}/decisions",
        f"  the playbook      ... {base_url}/v1/playbook",
    ]
