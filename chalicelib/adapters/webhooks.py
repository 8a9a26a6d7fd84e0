"""Messages as signed webhooks, to whatever else carries them: a messenger, a print house, an ad platform.

    2xx                                             taken
    410                                             the receiver wants no more: given up, its URL rests for an hour
    an address that is not on the public internet   given up
    anything else, a redirect, no answer            `NotTaken`: tried again under the same `webhook-id`

That a receiver may have acted before its answer was lost is no reason to stop: by the standard it knows a repeat by
its id (Standard Webhooks, "Idempotency").
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from chalicelib.adapters.circuits import Circuits
from chalicelib.adapters.guarded_http import Forbidden, NeverConnected, NoAnswer
from chalicelib.domain.errors import NotTaken, Undeliverable
from chalicelib.domain.instants import to_text
from chalicelib.domain.playbook.channels import WEBHOOK
from chalicelib.domain.webhooks import signed_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.keys import Secrets
    from chalicelib.domain.stored import Outgoing

#: How long a URL that answered 410 is left alone by this worker (ms).
GONE = 3_600_000
#: Answers by which a host says that it is overrun: timed out, too many requests.
BUSY = frozenset({408, 429})


class Http(Protocol):
    """What posts: `GuardedHttp`."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int: ...


class Webhooks:
    """`clock` is the time that receivers have too (ms): they refuse what is minutes old."""

    def __init__(self, http: Http, secrets: Secrets, clock: Callable[[], int]) -> None:
        self._http, self._secrets, self._clock = http, secrets, clock
        self._circuits = Circuits(clock)
        self._gone: dict[str, int] = {}

    def send(self, outgoing: Outgoing) -> str:
        """Post a message once; its `webhook-id`. Raises `NotTaken` or `Undeliverable`."""
        url, host = outgoing.to, urlsplit(outgoing.to).netloc
        if self._clock() < self._gone.get(url, 0):
            raise Undeliverable("gone")
        if not self._circuits.lets_through(host):
            raise NotTaken
        status = self._post(url, host, outgoing)
        if status == 410:
            self._gone[url] = self._clock() + GONE
            raise Undeliverable("gone")
        if status in BUSY or status >= 500:
            self._circuits.failed(host)
            raise NotTaken
        self._circuits.succeeded(host)  # it is there, whatever it makes of this message
        if not 200 <= status < 300:
            raise NotTaken
        return outgoing.delivery

    def _post(self, url: str, host: str, outgoing: Outgoing) -> int:
        now = self._clock()
        body = _body(outgoing, now)
        name = outgoing.channel.removeprefix(WEBHOOK)
        signed = signed_headers(self._secrets, name, outgoing.delivery, now, body)
        try:
            return self._http.post(
                url, body, {"content-type": "application/json", "user-agent": "topeka", **signed}
            )
        except Forbidden as error:
            raise Undeliverable("not-public") from error
        except (NeverConnected, NoAnswer) as error:
            self._circuits.failed(host)
            raise NotTaken from error


def _body(outgoing: Outgoing, now: int) -> bytes:
    """Ids and what the template says, and nothing else about the customer."""
    data = {
        "delivery": outgoing.delivery,
        "message": outgoing.message,
        "kind": outgoing.kind,
        "channel": outgoing.channel,
        "content": outgoing.content,
    }
    event = {"type": "message.sent", "timestamp": to_text(now), "data": data}
    return json.dumps(event, ensure_ascii=False).encode()
