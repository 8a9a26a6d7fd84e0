"""What is small to send and large to read: each must be refused early, or be done with in little time and memory."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.end_to_end.shop import OPERATOR, WRITE
from tests.fuzz.shop import asked, json_of

LONGEST_S = 1.0
GROWTH_MB = 150
"""The gateway hands 10 MB on in base64, and the local stack holds both sides."""
_MB = 1024 * 1024
_GZIP = {"Content-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Bomb:
    """`answers` are the statuses it may have; 0 is a connection closed by the server."""

    name: str
    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    answers: tuple[int, ...] = (400,)


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of one: `wrong` is "" where all was well."""

    bomb: str
    status: int
    seconds: float
    grown_mb: float
    wrong: str


def thrown(url: str, bombs: Iterator[Bomb]) -> list[Burst]:
    """Every bomb in turn."""
    return [_judged(url, bomb) for bomb in bombs]


def _judged(url: str, bomb: Bomb) -> Burst:
    got = asked(url, bomb.method, bomb.path, bomb.body, bomb.headers)
    if got.seconds > LONGEST_S:  # what is slow once may be the machine: what hangs is slow again
        again = asked(url, bomb.method, bomb.path, bomb.body, bomb.headers)
        got = replace(got, seconds=min(got.seconds, again.seconds))
    wrong = []
    if got.status not in bomb.answers:
        wrong.append(f"answers {got.status}: {got.body[:200]!r}")
    if got.seconds > LONGEST_S:
        wrong.append(f"takes {got.seconds:.1f} s")
    if got.grown_mb > GROWTH_MB:
        wrong.append(f"takes {got.grown_mb:.0f} MB")
    return Burst(bomb.name, got.status, got.seconds, got.grown_mb, "; ".join(wrong))


def bombs() -> Iterator[Bomb]:
    """All of them."""
    yield from _compressed()
    yield from _large()
    yield from _deep()
    yield from _numbers()
    yield from _yaml()
    yield from _templates()
    yield from _addresses()


def _compressed() -> Iterator[Bomb]:
    zeros = gzip.compress(bytes(200 * _MB), 9)
    for path, headers in (("/v1/batch", WRITE), ("/v1/track", WRITE), ("/v1/decide", WRITE), ("/v1/simulate", OPERATOR),
                          ("/v1/moments", OPERATOR)):  # fmt: skip
        yield Bomb(f"200 MB of zeros in 200 KB, to {path}", "POST", path, zeros, headers | _GZIP)
    yield Bomb("the same, to the playbook", "PUT", "/v1/playbook?check=true", zeros, OPERATOR | _GZIP)
    yield Bomb("the same, to a form", "POST", "/u/x", zeros, _GZIP, answers=(400, 404))
    yield Bomb(
        "a hundred thousand members of nothing",
        "POST",
        "/v1/batch",
        gzip.compress(b"") * 100_000,
        WRITE | _GZIP,
    )
    yield Bomb(
        "gzip in gzip", "POST", "/v1/batch", gzip.compress(gzip.compress(bytes(50 * _MB))), WRITE | _GZIP
    )
    yield Bomb("zlib called gzip", "POST", "/v1/batch", zlib.compress(b"{}"), WRITE | _GZIP)
    yield Bomb("gzip that breaks off", "POST", "/v1/batch", zeros[:1000], WRITE | _GZIP)
    yield Bomb(
        "ten encodings", "POST", "/v1/batch", zeros, WRITE | {"Content-Encoding": ", ".join(["gzip"] * 10)}
    )
    yield Bomb("Brotli", "POST", "/v1/batch", b"\x00" * 1000, WRITE | {"Content-Encoding": "br"})


