"""How a message could reach the customer: the first channel on which it can and may, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain import permissions
from chalicelib.domain.addresses import can_reach, is_stopped
from chalicelib.domain.decision import Reason, Switches
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Profile

#: Reasons by how far a channel got; the furthest is the one to tell.
_ORDER: tuple[Reason, ...] = ("no-address", "no-permission", "stopped", "switched-off")


def nearest(reasons: Iterable[Reason]) -> Reason:
    """Of reasons why channels don't work (at least one), that of the channel that came nearest."""
    return max(reasons, key=_ORDER.index)


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is to be reached, under which rules."""

    profile: Profile
    playbook: Playbook
    switches: Switches

    def first(self, channels: tuple[str, ...], topic: str, *, service: bool) -> tuple[str, Reason | None]:
        """The first channel that works and None; or "" and the reason of the one that came nearest."""
        came_to: list[Reason] = ["no-address"]
        for channel in channels:
            reason = self.reason_against(channel, topic, service=service)
            if reason is None:
                return channel, None
            came_to.append(reason)
        return "", nearest(came_to)

    def reason_against(self, channel: str, topic: str, *, service: bool) -> Reason | None:
        """Why the channel doesn't work for this topic; None if it does.

        Service messages need no permission of a topic; but where a customer denied a whole SMS channel
        (`STOP`), carriers and law take that for every message.
        """
        profile, playbook = self.profile, self.playbook
        if not can_reach(profile, channel):
            return "no-address"
        if service:
            if channel == "sms" and permissions.denied_outright(profile.facts, channel, playbook):
                return "no-permission"
        elif not permissions.may_contact(profile.facts, channel, topic, playbook):
            return "no-permission"
        if is_stopped(profile, channel, playbook):
            return "stopped"
        if not self.switches.sending or not self.switches.channels.get(channel, True):
            return "switched-off"
        return None
