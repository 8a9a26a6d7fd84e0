"""The webhooks of the live playbook, each with the secret that its receiver checks signatures with."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.keys import Secrets
from chalicelib.domain.playbook.channels import WEBHOOK
from chalicelib.domain.webhooks import shown_secret
from chalicelib.services.live_rules import LiveRules


@dataclass(frozen=True, slots=True)
class ListWebhooks:
    """Secrets derive from the workspace's by the webhook's name: they change when that is rotated."""

    live: LiveRules
    secrets: Secrets

    def __call__(self) -> list[dict[str, str]]:
        """By name: {"name", "channel", "url", "secret"}."""
        return [
            {
                "name": name,
                "channel": WEBHOOK + name,
                "url": str(webhook["url"]),
                "secret": shown_secret(self.secrets, name),
            }
            for name, webhook in sorted(self.live.current().playbook.webhooks.items())
        ]
