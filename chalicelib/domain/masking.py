"""Addresses as pages show them."""

from __future__ import annotations


def masked(shown: str) -> str:
    """An address that its owner recognises and nobody else learns: `a***@example.com`, `+1********23`."""
    local, at, domain = shown.rpartition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"{shown[:2]}{'*' * max(len(shown) - 4, 3)}{shown[-2:]}"
