"""Figures of an experiment as a marketer reads them."""

from __future__ import annotations

from chalicelib.domain.experiments.lift import Lift


def names(arms: list[str]) -> str:
    """`a`, `b` and `c`."""
    quoted = [f"`{arm}`" for arm in arms]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def counted(number: float) -> str:
    """1,204."""
    return f"{number:,.0f}"


def percent(share: float) -> str:
    """A share, of 1: 4.12%, 71%, 0.031%."""
    return f"{_digits(share * 100)}%"


def better_or_worse(found: Lift, unit: str) -> str:
    """By how much, of a difference that is sure: 1.08 points of conversion rate (between 0.31 and 1.85), 26% more.

    `unit` begins with `points` (hundredths of a rate), or else with the currency's three letters.
    """
    low, high = sorted(abs(bound) for bound in found.between)
    more = "more" if found.difference > 0 else "less"
    share = "" if found.relative is None else f", {percent(abs(found.relative))} {more}"
    return (
        f"{_amount(abs(found.difference), unit)} {unit} "
        f"(between {_amount(low, unit)} and {_amount(high, unit)}){share}"
    )


def so_far(found: Lift, unit: str) -> str:
    """A difference that isn't sure, with its sign: +0.1 points (between -0.6 and +0.8)."""
    low, high = (_signed(bound, unit) for bound in found.between)
    return f"{_signed(found.difference, unit)} {unit} (between {low} and {high})"


def _signed(number: float, unit: str) -> str:
    return ("-" if number < 0 else "+") + _amount(abs(number), unit)


def _amount(number: float, unit: str) -> str:
    return _digits(number * 100) if unit.startswith("points") else f"{number:,.2f}"


def _digits(number: float) -> str:
    """Two digits behind the point, of a small number two that are not 0, of a large one none."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.2f}".rstrip("0").rstrip(".") if number >= 0.1 else f"{round(number, 4):.2g}"
