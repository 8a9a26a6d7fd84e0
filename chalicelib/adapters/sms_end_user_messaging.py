"""SMS through AWS End User Messaging (`pinpoint-sms-voice-v2`, SendTextMessage).

Its events bring back the delivery id, as `context` (User Guide, "SMS example log"): what became of a message is
known even where the provider's answer to us was lost. SNS brings back its own message id alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.adapters.providers import calling

if TYPE_CHECKING:
    from chalicelib.domain.stored import Outgoing

#: How long carriers may try (s; at most 259,200, and that if nothing is said). What was right at its moment is not
#: at another: an offer that comes hours later comes at night, or after the rain.
_PROMOTIONAL_TTL = 3_600
_TRANSACTIONAL_TTL = 86_400


class EndUserMessagingSms:
    """The sender is a number, a sender id or a pool of ours; without one AWS chooses among those of the account."""

    def __init__(self, client: Any, configuration_set: str) -> None:
        self._client = client
        self._configuration_set = configuration_set

    def send(self, outgoing: Outgoing) -> str:
        """Hand an SMS over once; AWS's message id. Raises `NotTaken` or `Unanswered`."""
        promotional = outgoing.kind in {"offer", "brand"}
        named = {"OriginationIdentity": outgoing.sender, "ConfigurationSetName": self._configuration_set}
        with calling():
            answer = self._client.send_text_message(
                DestinationPhoneNumber=outgoing.to,
                MessageBody=outgoing.text,
                MessageType="PROMOTIONAL" if promotional else "TRANSACTIONAL",
                TimeToLive=_PROMOTIONAL_TTL if promotional else _TRANSACTIONAL_TTL,
                Context={"delivery": outgoing.delivery},
                **{name: value for name, value in named.items() if value},
            )
        return str(answer["MessageId"])
