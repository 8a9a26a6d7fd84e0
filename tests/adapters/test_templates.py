"""Liquid and MJML: escaped, bounded, without a way out, and never fed with a customer's value as a template."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.templates import LiquidTemplates

TEMPLATES = LiquidTemplates()
DATA: dict[str, Any] = {
    "traits": {
        "firstName": "<b>Ada</b>",
        "code": "{{ traits.secret }}{% raw %}",
        "secret": "s3cret",
        "list": [1, 2],
    },
    "place": {"city": "To\r\npeka"},
    "context": {"weather": {"rain_mm": 12}},
    "event": {},
    "scores": {},
    "link": {"shop": 'https://x.example.com/c/1?a=1&b="'},
}


def render(**content: Any) -> dict[str, Any] | None:
    return TEMPLATES.render(content, DATA)


@pytest.mark.parametrize(
    ("field", "template", "filled"),
    [
        ("text", "Hi {{ traits.firstName }}", "Hi <b>Ada</b>"),
        ("html", "Hi {{ traits.firstName }}", "Hi &lt;b&gt;Ada&lt;/b&gt;"),
        ("html", "<i>{{ traits.firstName | append: '<u>' }}</i>", "<i>&lt;b&gt;Ada&lt;/b&gt;<u></i>"),
        ("html", '<a href="{{ link.shop }}">', '<a href="https://x.example.com/c/1?a=1&amp;b=&#34;">'),
        ("subject", "Dry in {{ place.city }}?\r\nBcc: x", "Dry in To peka? Bcc: x"),
        ("subject", "No template\r\nBcc: x", "No template Bcc: x"),
        ("headline", "{{ traits.code }}", "{{ traits.secret }}{% raw %}"),
        ("text", "[{{ traits.none }}{{ none.at.all }}]", "[]"),
        ("text", "{{ traits.none | default: 'friend' }}", "friend"),
        ("text", "{% if context.weather.rain_mm > 10 %}wet{% endif %}", "wet"),
        ("text", "{% for i in traits.list %}{{ i }}{% endfor %}", "12"),
        ("text", "☔ {{ 'ü' | upcase }}", "☔ Ü"),
    ],
)
def test_a_field_is_filled_in(field: str, template: str, filled: str) -> None:
    assert render(**{field: template}) == {field: filled}


@pytest.mark.parametrize(
    "template",
    [
        "{{ traits.firstName }}",
        "{{ '' | append: traits.firstName }}",
        "{{ 'X' | replace: 'X', traits.firstName }}",
        "{{ traits.list | join: traits.firstName }}",
        "{{ traits.firstName | split: '' | join: '' }}",
        "{{ traits.firstName | newline_to_br }}",
        "{{ traits.encoded | base64_decode }}",
        "{{ traits.quoted | url_decode }}",
        "{{ traits.escaped | replace: '&lt;', '<' }}",
        "{{ traits.none | default: traits.firstName }}",
        "{% capture x %}{{ traits.firstName }}{% endcapture %}{{ x }}",
        "{% assign x = traits.firstName %}{{ x }}{% echo x %}",
        "{% cycle traits.firstName %}",
        "{{ traits.firstName | strip | prepend: ' ' | truncate: 500 | slice: 0, 500 }}",
        "{{ 'now' | date: traits.firstName }}",
        "{{ traits.firstName | date: traits.firstName }}",
        "{% liquid echo traits.firstName %}",
        "{{ traits.nested }}",
    ],
)
def test_no_filter_lets_a_value_become_markup(template: str) -> None:
    attack = "<b>"
    traits = {
        "firstName": attack,
        "encoded": "PGI+",
        "quoted": "%3Cb%3E",
        "escaped": "&lt;b>",
        "list": ["a", "b"],
        "nested": {"x": [attack]},
    }
    filled = TEMPLATES.render({"html": template}, {**DATA, "traits": traits})
    assert filled is None or attack not in filled["html"]


def test_templates_inside_lists_and_mappings_are_filled_in_and_the_rest_kept() -> None:
    content = {"items": [{"title": "{{ traits.secret }}"}], "count": 3, "on": True, "none": None}
    assert render(**content) == {"items": [{"title": "s3cret"}], "count": 3, "on": True, "none": None}


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in (1..10001) %}{% endfor %}",
        "{% for i in (1..101) %}{% for j in (1..101) %}{% endfor %}{% endfor %}",
        "{% for i in (1..9000) %}0123456789{% endfor %}",
        "{{ 1 | divided_by: 0 }}",
        "{% include 'x' %}",
        "{% render 'x' %}",
        "{{ traits.firstName | safe }}",
        "{% assign s = 'xxxxxxxxxxxxxxxx' %}{% for i in (1..100) %}{% assign s = s | append: s %}{% endfor %}",
    ],
)
def test_what_runs_too_long_or_reaches_out_fails(template: str) -> None:
    assert render(text=template) is None


def test_all_fields_together_are_at_most_64_kb() -> None:
    assert render(a="x" * 40_000) is not None
    assert render(a="x" * 40_000, b="x" * 40_000) is None


def test_a_sound_content_has_no_faults() -> None:
    content = {"subject": "{{ place.city }}", "text": "{{ traits.firstName }}"}
    assert TEMPLATES.prepare(content) == (content, ())


@pytest.mark.parametrize(
    ("content", "path", "says"),
    [
        ({"text": "{{ x"}, "text", "expected"),
        ({"text": "one\n{% if %}"}, "text", "line 2"),
        ({"text": "{{ x | nope }}"}, "text", "nope"),
        ({"items": [{"title": "{% include 'a' %}"}]}, "items[0].title", "include"),
        ({"text": "{{ 1 | divided_by: 0 }}"}, "text", "divide"),
        ({"mjml": "hello"}, "mjml", "MJML"),
        ({"mjml": "<mjml><mj-body><mj-nope/></mj-body></mjml>"}, "mjml", "mj-nope"),
        ({"mjml": "<mjml><mj-body><mj-include path='/etc/passwd'/></mj-body></mjml>"}, "mjml", "mj-include"),
        ({"mjml": "<mjml><mj-body>{% if a %}<mj-section/>{% endif %}</mj-body></mjml>"}, "mjml", "mj-raw"),
        ({"mjml": "<mjml><mj-body>{{ x | nope }}</mj-body></mjml>"}, "mjml", "nope"),
    ],
)
def test_a_fault_names_its_path_and_what_is_wrong(content: dict[str, Any], path: str, says: str) -> None:
    ((found, message),) = TEMPLATES.prepare(content)[1]
    assert found == path
    assert says in message


def test_every_fault_of_a_content_is_told() -> None:
    assert [
        path for path, _ in TEMPLATES.prepare({"subject": "{{ a", "text": "{{ b", "html": "fine"})[1]
    ] == ["subject", "text"]


MJML = """<mjml><mj-head><mj-preview>{{ place.city }}</mj-preview></mj-head><mj-body><mj-section><mj-column>
<mj-text>Hi {{ traits.firstName }}
{% if context.weather.rain_mm < 20 and 'a&b' == "a&b" %}wet & <b>cold</b>{% endif %}</mj-text>
<mj-button href="{{ link.shop }}">Shop</mj-button></mj-column></mj-section></mj-body></mjml>"""


def test_mjml_becomes_html_once_and_its_liquid_survives() -> None:
    prepared, faults = TEMPLATES.prepare({"subject": "s", "mjml": MJML})
    assert (faults, sorted(prepared)) == ((), ["html", "subject"])
    filled = TEMPLATES.render(prepared, DATA)
    assert filled is not None
    assert "Hi &lt;b&gt;Ada&lt;/b&gt;\nwet &amp; <b>cold</b>" in filled["html"]
    assert 'href="https://x.example.com/c/1?a=1&amp;b=&#34;"' in filled["html"]


def test_compiled_mjml_calls_no_font_host() -> None:
    prepared, _ = TEMPLATES.prepare({"mjml": MJML})
    assert "fonts.googleapis" not in prepared["html"]
    assert "<link" not in prepared["html"]
    assert "@import" not in prepared["html"]
