"""A decision and what it was made from, as values."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Outcome = Literal["offer", "brand", "service", "nothing"]
Reason = Literal[
    "no-address", "no-permission", "stopped", "paused", "suppressed", "not-yet-valid", "expired",
    "not-for-them", "holdout", "cap", "quiet", "below-silence", "outscored", "no-content",
    "template-failed", "switched-off",
]  # fmt: skip


class Ask(msgspec.Struct, frozen=True):
    """The moment to decide for.

    Inbound: `placement` is set. Outbound: `moment` names the playbook's moment and `cause` the message id
    of the event that triggered it. `context` are facts of the moment, `event` the triggering event as JSON.
    `excluded` are messages that can't be the answer any more, with why (`falling.py`).
    """

    cause: str
    moment: str = ""
    placement: str = ""
    context: dict[str, Any] = {}
    event: dict[str, Any] = {}
    limit: int = 1
    known: bool = True
    excluded: dict[str, Reason] = {}

    @property
    def key(self) -> str:
        """What a person has at most one decision for."""
        return f"{self.placement or self.moment}:{self.cause}"


class Switches(msgspec.Struct, frozen=True):
    """What the operator has turned off; all of it, a channel, or a message."""

    sending: bool = True
    channels: dict[str, bool] = {}
    messages: dict[str, bool] = {}


class Considered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that was looked at: scored with its parts, or ruled out by `reason`.

    `words` say the reason to a marketer; only `explaining.explain` fills them in. `parts` are the factors of
    the score: propensity, value, weight, boost.
    """

    message: str
    reason: Reason | Literal[""] = ""
    words: str = ""
    score: float = 0.0
    parts: dict[str, float] = {}
    variant: str = ""
    channel: str = ""
    probability: float = 0.0


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that will be given: on which channel, when, and under which delivery id.

    `held_until` is the end of quiet hours (ms), 0 for now. `standing` is true where an offer already stood
    and this is no new contact; `decision` is then that of the standing offer.
    """

    delivery: str
    decision: str
    message: str
    variant: str
    kind: Literal["offer", "brand", "service"]
    channel: str
    until: int
    held_until: int = 0
    standing: bool = False
    probability: float = 1.0


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to do at this moment, and why. `again` is true where an earlier decision still stands.

    `considered` are the ten best that were scored, best first. `reasons` counts the messages ruled out; `ruled_out`
    names each with its reason, where that was asked for (`explaining.explain` puts it into words). `arms` are
    experiment arms newly assigned. `probability` is that of the whole choice, also of nothing. `facts` is what was
    read of the customer: with it the decision can be made again (`recording.py`). `tested` is the customer's side of
    the holdout (held, treated; "" where it made no difference), `stage` how far they have come. `playbook` and
    `learned` are the versions it was made under. `outcome` is the kind of the first choice: service messages stand
    first, then what was promised before, then the best.
    """

    id: str
    at: int
    outcome: Outcome
    until: int
    choices: tuple[Choice, ...] = ()
    considered: tuple[Considered, ...] = ()
    reasons: dict[Reason, int] = {}
    ruled_out: dict[str, Reason] = {}
    arms: dict[str, tuple[str, int]] = {}
    probability: float = 1.0
    again: bool = False
    playbook: int = 0
    learned: int = 0
    stage: str = ""
    tested: Literal["", "held", "treated"] = ""
    facts: dict[str, Any] = {}


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender may do with a delivery it is about to make: confirm it, hold it until then (ms), drop it.

    `reason` and `words` say why it is held or dropped; `gone` means its contact is no longer reserved.
    """

    action: Literal["confirm", "hold", "drop"]
    until: int = 0
    reason: Reason | Literal["", "gone"] = ""
    words: str = ""
