"""The playbook in force, compiled, cached by version; and the operator's switches."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import msgspec

from chalicelib.domain.decision import Switches
from chalicelib.domain.playbook.channels import GOING, WEBHOOK, carrier_of
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, Playbook
from chalicelib.domain.rules import Rules
from chalicelib.services.ports import Clock, Playbooks

NONE_YET = Playbook(name="", identifiers=DEFAULT_IDENTIFIERS)
"""What is in force before anything was published: events are collected, nothing is said."""


@dataclass(slots=True)
class LiveRules:
    """Looks which version is live at most every `max_age` ms, and loads a version once.

    `carried` are the carriers there are of channels that go to the customer (None: every channel has one).
    """

    playbooks: Playbooks
    clock: Clock
    max_age: int = 10_000
    carried: frozenset[str] | None = None
    _looked: int = -1
    _version: int = 0
    _switches: Switches = field(default_factory=Switches)
    _loaded: dict[int, Rules] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def current(self) -> Rules:
        """The rules in force."""
        self._look()
        return self.version(self._version)

    def switches(self) -> Switches:
        """What the operator has turned off, and every channel that nobody carries."""
        playbook = self.current().playbook
        if self.carried is None:
            return self._switches
        going = (*GOING, *(f"{WEBHOOK}{name}" for name in playbook.webhooks))
        off = {channel: False for channel in going if carrier_of(channel) not in self.carried}
        return msgspec.structs.replace(self._switches, channels={**self._switches.channels, **off})

    def version(self, number: int) -> Rules:
        """The rules of one version; 0 is the empty playbook. Raises KeyError for one never published."""
        rules = self._loaded.get(number)
        if rules is None:
            from chalicelib.domain.playbook.compiler import compile_playbook
            from chalicelib.domain.playbook.kept import kept_rules

            if number:
                rules = kept_rules(self.playbooks.compiled(number), number)
            else:
                rules = compile_playbook(NONE_YET, 0)
            self._loaded[number] = rules
        return rules

    def forget(self) -> None:
        """Look again at the next question, whatever was seen last."""
        self._looked = -1

    def _look(self) -> None:
        now = self.clock()
        if self._looked >= 0 and 0 <= now - self._looked < self.max_age:
            return
        with self._lock:
            self._version = self.playbooks.live()
            self._switches = self.playbooks.switches()
            self._looked = now
