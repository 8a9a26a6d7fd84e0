"""How long an SMS of a playbook becomes, on the sample customer and with links as long as ours are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import sms_parts
from chalicelib.domain.keys import Secrets
from chalicelib.domain.links import sent_links
from chalicelib.services.ports import Templates

#: Tokens are as long under any secret, and ids of deliveries and profiles all have one length.
_SECRETS = Secrets(b"length", b"length")
_DELIVERY, _PROFILE = "m_" + "x" * 20, "p_" + "x" * 26
_NOW = 1_800_000_000_000


@dataclass(frozen=True, slots=True)
class Long:
    """An SMS of more than one part: what to tell its author, and whether providers refuse it."""

    message: str
    refused: bool


@dataclass(frozen=True, slots=True)
class MeasureSms:
    """What a template asks beyond the sample customer is empty: names longer than theirs make a longer SMS."""

    templates: Templates
    base_url: str

    def __call__(self, content: Mapping[str, Any], links: Iterable[str]) -> Long | None:
        """The length if it is more than one part; None too where a template fails, which is a fault already."""
        filled = self.templates.try_out(content, self._links(links))
        text = str((filled or {}).get("text") or "")
        told = sms_parts.told(text)
        if not told:
            return None
        refused = sms_parts.measure(text).too_long
        return Long(f"{told} Providers refuse more than 10 parts; shorten it." if refused else told, refused)

    def _links(self, names: Iterable[str]) -> dict[str, str]:
        return sent_links(
            _SECRETS, self.base_url, names,
            delivery=_DELIVERY, profile=_PROFILE, channel="sms", topic="offers", now=_NOW,
        )  # fmt: skip
