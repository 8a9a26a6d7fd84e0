"""The first stages for every candidate: permission and stops, validity, `for`. Where most messages end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from chalicelib.domain.decision import Reason
from chalicelib.domain.rules import MessageRules, Subject

Way = tuple[str, Reason | None]
"""The channel a message would take and None, or "" and why there is none."""


def sift(
    candidates: Iterable[MessageRules],
    subject: Subject,
    way_of: Callable[[MessageRules], Way],
    off: Mapping[str, Reason],
    ruled_out: dict[str, Reason],
) -> list[tuple[MessageRules, str]]:
    """The candidates that get through, each with its channel; the others go to `ruled_out` with their reason.

    A playbook may have a thousand messages, so this is one tight loop: the way to the customer is looked for
    once per (topic, channels, kind), validity is two comparisons, `for` a compiled check.
    """
    now = subject.now
    ways: dict[tuple[str, tuple[str, ...], str], Way] = {}
    through: list[tuple[MessageRules, str]] = []
    for rules in candidates:
        message = rules.message
        key = (message.topic, message.channels, message.kind)
        way = ways.get(key)
        if way is None:
            way = ways[key] = way_of(rules)
        channel, reason = way
        if reason is None:
            name = message.name
            if name in off:
                reason = off[name]
            elif now < message.valid_from:
                reason = "not-yet-valid"
            elif 0 < message.valid_until <= now:
                reason = "expired"
            elif rules.check is None or rules.check(subject):
                through.append((rules, channel))
                continue
            else:
                reason = "not-for-them"
        ruled_out[message.name] = reason
    return through
