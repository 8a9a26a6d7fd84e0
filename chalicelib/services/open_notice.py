"""A notification out of SNS's envelope, believed only if SNS signed it for a topic of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.sns_messages import Forged, signed_of
from chalicelib.services.ports import Signatures

_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class OpenNotice:
    """`topics` are the ARNs of ours: SES's and the carriers' feedback, and customers' answers."""

    topics: frozenset[str]
    signatures: Signatures

    def __call__(self, body: str) -> dict[str, Any]:
        """What it says. What isn't JSON (SES tests a new topic so) is nothing.

        Raises `Forged`, and `Unavailable` where the certificate could not be fetched: then it must come again.
        """
        try:
            envelope = _decode(body)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise Forged("json") from error
        signed = signed_of(envelope, self.topics)
        if not self.signatures.genuine(signed):
            raise Forged("signature")
        try:
            return _decode(signed.message)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return {}
