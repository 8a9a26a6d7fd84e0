"""How many e-mails a second the account may send, from SES itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class SesQuota:
    """Asks for the account's sending quota (SES API v2, GetAccount: SendQuota.MaxSendRate)."""

    def __init__(self, client: SESV2Client) -> None:
        self._client = client

    def __call__(self) -> float | None:
        """E-mails a second; None where SES doesn't say, for whatever reason: that never stops a message."""
        try:
            quota = self._client.get_account().get("SendQuota", {})
        except Exception:  # noqa: BLE001 - without a quota the setting holds; moto has no GetAccount and says so its way
            return None
        return quota.get("MaxSendRate") or None
