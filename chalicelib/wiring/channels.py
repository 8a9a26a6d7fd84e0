"""The channels that go to the customer: who carries each. A new one is a line of `CARRIERS` and its adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from chalicelib import settings, wiring

if TYPE_CHECKING:
    from chalicelib.adapters.mail_s3 import S3Mail
    from chalicelib.services.join_mail import JoinMail
    from chalicelib.services.list_webhooks import ListWebhooks
    from chalicelib.services.ports import Sender

#: The factory in `wiring` of each carrier's sender.
CARRIERS = {
    "email": "email_sender",
    "sms": "sms_sender",
    "push": "push_sender",
    "webhook": "webhook_sender",
    "mail": "mail",
}


def carriers() -> frozenset[str]:
    """Those that settings leave switched on: on any other channel that goes out nobody can be reached."""
    known = settings.load()
    set_up = {"push": known.push_firebase or known.push_apple, "mail": known.lake_bucket}
    return frozenset(carrier for carrier in CARRIERS if set_up.get(carrier, True))


class Senders(Mapping[str, "Sender"]):
    """A sender by carrier, each made when it is first needed: who sends e-mail loads no other client."""

    def __getitem__(self, carrier: str) -> Sender:
        if carrier not in carriers():
            raise KeyError(carrier)
        made: Sender = getattr(wiring, CARRIERS[carrier])()
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(carriers())

    def __len__(self) -> int:
        return len(carriers())


@cache
def senders() -> Mapping[str, Sender]:
    """Every carrier's sender."""
    return Senders()


@cache
def push_sender() -> Sender:
    """Amazon SNS's platform endpoints. A dead device's token is stopped as a bounced address is."""
    from chalicelib.adapters.push_sns import Applications, SnsPush
    from chalicelib.domain.addresses import STOP_KINDS

    def forget(token: str) -> None:
        stopped = wiring.secrets().stop_hash(STOP_KINDS["push"], token)
        wiring.stops().add(stopped, "dead-device", wiring.clock())

    known = settings.load()
    return SnsPush(wiring.client("sns"), Applications(known.push_firebase, known.push_apple), forget)


@cache
def webhook_sender() -> Sender:
    """Signed webhooks. Receivers check the time against their own clocks, so it is this machine's."""
    from chalicelib.adapters.guarded_http import GuardedHttp
    from chalicelib.adapters.webhooks import Webhooks

    return Webhooks(GuardedHttp(settings.load().webhook_allow), wiring.secrets(), wiring.system_clock)


@cache
def mail() -> S3Mail:
    """Letters in the stage's bucket: the sender, and what makes them files."""
    from chalicelib.adapters.mail_s3 import S3Mail

    return S3Mail(wiring.client("s3"), settings.load().lake_bucket, wiring.clock)


@cache
def join_mail() -> JoinMail:
    """The file of a day's letters."""
    from chalicelib.services.join_mail import JoinMail

    return JoinMail(wiring.mail())


@cache
def list_webhooks() -> ListWebhooks:
    """Where webhooks go, and what they are signed with."""
    from chalicelib.services.list_webhooks import ListWebhooks

    return ListWebhooks(wiring.live_rules(), wiring.secrets())
