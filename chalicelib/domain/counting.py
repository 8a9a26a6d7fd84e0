"""What a message's contact adds to the cells that learning reads: given, given back, its goal reached."""

from __future__ import annotations

from chalicelib.domain.cells import MESSAGE, Cells, message_cell, row, total
from chalicelib.domain.effects import Count, Effect
from chalicelib.domain.keys import cause_id
from chalicelib.domain.profile import Contact, Ledger

MILLION = 1_000_000


def given(contact: Contact) -> Cells:
    """The message was given (or is reserved, to be given)."""
    return {_cell(contact): row(MESSAGE, shown=1)}


def given_back(contact: Contact) -> Cells:
    """It ended unsent."""
    return {_cell(contact): row(MESSAGE, shown=-1)}


def reached(contact: Contact) -> Cells:
    """Its goal was reached, and what that earned."""
    earned = contact.earned / MILLION
    return {_cell(contact): row(MESSAGE, reached=1, revenue=earned, orders=earned > 0)}


def dropped_in(joined: Ledger, *sides: Ledger) -> Cells:
    """What is given back where two who have decided about one moment turn out to be one customer."""
    return total(
        given_back(contact)
        for delivery, contact in joined.contacts.items()
        if contact.state == "dropped" and contact.kind != "service"
        for side in sides
        if delivery in side.contacts and side.contacts[delivery].state == "reserved"
    )


def is_reached(contact: Contact) -> bool:
    """Whether the contact did what it was for: its goal, or where it has none a click."""
    return contact.state == "converted" or (contact.state == "clicked" and not contact.goal_until)


def counts(at: int, cells: Cells, *cause: str) -> list[Effect]:
    """The effect that counts these cells for a cause, none where nothing changes."""
    return [Count(cause_id("c_", *cause), at, cells)] if cells else []


def _cell(contact: Contact) -> str:
    return message_cell(contact.message, contact.variant, contact.channel, contact.stage)
