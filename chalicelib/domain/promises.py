"""Offers that stand and can be shown at a placement: the same answer again, and no new contact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from chalicelib.domain.choosing import has_content
from chalicelib.domain.decision import Choice
from chalicelib.domain.profile import Offer
from chalicelib.domain.rules import MessageRules, Rules


def promised(
    offers: Iterable[Offer], rules: Rules, placement: str, may_show: Callable[[MessageRules], bool]
) -> list[Choice]:
    """Those of a customer's open offers that list the placement and may be shown, the earliest promise first."""
    return list(_shown(offers, rules, placement, may_show))


def _shown(
    offers: Iterable[Offer], rules: Rules, placement: str, may_show: Callable[[MessageRules], bool]
) -> Iterator[Choice]:
    channel = rules.playbook.placements[placement]
    for offer in offers:
        known = rules.messages.get(offer.message)
        if known is None or placement not in known.message.placements or not may_show(known):
            continue
        variant = _variant_here(offer, known, channel)
        if variant:
            yield Choice(
                delivery=offer.delivery,
                decision=offer.decision,
                message=offer.message,
                variant=variant,
                kind="offer",
                channel=channel,
                until=offer.until,
                standing=True,
            )


def _variant_here(offer: Offer, rules: MessageRules, channel: str) -> str:
    """The variant it was given in, else the first that says anything on this channel; "" for none."""
    variants = [offer.variant, *rules.message.variants]
    return next((one for one in variants if has_content(rules, one, channel)), "")
