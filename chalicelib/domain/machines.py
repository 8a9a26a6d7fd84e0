"""Telling machines that open e-mails and follow links from the customers they belong to.

What a machine does is recorded (`machine: true` on the event) and counted in metrics, and is never engagement.
Its tells, of which each suffices:

- `head`: it asks for the head alone. No browser follows a link so; a check of the address does.
- `prefetch`: it says that nobody may ever look (`Sec-Purpose`: WHATWG Fetch Standard; `Purpose` and `X-Moz` of
  older Chromium and Firefox; `X-Purpose: preview` of Safari).
- `agent`: it is in the kept list of crawlers (the package `crawler-user-agents`, MIT), or a gateway's or Office's,
  which the list lacks ("Bot clicks from security scanners", live-direct-marketing). Pictures are prefetched as the mail
  arrives by Apple's Mail Privacy Protection, which says `Mozilla/5.0` and no more (ua-parser/uap-core#509), and by
  Gmail under the name of an old Edge (pentacent/keila#164). The image proxies of Gmail and Yahoo are in the list too,
  but ask when a person opens, and so does Outlook, which names Office: those opens count.
- `early`: an e-mail's link or picture is asked for within 5 seconds of its sending. It has hardly arrived by then, and
  nobody is that fast (the same page's first question to a log: which clicks come within 5 seconds of delivery?).
  Scanners may also look minutes later (Suped, "How long does it typically take for anti-spam bots to click links in
  emails"), where time tells nothing: those are known by the next.
- `burst`: two different links of one e-mail are followed within 2 seconds; for an open, two links around it. A scanner
  follows all it finds, at about one a second (reported in mautic/mautic#9798); a person who comes back for a second
  link takes longer, and one who follows the same link twice is a person.

A burst is known once it is over, so a click waits for 2 seconds before it counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

EARLY = 5_000
BURST = 2_000
_LONGEST_AGENT = 512
_APPLE = "Mozilla/5.0"
_GMAIL = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
_OPENED_BY_A_PERSON = ("GoogleImageProxy", "YahooMailProxy", "Microsoft Outlook")
_UNLISTED = ("barracuda", "proofpoint", "mimecast", "ciscosecureemail", "ms-office", "safelinks")
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request says of who makes it. `purpose` is what it says it is for, "" as a rule."""

    method: str = "GET"
    agent: str = ""
    purpose: str = ""


def visit_of(method: str, headers: Mapping[str, str]) -> Visit:
    """The visit a request makes; the names of `headers` are found in any case or in lower case."""
    purposes = (headers.get(name, "") for name in _PURPOSES)
    return Visit(method, headers.get("user-agent", "")[:_LONGEST_AGENT], next(filter(None, purposes), ""))


def tell_of(visit: Visit, *, opens: bool) -> str:
    """What gives the visit away as a machine's (`head`, `prefetch`, `agent`), "" if nothing does."""
    if visit.method == "HEAD":
        return "head"
    if any(word in visit.purpose.lower() for word in ("prefetch", "prerender", "preview")):
        return "prefetch"
    return "agent" if is_machine_agent(visit.agent, opens=opens) else ""


def is_machine_agent(agent: str, *, opens: bool) -> bool:
    """Whether software of this name asks by itself. Saying no name gives nobody away."""
    from crawleruseragents import is_crawler

    agent = agent.strip()[:_LONGEST_AGENT]
    if opens and agent in (_APPLE, _GMAIL):
        return True
    if opens and any(name in agent for name in _OPENED_BY_A_PERSON):
        return False
    return any(name in agent.lower() for name in _UNLISTED) or is_crawler(agent)


def is_early(at: int, sent: int) -> bool:
    """Whether it comes too soon after the sending for a person (both ms; 0 for what was never sent)."""
    return at - sent < EARLY


def mark_of(link: str, method: str = "GET") -> str:
    """Eight hex characters for a link of an e-mail. Its head is another link: so a GET after it is part of a burst."""
    return hashlib.blake2b(f"{method == 'HEAD'}:{link}".encode(), digest_size=4).hexdigest()


def is_burst(at: int, followed: Mapping[str, int], mark: str = "") -> bool:
    """Whether what was done at `at` is part of a burst; `mark` is its link's, "" for an open.

    `followed` says of each mark when it was followed last (ms).
    """
    around = [one for one, when in followed.items() if one != mark and abs(when - at) <= BURST]
    return len(around) >= (1 if mark else 2)
