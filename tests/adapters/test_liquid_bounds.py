"""Filters of templates: what makes or is given too much fails as a template fails; what is ordinary doesn't."""

from __future__ import annotations

import pytest

from chalicelib.adapters.templates import LiquidTemplates

DOUBLED = "{% assign t = 'aaaaaaaaaa' %}" + "{% assign t = t | append: t %}" * 13


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'aaaaaaaaaaaaaaaaaaaa'" + " | replace: 'a', 'aaaaaaaaaa'" * 8 + " }}",
        "{{ 'aaaa' | replace: '', traits.long }}",
        "{{ (1..100000000) | join: ',' }}",
        "{{ (1..100000000) | size }}",
        "{{ (1..9999) | join: traits.long }}",
        DOUBLED + "{% assign x = t | split: '#' %}" + "{% assign x = x | concat: x %}" * 12 + "{{ x }}",
        "{{ (1..10000) | uniq | size }}",
        DOUBLED + "{{ t" + " | upcase" * 100 + " | size }}",
    ],
)
def test_too_much_fails(template: str) -> None:
    assert LiquidTemplates().render({"text": template}, {"traits": {"long": "b" * 100_000}}) is None


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{{ 'a-b' | replace: '-', '+' }}", "a+b"),
        ("{{ traits.tags | uniq | join: ', ' }}", "a, b"),
        ("{{ (1..5) | join }}", "1 2 3 4 5"),
        ("{{ traits.none | default: 'friend' | upcase }}", "FRIEND"),
        ("{{ traits.price | times: 2 | round: 1 }}", "2.5"),
        ("{{ '2026-07-01' | date: '%d.%m.%Y' }}", "01.07.2026"),
    ],
)
def test_what_is_ordinary_is_filled_in(template: str, filled: str) -> None:
    data = {"traits": {"tags": ["a", "b", "a"], "price": 1.25}}
    assert LiquidTemplates().render({"text": template}, data) == {"text": filled}


def test_each_template_has_its_own_measure() -> None:
    heavy = DOUBLED + "{{ t" + " | upcase" * 20 + " | size }}"
    for _ in range(5):
        assert LiquidTemplates().render({"text": heavy}, {}) == {"text": "81920"}
