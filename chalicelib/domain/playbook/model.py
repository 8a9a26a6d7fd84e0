"""The playbook as values, after parsing and checking. Names are the playbook page's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from chalicelib.domain.conditions.model import Condition

Kind = Literal["offer", "brand", "service"]


class IdentifierRule(msgspec.Struct, frozen=True):
    """How many values of a kind one profile may list; `unique` is a limit of one that refuses a merge."""

    kind: str
    unique: bool = False
    limit: int = 100


class Topic(msgspec.Struct, frozen=True):
    """What a message is about; `default` says what silence means: ask (no) or assume (yes).

    `labels` say what it is called in other languages, by their codes.
    """

    name: str
    label: str
    default: Literal["ask", "assume"] = "ask"
    confirm: Literal["", "double"] = ""
    labels: dict[str, str] = {}

    def called(self, languages: Sequence[str]) -> str:
        """What it is called in the first of the languages (lower-case codes) that it has a label in, else its label."""
        by_language = {name.lower(): label for name, label in self.labels.items()}
        return next((by_language[one] for one in languages if one in by_language), self.label)


class Moment(msgspec.Struct, frozen=True):
    """When to consider acting. Only `event`, `enters` and `leaves` run now; others are refused as not yet."""

    name: str
    kind: Literal["event", "enters", "leaves"]
    event: str = ""
    segment: str = ""
    when: Condition | None = None
    hold: int = 0
    unless: Condition | None = None


class Weight(msgspec.Struct, frozen=True):
    """The moment's weight: multiplies the score when the condition holds."""

    when: Condition
    times: float


class Variant(msgspec.Struct, frozen=True):
    """One wording of a message: templates by channel and field; `locales` replaces channels by language."""

    name: str
    contents: dict[str, dict[str, Any]]
    locales: dict[str, dict[str, dict[str, Any]]] = {}

    @property
    def said_on(self) -> frozenset[str]:
        """The channels on which it says something, if only in some language."""
        return frozenset(self.contents).union(*self.locales.values())


class Message(msgspec.Struct, frozen=True):
    """What may be said, to whom, where, and what it is worth. Times in ms; `valid_until` is exclusive."""

    name: str
    kind: Kind
    topic: str = ""
    moments: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    condition: Condition | None = None
    value: float = 1.0
    boost: float = 1.0
    weights: tuple[Weight, ...] = ()
    goal: Condition | None = None
    goal_within: int = 0
    valid_from: int = 0
    valid_until: int = 0
    links: dict[str, str] = {}
    variants: dict[str, Variant] = {}
    quiet_ignore: bool = False

    @property
    def said_on(self) -> frozenset[str]:
        """The channels on which some variant says something: any other is no way to the customer."""
        return frozenset().union(*(variant.said_on for variant in self.variants.values()))


class Cap(msgspec.Struct, frozen=True):
    """At most `messages` contacts in a rolling window of `per` ms, among those the filters name."""

    messages: int
    per: int
    channel: str = ""
    topic: str = ""
    message: str = ""


class Quiet(msgspec.Struct, frozen=True):
    """Quiet hours on the customer's clock, minutes after midnight; `start` after `end` spans midnight."""

    start: int
    end: int
    channels: tuple[str, ...]
    unknown: Literal["", "strict"] = ""


class Pause(msgspec.Struct, frozen=True):
    """A topic rests for `days` after so many ignored contacts."""

    after_ignored: int
    days: int


class Suppress(msgspec.Struct, frozen=True):
    """A topic is not talked about to an audience."""

    topic: str
    audience: Condition


class Policies(msgspec.Struct, frozen=True):
    """The rules that hold for everything. Shares are 0 to 1."""

    caps: tuple[Cap, ...] = ()
    quiet: Quiet | None = None
    holdout: float = 0.0
    explore: float = 0.0
    silence: float = 0.0
    pause: Pause | None = None
    suppress: tuple[Suppress, ...] = ()


class Experiment(msgspec.Struct, frozen=True):
    """Arms of a message and their shares (0 to 1, in order); `learn` chooses by what was learned."""

    name: str
    message: str
    split: tuple[tuple[str, float], ...] = ()
    learn: bool = False


class Playbook(msgspec.Struct, frozen=True):
    """One version of the whole steering wheel."""

    name: str
    timezone: str = "UTC"
    currency: str = "USD"
    identifiers: tuple[IdentifierRule, ...] = ()
    topics: dict[str, Topic] = {}
    placements: dict[str, str] = {}
    senders: dict[str, Any] = {}
    phone_country: str = "US"
    images: str = ""
    webhooks: dict[str, Any] = {}
    after_logout: Literal["last", "nobody"] = "last"
    junk: tuple[str, ...] = ()
    stop_words: dict[str, tuple[str, ...]] = {}
    segments: dict[str, Condition] = {}
    moments: dict[str, Moment] = {}
    messages: dict[str, Message] = {}
    policies: Policies = Policies()
    experiments: dict[str, Experiment] = {}

    def experiment_on(self, message: str) -> Experiment | None:
        """The experiment whose arms are the message's variants; None if there is none."""
        return next((one for one in self.experiments.values() if one.message == message), None)


#: The defaults of `identifiers`, strongest first.
DEFAULT_IDENTIFIERS = (
    IdentifierRule("user", unique=True, limit=1),
    IdentifierRule("email", limit=5),
    IdentifierRule("phone", limit=5),
    IdentifierRule("anonymous", limit=100),
)


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a playbook, where (1-based line, dotted path), and how to mend it."""

    line: int
    path: str
    message: str