def _large() -> Iterator[Bomb]:
    ten = 10 * _MB
    yield Bomb("10 MB of spaces", "POST", "/v1/batch", b" " * ten, WRITE)
    yield Bomb("10 MB of brackets", "POST", "/v1/track", b"[" * ten, WRITE)
    yield Bomb(
        "10 MB of one text", "POST", "/v1/decide", b'{"placement": "' + b"x" * (ten - 20) + b'"}', WRITE
    )
    yield Bomb("11 MB", "POST", "/v1/batch", b" " * (11 * _MB), WRITE)
    yield Bomb("10 MB of YAML", "PUT", "/v1/playbook?check=true", b"- a\n" * (ten // 4), OPERATOR)
    yield Bomb("10 MB of a form", "POST", "/p/x", b"topic=a&" * (ten // 8), answers=(400, 404))
    yield Bomb("100,000 events", "POST", "/v1/batch", b'{"batch": [' + b"{}," * 99_999 + b"{}]}", WRITE)
    yield Bomb("100,000 members", "POST", "/v1/track", _members(100_000), WRITE)
    yield Bomb(
        "a moment for 40,000",
        "POST",
        "/v1/moments",
        json_of({"name": "x", "identifiers": ["user:1"] * 40_000}),
        OPERATOR,
    )


def _members(count: int) -> bytes:
    return json_of({"event": "E", "userId": "u", "properties": {str(number): 0 for number in range(count)}})


def _deep() -> Iterator[Bomb]:
    levels = 100_000
    for name, opening, closing in (("lists", b"[", b"]"), ("objects", b'{"a":', b"}")):
        nested = opening * levels + b"1" + closing * levels
        yield Bomb(
            f"{name} in each other, cut off",
            "POST",
            "/v1/decide",
            b'{"placement":"p","context":{"a":' + nested[:30_000] + b"}}",
            WRITE,
        )
        yield Bomb(f"{name} never closed", "POST", "/v1/track", opening * 80_000, WRITE)
        yield Bomb(
            f"one event of deep {name}",
            "POST",
            "/v1/batch",
            b'{"batch":[{"type":"track","userId":"1","event":"E","properties":{"a":'
            + opening * 40_000
            + b"1"
            + closing * 40_000
            + b"}}]}",
            WRITE,
            (200, 400),
        )
    yield Bomb(
        "a simulated profile that is deep",
        "POST",
        "/v1/simulate",
        b'{"moment":{},"profile":' + b'{"traits":' * 5_000 + b"1" + b"}" * 5_000 + b"}",
        OPERATOR,
    )


def _numbers() -> Iterator[Bomb]:
    digits = b"9" * 20_000
    for name, number in (("20,000 digits", digits), ("1e999999999", b"1e999999999"), ("-1e-999999999", b"-1e-999999999"), ("NaN", b"NaN"),
                         ("20,000 decimals", b"0." + digits)):  # fmt: skip
        body = b'{"event":"E","userId":"numbers","properties":{"total":' + number + b"}}"
        yield Bomb(f"a total of {name}", "POST", "/v1/track", body, WRITE, (200, 400))
        yield Bomb(
            f"a limit of {name}",
            "POST",
            "/v1/decide",
            b'{"placement":"p","userId":"1","limit":' + number + b"}",
            WRITE,
            (400, 403),
        )
    yield Bomb(
        "5,000 large numbers",
        "POST",
        "/v1/track",
        b'{"event":"E","userId":"u","properties":{"a":[' + b"1e308," * 5_000 + b"1]}}",
        WRITE,
        (200, 400),
    )
    yield Bomb("a listing of 20,000 digits", "GET", f"/v1/rejected?limit={'9' * 5_000}", None, OPERATOR)
    yield Bomb(
        "an instant of the year 99999", "GET", "/v1/rejected?since=99999-01-01T00:00:00Z", None, OPERATOR
    )


def _yaml() -> Iterator[Bomb]:
    laughs = "a0: &a0 [lol, lol]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
    )
    merged = "a0: &a0 {x: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], y{n}: 1}}\n" for n in range(1, 40)
    )
    for name, text in (
        ("billion laughs", laughs),
        ("the same by merging", merged),
        ("lists in lists", "[" * 100_000),
        ("mappings in mappings", "{a: " * 50_000),
        ("indented 1,900 deep", "".join(" " * n + "a:\n" for n in range(1_900))),
        ("a key of 1 MB", "? " + "k" * _MB + "\n: 1\n"),
        ("100,000 keys", "".join(f"k{n}: 1\n" for n in range(100_000))),
        ("a number of 100,000 digits", "playbook: " + "9" * 100_000),
        ("1 MB of comment signs", "#" * _MB),
        ("quotes never closed", "name: '" + "a\n" * 500_000),
        ("200,000 documents", "---\n" * 200_000),
        ("a tag", "!!python/object/apply:os.system ['true']"),
        ("anchors", "".join(f"a{n}: &x{n} 1\n" for n in range(50_000))),
        (
            "a pattern of stars",
            f"playbook: 1\nname: n\ntimezone: UTC\nsegments: {{a: {{trait: x, matches: '{'*a' * 5_000}'}}}}\n",
        ),
    ):
        yield Bomb(f"YAML: {name}", "PUT", "/v1/playbook?check=true", text.encode(), OPERATOR, (200, 400))
    yield Bomb(
        "YAML in a simulation",
        "POST",
        "/v1/simulate",
        json_of({"moment": {"placement": "p"}, "profile": {}, "playbook": laughs}),
        OPERATOR,
    )


_SHOP = """\
playbook: 1
name: Bombs
timezone: UTC
topics: {{news: {{label: News, default: assume}}}}
placements: {{home: {{channel: web}}}}
messages:
  bomb:
    kind: brand
    topic: news
    placements: [home]
    variants: {{plain: {{web: {{headline: {template}}}}}}}
"""


def _templates() -> Iterator[Bomb]:
    """Simulated with the bomb as a message: published would be every decision."""
    doubling = "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40 + "{{ x }}"
    nested = "{% for a in (1..1000) %}" * 4 + "x" + "{% endfor %}" * 4
    for name, template in (
        ("a loop of a billion", "{% for i in (1..1000000000) %}x{% endfor %}"),
        ("loops in loops", nested),
        ("a text doubled 40 times", doubling),
        (
            "replaced again and again",
            "{{ 'aaaaaaaaaaaaaaaaaaaa'" + " | replace: 'a', 'aaaaaaaaaa'" * 8 + " }}",
        ),
        ("blocks in blocks", "{% if true %}" * 3_000 + "{% endif %}" * 3_000),
        ("10,000 filters", "{{ 'a'" + " | upcase" * 10_000 + " }}"),
        ("a power by multiplying", "{% assign n = 9 %}" + "{% assign n = n | times: n %}" * 40 + "{{ n }}"),
        ("a range joined", "{{ (1..100000000) | join: ',' }}"),
        (
            "split into letters again and again",
            "{% assign x = 'aaaaaaaaaa' %}"
            + "{% assign x = x | split: '' | join: 'aaaa' %}" * 12
            + "{{ x }}",
        ),
        ("10,000 different ones", "{{ (1..10000) | uniq | size }}"),
        (
            "a list joined to itself",
            "{% assign x = 'aaaa' | split: '' %}" + "{% assign x = x | concat: x %}" * 40 + "{{ x }}",
        ),
        (
            "a list of long texts",
            "{% assign t = 'aaaaaaaaaa' %}"
            + "{% assign t = t | append: t %}" * 13
            + "{% assign x = t | split: '#' %}"
            + "{% assign x = x | concat: x %}" * 12
            + "{{ x }}",
        ),
        ("a row of a million", "{% tablerow i in (1..1000000) cols:1000000 %}{% endtablerow %}"),
    ):
        playbook = _SHOP.format(template=json.dumps(template))
        asked_ = {"moment": {"placement": "home"}, "profile": {}, "playbook": playbook}
        yield Bomb(f"template: {name}", "POST", "/v1/simulate", json_of(asked_), OPERATOR, (200, 400))
        yield Bomb(
            f"checked: {name}", "PUT", "/v1/playbook?check=true", playbook.encode(), OPERATOR, (200, 400)
        )


def _addresses() -> Iterator[Bomb]:
    closed = (0, 400, 401, 404, 414, 431, 501)
    yield Bomb("a path of 60 KB", "GET", "/v1/profiles/user:" + "a" * 60_000, None, OPERATOR, closed)
    yield Bomb("a path of 300 KB", "GET", "/v1/profiles/user:" + "a" * 300_000, None, OPERATOR, closed)
    yield Bomb("20,000 slashes", "GET", "/" * 20_000, None, OPERATOR, closed)
    yield Bomb(
        "a query of 8,000 names",
        "GET",
        "/v1/inbox?" + "&".join(f"a{n}=1" for n in range(8_000)),
        None,
        WRITE,
        (*closed, 403),
    )
    yield Bomb(
        "a header of 200 KB",
        "GET",
        "/v1/segments",
        None,
        OPERATOR | {"X-Long": "a" * 200_000},
        (*closed, 200),
    )
    yield Bomb(
        "a key of 60 KB", "GET", "/v1/segments", None, {"Authorization": "Bearer " + "a" * 60_000}, closed
    )
    yield Bomb("a token of 60 KB", "GET", "/u/" + "a." * 30_000, None, {}, closed)
    yield Bomb("a cursor of 60 KB", "GET", "/v1/rejected?cursor=" + "W10" * 20_000, None, OPERATOR, closed)
    yield Bomb("percent signs", "GET", "/v1/profiles/user:" + "%" * 1000, None, OPERATOR, closed)
    yield Bomb("bytes that are no text", "GET", "/v1/profiles/user:%ff%fe%00", None, OPERATOR, closed)
    yield Bomb(
        "an identifier of 20 KB",
        "POST",
        "/v1/track",
        json_of({"event": "E", "userId": "u" * 20_000}),
        WRITE,
        (200, 400),
    )
    yield Bomb(
        "a placement of 20 KB",
        "POST",
        "/v1/decide",
        json_of({"placement": "p" * 20_000, "userId": "u"}),
        WRITE,
        (400, 403),
    )
    yield Bomb("a negative length", "POST", "/v1/track", None, WRITE | {"Content-Length": "-1"}, closed)
    yield Bomb(
        "a length that is no number", "POST", "/v1/track", None, WRITE | {"Content-Length": "many"}, closed
    )
