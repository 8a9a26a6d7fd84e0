"""Versions of stored items: a counter for people, and a nonce so that none is ever used twice."""

from __future__ import annotations


def next_version(version: str, nonce: str) -> str:
    """The version after this one ("" for an item that is not there yet): `7.9f2c41d0aa3b`."""
    return f"{int(version.partition('.')[0] or 0) + 1}.{nonce}"
