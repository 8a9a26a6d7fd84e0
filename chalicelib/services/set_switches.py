"""Turning everything, a channel or a message off and on again."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.decision import Switches
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Playbooks


@dataclass(frozen=True, slots=True)
class SetSwitches:
    """In force here at once, elsewhere as soon as each worker looks again."""

    playbooks: Playbooks
    rules: LiveRules

    def __call__(self, switches: Switches) -> Switches:
        """Replace all switches."""
        self.playbooks.set_switches(switches)
        self.rules.forget()
        return switches

    def read(self) -> Switches:
        """What is turned off, as it is stored."""
        return self.playbooks.switches()
