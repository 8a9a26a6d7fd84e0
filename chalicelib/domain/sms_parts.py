"""How long an SMS is: its encoding, its length in that, and how many parts it is sent and charged as.

Sources: 3GPP TS 23.038, 6.2.1 (the GSM 7-bit default alphabet, and its extension table whose characters take
two); AWS End User Messaging SMS User Guide, "SMS character limits" (a text with any other character is UCS-2;
160 and 153, 70 and 67; at most 1,530 and 630 characters are taken); Amazon SNS API, Publish (1,600 in all).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
MOST_PARTS = 10
_MOST_UCS_2 = 630
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """`length` is in the encoding's own units: septets (a character of the extension takes two), or UTF-16 units.

    `foreign` are the characters that GSM-7 lacks, each once, in the order they come.
    """

    encoding: Literal["GSM-7", "UCS-2"]
    length: int
    parts: int
    foreign: str = ""

    @property
    def too_long(self) -> bool:
        """Whether providers refuse it."""
        return self.parts > MOST_PARTS or (self.encoding == "UCS-2" and self.length > _MOST_UCS_2)


def measure(text: str) -> Measured:
    """The text as carriers count it; an empty one has no part."""
    foreign = "".join(dict.fromkeys(one for one in text if one not in GSM_7 and one not in EXTENSION))
    if foreign:
        widths = [2 if ord(one) > 0xFFFF else 1 for one in text]
        return Measured("UCS-2", sum(widths), _parts(widths, 70, 67), foreign)
    widths = [2 if one in EXTENSION else 1 for one in text]
    return Measured("GSM-7", sum(widths), _parts(widths, 160, 153))


def _parts(widths: Iterable[int], alone: int, joined: int) -> int:
    """How many parts; a character that takes two units is never cut in half."""
    widths = list(widths)
    if sum(widths) <= alone:
        return min(len(widths), 1)
    parts, filled = 1, 0
    for width in widths:
        if filled + width > joined:
            parts, filled = parts + 1, 0
        filled += width
    return parts


def told(text: str) -> str:
    """What to tell who writes a text of more than one part; "" for one that fits in one."""
    found = measure(text)
    if found.parts <= 1:
        return ""
    alone = 160 if found.encoding == "GSM-7" else 70
    long = (
        f"On a sample customer this SMS is {found.length} characters, sent and charged as {found.parts} parts"
    )
    return f"{long}; {_why(text, found) or f'one part holds {alone}'}."


def _why(text: str, found: Measured) -> str:
    if not found.foreign:
        return ""
    without = measure("".join("?" if one in found.foreign else one for one in text))
    named = ", ".join(_name(one) for one in found.foreign[:_NAMED])
    more = f" and {len(found.foreign) - _NAMED} more" if len(found.foreign) > _NAMED else ""
    are = "is" if len(found.foreign) == 1 else "are"
    plural = "part" if without.parts == 1 else "parts"
    return (
        f"{named}{more} {are} not in the alphabet of SMS (GSM-7), so one part holds 70 instead of 160: "
        f"without {'it' if are == 'is' else 'them'} it would be {without.parts} {plural}"
    )


def _name(one: str) -> str:
    """The character as it looks, or by its number where it looks like nothing."""
    return f"`{one}`" if one.isprintable() and not one.isspace() else f"U+{ord(one):04X}"
