"""Which languages a locale stands for, the most exact first."""

from __future__ import annotations


def languages_of(locale: str) -> list[str]:
    """`es_MX.UTF-8` -> es-mx, es."""
    parts = locale.partition(".")[0].replace("_", "-").lower().split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1) if parts[0]]
