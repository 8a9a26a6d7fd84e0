"""Where a message's declared links lead for one customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.links import rendered_target
from chalicelib.domain.playbook.model import Message
from chalicelib.services.ports import Templates


def fill_links(templates: Templates, message: Message, data: Mapping[str, Any]) -> dict[str, str] | None:
    """Each link with its templates filled in; None if one fails, or leads to another host than was declared."""
    if not message.links:
        return {}
    filled = templates.render(message.links, data)
    if filled is None:
        return None
    targets = {name: rendered_target(url, filled[name]) for name, url in message.links.items()}
    sound = {name: target for name, target in targets.items() if target}
    return sound if len(sound) == len(targets) else None
