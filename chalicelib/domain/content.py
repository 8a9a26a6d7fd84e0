"""What a message says: the content for a channel and language, and the data its templates are filled from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from chalicelib.domain.facts import retold
from chalicelib.domain.languages import languages_of
from chalicelib.domain.playbook.model import Message
from chalicelib.domain.profile import Place, Profile

#: Fields that hold a picture, which the playbook may name relative to its `images`.
PICTURES = frozenset({"image", "fallback"})


def content_of(message: Message, variant: str, channel: str, locale: str = "") -> Mapping[str, Any] | None:
    """The variant's content for the channel, in the customer's language if it has that; None without any.

    A language replaces a channel's content as a whole, most exact first: `es-MX`, `es`, the variant's own.
    """
    wording = message.variants.get(variant)
    if wording is None:
        return None
    by_language = {name.lower(): channels for name, channels in wording.locales.items()}
    for language in languages_of(locale):
        if channel in by_language.get(language, {}):
            return by_language[language][channel]
    return wording.contents.get(channel)


def in_full(content: Mapping[str, Any], images: str, links: Mapping[str, str]) -> dict[str, Any]:
    """Filled-in content whose short forms are written out: pictures as addresses, `link: shop` as the link."""
    return {name: _in_full(name, value, images, links) for name, value in content.items()}


def _in_full(name: str, value: Any, images: str, links: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return in_full(value, images, links)
    if isinstance(value, list):
        return [_in_full(name, one, images, links) for one in value]
    if not isinstance(value, str):
        return value
    if name in PICTURES and value and images:
        return urljoin(images if images.endswith("/") else f"{images}/", value)
    return links.get(value, value) if name == "link" else value


def locale_of(profile: Profile) -> str:
    """The locale the customer's latest event carried, "" if none ever did."""
    return str(profile.facts.locale.value) if profile.facts.locale else ""


def data_of(
    profile: Profile,
    place: Place | None,
    *,
    context: Mapping[str, Any],
    event: Mapping[str, Any],
    links: Mapping[str, str],
) -> dict[str, Any]:
    """What templates may read. These are plain values, never templates themselves."""
    return {
        "traits": {name: stamped.value for name, stamped in profile.facts.traits.items()},
        "place": _place(place),
        "context": dict(context),
        "event": dict(retold(event, context)),
        "scores": {},
        "link": dict(links),
    }


def _place(place: Place | None) -> dict[str, str]:
    if place is None:
        return {}
    return {"slug": place.slug, "city": place.city, "region": place.region, "country": place.country}
