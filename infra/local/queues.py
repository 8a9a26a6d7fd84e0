"""A look into one of moto's queues: what can be taken, what comes due when, what was taken and never finished."""

from __future__ import annotations

from typing import Any

from infra.local.resources import ACCOUNT, REGION

#: Lambda hands a function at most 6 MB: past this, ten more messages of half a megabyte might not fit.
_ENOUGH = 1_000_000


class LocalQueue:
    """One queue by name. Times in ms of the local clock."""

    def __init__(self, name: str) -> None:
        from moto.sqs.models import sqs_backends

        self.name = name
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        self._backend = sqs_backends[ACCOUNT][REGION]
        self._queue: Any = self._backend.get_queue(name)

    def __len__(self) -> int:
        """All messages: waiting, delayed and in flight."""
        return len(self._queue._messages)

    def ready(self) -> bool:
        """Whether a message can be taken now."""
        return any(message.visible and not message.delayed for message in self._queue._messages)

    def next_due(self) -> int | None:
        """When the next delayed or unfinished message can be taken, None if there is none."""
        waiting = [message for message in self._queue._messages if not message.visible or message.delayed]
        # A message is visible again only past its instant.
        return min((int(max(m.delayed_until, m.visible_at + 1)) for m in waiting), default=None)

    def take(self, count: int) -> list[Any]:
        """Up to `count` messages, now invisible for the queue's visibility timeout."""
        taken: list[Any] = []
        size = 0
        while len(taken) < count and size < _ENOUGH:
            most = min(10, count - len(taken))
            found = self._backend.receive_message(self.name, most, 0, self._queue.visibility_timeout)
            if not found:
                break
            taken += found
            size += sum(len(message.body) for message in found)
        return taken

    def finish(self, messages: list[Any]) -> None:
        """Delete what was handled."""
        for message in messages:
            self._backend.delete_message(self.name, message.receipt_handle)

    def bring_back(self) -> bool:
        """Let every unfinished message be taken at once, ahead of its visibility timeout; whether there was one."""
        unfinished = [message for message in self._queue._messages if not message.visible]
        for message in unfinished:
            message.visible_at = 0.0
        return bool(unfinished)

    def bodies(self) -> list[str]:
        """Everything in it, whether it can be taken or not."""
        return [message.body for message in list(self._queue._messages)]

    def put(self, body: str) -> None:
        """Send a message to it."""
        self._backend.send_message(self.name, body)
