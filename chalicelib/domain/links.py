"""Links in messages: which addresses they lead through, and what their tokens carry.

A sent message has a delivery row, and the row keeps where each of its links leads (`body["links"]`), so its
token stays short; in an SMS, whose every character is paid for, it is shorter still (`short_links`). A message
shown where the customer came to us has no row, so its token carries the target and the profile itself. These are
the claims, which a short token has of its row:

| page | purpose | claims |
| --- | --- | --- |
| `/c/` of a sent message | click | `d` delivery, `l` the link's name |
| `/c/` of a shown message | click | `d` delivery, `p` profile, `u` the target |
| `/c/` of a slot | click | `d` delivery, `p` profile, `n` placement |
| `/o/` | open | `d` delivery |
| `/slot/` | slot | `p` profile, `n` placement, `f` fallback picture, `t` when it was written (s) |
| `/u/` | unsubscribe | `d` delivery, `p` profile, `c` channel, `t` topic |
| `/p/` | preferences | `d` delivery, `p` profile, `c` channel it was sent on, if not e-mail |
| `/yes/` | confirm | `p` profile, `t` topic, `h` hash of the address asked, `w` version of the wording |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from chalicelib.domain import short_links
from chalicelib.domain.keys import Secrets
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.slots import fallback_of, slots_of
from chalicelib.domain.tokens import mint

DAY = 86_400_000
#: Unsubscribing must work for at least 60 days; the other links live as long as the row they lead to.
LIFE = 90 * DAY
CONFIRM_WITHIN = 7 * DAY
#: Characters that stand for themselves in an address (RFC 3986), `%` among them: what is encoded stays so.
_PLAIN = ":/?#[]@!$&'()*+,;=%~"


def sent_links(
    secrets: Secrets,
    base_url: str,
    names: Iterable[str],
    *,
    delivery: str,
    profile: str,
    channel: str,
    topic: str,
    now: int,
) -> dict[str, str]:
    """The `link` of a message that is sent: its declared links, `unsubscribe` and `preferences`."""
    until = now + LIFE

    def address(page: str, purpose: str, claims: dict[str, Any]) -> str:
        short = channel == "sms" and short_links.mint(secrets, purpose, delivery, claims.get("l", ""), until)
        return f"{base_url}/{page}/{short or mint(secrets, purpose, claims, until)}"

    tracked = {name: address("c", "click", {"d": delivery, "l": name}) for name in names}
    leave = {"d": delivery, "p": profile, "c": channel, "t": topic}
    choose = {"d": delivery, "p": profile, **({"c": channel} if channel != "email" else {})}
    return {
        "unsubscribe": address("u", "unsubscribe", leave),
        "preferences": address("p", "preferences", choose),
        **tracked,
    }


def shown_links(
    secrets: Secrets, base_url: str, targets: Mapping[str, str], *, delivery: str, profile: str, now: int
) -> dict[str, str]:
    """The `link` of a message shown where the customer came to us."""
    until = now + LIFE
    return {
        name: f"{base_url}/c/{mint(secrets, 'click', {'d': delivery, 'p': profile, 'u': target}, until)}"
        for name, target in targets.items()
    }


def slot_links(
    secrets: Secrets, base_url: str, playbook: Playbook, *, delivery: str, profile: str, now: int
) -> dict[str, dict[str, str]]:
    """The `slot` and `slot_link` of an e-mail: for each slot its picture's address, and where that leads."""
    until = now + LIFE
    found: dict[str, dict[str, str]] = {"slot": {}, "slot_link": {}}
    for name, placement in slots_of(playbook).items():
        shown = {"p": profile, "n": placement, "f": fallback_of(playbook, placement), "t": now // 1000}
        click = {"d": delivery, "p": profile, "n": placement}
        found["slot"][name] = f"{base_url}/slot/{mint(secrets, 'slot', shown, until)}"
        found["slot_link"][name] = f"{base_url}/c/{mint(secrets, 'click', click, until)}"
    return found


def confirm_link(
    secrets: Secrets, base_url: str, *, profile: str, topic: str, address: str, wording: str, now: int
) -> str:
    """Where a topic is confirmed: for the address that was asked, in that wording, within a week."""
    about = {"p": profile, "t": topic, "h": address, "w": wording}
    return f"{base_url}/yes/{mint(secrets, 'confirm', about, now + CONFIRM_WITHIN)}"


def pixel(secrets: Secrets, base_url: str, *, delivery: str, now: int) -> str:
    """The address of the picture that tells an e-mail was opened."""
    return f"{base_url}/o/{mint(secrets, 'open', {'d': delivery}, now + LIFE)}"


def target_of(claims: Mapping[str, Any], row_links: Mapping[str, str]) -> str | None:
    """Where a click's token leads: its own target, else what the delivery's row says of the link it names."""
    target = claims.get("u") or row_links.get(str(claims.get("l", "")))
    return str(target) if target else None


def rendered_target(declared: str, rendered: str) -> str | None:
    """A declared link filled in, made safe for a header; None if a template changed its scheme or host."""
    address = quote(" ".join(rendered.split()), safe=_PLAIN)
    meant, got = urlsplit(declared), urlsplit(address)
    return address if (got.scheme, got.netloc) == (meant.scheme, meant.netloc) else None
