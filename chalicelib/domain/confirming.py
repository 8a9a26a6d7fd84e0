"""Double opt-in: whose yes has to be confirmed from the address itself before it counts.

A grant that nobody proved stays `pending` for a topic with `confirm: double`. It is asked about by e-mail once it is
said, or as soon as there is an address to ask at; a further yes asks again.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain import permissions
from chalicelib.domain.addresses import address
from chalicelib.domain.effects import Confirm, Effect
from chalicelib.domain.events import Event
from chalicelib.domain.keys import cause_id
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Facts, Permission, Profile

CHANNEL = "email"
#: The kind of job that asks; it lies with the deliveries, as only who sends those may send e-mail.
ASK_TO_CONFIRM = "ask_to_confirm"
#: The source of what is said by confirming, and of having been asked to.
SOURCE = "confirmation"
#: How the event's id begins that says a topic was asked about; behind it stands the question's delivery.
ASKED = "topeka:asked:"


def to_confirm(profile: Profile, event: Event, playbook: Playbook) -> list[Effect]:
    """A question for each topic that waits for one, where the event (already folded) may have brought it about."""
    if event.type != "identify" and event.event != "Permission Granted":
        return []
    if address(profile.facts, CHANNEL) is None:
        return []
    return [
        Confirm(cause_id("y_", profile.id, topic, event.message_id), profile.id, topic)
        for topic in playbook.topics
        if waits(profile.facts, topic, playbook) and not _was_asked(profile.facts, topic)
    ]


def waits(facts: Facts, topic: str, playbook: Playbook) -> bool:
    """Whether the topic's permission waits to be confirmed."""
    known = playbook.topics.get(topic)
    if known is None or known.confirm != "double":
        return False
    return permissions.state(facts, CHANNEL, topic, playbook) == "pending"


def _was_asked(facts: Facts, topic: str) -> bool:
    """Whether the customer was asked since they last said yes."""
    said = [one for _, one in permissions.about(facts.permissions, CHANNEL, topic)]
    asked = max((one.at for one in said if one.state == "pending"), default=-1)
    return asked >= max((one.at for one in said if one.state == "granted"), default=-1)


def questions_in(facts: Facts, topic: str = "") -> list[str]:
    """The delivery ids of the latest questions that permissions tell of, about the topic or about any."""
    told = [one for key, one in _statements(facts) if not topic or key == f"{CHANNEL}/{topic}"]
    return [one.message_id.removeprefix(ASKED) for one in told if one.message_id.startswith(ASKED)]


def _statements(facts: Facts) -> Iterator[tuple[str, Permission]]:
    for key, slots in facts.permissions.items():
        yield from ((key, one) for one in slots.values())
