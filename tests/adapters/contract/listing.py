"""Reading a listing to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.domain.stored import Page


def all_pages(page: Callable[[str], Page]) -> list[list[Any]]:
    """The items of every page, page by page."""
    pages = []
    cursor = ""
    while True:
        found = page(cursor)
        pages.append(list(found.items))
        if not found.cursor:
            return pages
        assert found.cursor != cursor
        cursor = found.cursor


def all_items(page: Callable[[str], Page]) -> list[Any]:
    """The items of every page in one list."""
    return [item for items in all_pages(page) for item in items]
