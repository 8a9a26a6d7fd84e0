"""The post office: everything sent, and what its providers tell about it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.moto_providers import Taken
from infra.local.notices import SES_EVENTS, SMS_EVENTS, inbound_sms, ses_event, sms_event
from infra.local.resources import Resources

#: What a provider may tell of a message, and what it tells at once.
_EVENTS: Mapping[str, Mapping[str, object]] = {"email": SES_EVENTS, "sms": SMS_EVENTS, "push": {}}
_AT_ONCE = {"email": ("Email Sent", "Email Delivered"), "sms": ("Sms Delivered",), "push": ()}


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that left, and when (ms of the local clock)."""

    taken: Taken
    at: int


class Post:
    """Keeps what was sent in order, and publishes notices to the topics the providers publish to.

    Each e-mail is followed by SES's `Send` and `Delivery`, each SMS by its delivery, a push by nothing, unless
    `withheld` names the notice (`Email Sent`, `Email Delivered`, `Sms Delivered`).
    """

    def __init__(self, now: Callable[[], int], made: Resources) -> None:
        import boto3

        self._now, self._made = now, made
        self._sns: Any = boto3.client("sns")
        self._sent: list[Sent] = []
        self._lock = threading.Lock()
        self.withheld: frozenset[str] = frozenset()

    def take(self, taken: Taken) -> None:
        """A provider took a message."""
        with self._lock:
            self._sent.append(Sent(taken, self._now()))
        for name in _AT_ONCE[taken.channel]:
            if name not in self.withheld:
                self._publish(taken, name, "")

    def sent(self) -> list[Sent]:
        """Everything, oldest first."""
        with self._lock:
            return sorted(self._sent, key=lambda each: each.at)

    def tell(self, delivery: str, name: str, bounce_type: str) -> bool:
        """Play the provider's notice about a delivery; False if nothing was sent for it on the notice's channel."""
        for each in reversed(self.sent()):
            known = _EVENTS[each.taken.channel]
            if delivery_of(each.taken) == delivery and name in known:
                self._publish(each.taken, name, bounce_type)
                return True
        return False

    def answer(self, sender: str, recipient: str, text: str) -> None:
        """Play a customer's SMS to one of our numbers."""
        notice = inbound_sms(sender, recipient, text, str(uuid.uuid4()))
        self._sns.publish(TopicArn=self._made["InboundTopic"], Message=json.dumps(notice))

    def number_for(self, customer: str) -> str:
        """The number that last wrote to the customer, else one of ours."""
        ours = [each.taken.sender for each in self.sent() if each.taken.to == customer and each.taken.sender]
        return ours[-1] if ours else "+17855550100"

    def _publish(self, taken: Taken, name: str, bounce_type: str) -> None:
        kind = bounce_type or "Permanent"
        if taken.channel == "email":
            notice = ses_event(taken, SES_EVENTS[name], self._now(), kind)
        else:
            notice = sms_event(taken, delivery_of(taken), name, self._now(), kind)
        self._sns.publish(TopicArn=self._made["FeedbackTopic"], Message=json.dumps(notice))


def delivery_of(taken: Taken) -> str:
    """The delivery a sent message belongs to: its tag."""
    return taken.tags.get("delivery", "")
