"""A parser, a route or a limit that is broken on purpose is found by each part of the fuzzing that should find it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import BadRequest
from chalicelib.entrypoints import bodies
from tests.fuzz import __main__ as command
from tests.fuzz import bombs, slices
from tests.fuzz.guard import smaller, wrong_with
from tests.fuzz.properties import tried
from tests.fuzz.shop import FuzzShop, opened
from tests.fuzz.targets import TARGETS, Target

PROJECT = Path(__file__).parents[2]
needs_schemathesis = pytest.mark.skipif(
    not importlib.util.find_spec("schemathesis"), reason="schemathesis comes with `make fuzz`"
)
needs_atheris = pytest.mark.skipif(
    not importlib.util.find_spec("atheris"), reason="atheris comes with `make fuzz`"
)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_sample_is_dealt_with(target: Target) -> None:
    assert {seed: wrong_with(target.take, seed) for seed in target.seeds} == dict.fromkeys(target.seeds, "")


@pytest.mark.parametrize("name", TARGETS)
def test_some_hundred_inputs_find_nothing(name: str) -> None:
    done = tried(TARGETS[name], 1, 1)
    assert done.inputs >= 20
    assert done.wrong == {}


class TestTheGuard:
    def test_lets_our_own_refusals_pass(self) -> None:
        def refuse(_: bytes) -> None:
            raise BadRequest("no", "No.")

        assert wrong_with(refuse, b"") == ""

    def test_finds_another_exception_and_its_place(self) -> None:
        assert wrong_with(lambda data: data[9], b"").startswith("IndexError at tests.fuzz.test_fuzz:")

    def test_finds_what_takes_long(self) -> None:
        def work(_: bytes) -> None:
            until = time.thread_time() + 0.3
            while time.thread_time() < until:
                pass

        assert wrong_with(work, b"", longest=0.2) == "it takes over 0.2 s of CPU"
        assert wrong_with(work, b"", longest=5) == ""

    def test_finds_what_hangs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tests.fuzz.guard._HANGS_S", 0.1)
        assert wrong_with(lambda _: time.sleep(5), b"").startswith("it hangs at")

    def test_finds_what_takes_memory(self) -> None:
        code = "from tests.fuzz.guard import wrong_with; print(wrong_with(lambda _: b'x' * 100_000_000, b''))"
        said = subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
        )
        assert said.stdout.strip() == "it takes over 64 MB of memory"

    def test_makes_an_input_small(self) -> None:
        def take(data: bytes) -> None:
            assert b"!" not in data, "a shout"

        assert smaller(take, b"a long sentence that ends with a shout! and more") == b"!"


def _fails_on(mark: bytes) -> Target:
    def take(data: bytes) -> None:
        if mark in data:
            raise KeyError(data)

    return Target("broken", "broken", take, (b'{"a": 1}', b'{"b": [1, 2]}'), ('"traits":',))


def test_hypothesis_finds_and_shrinks_what_one_word_breaks() -> None:
    done = tried(_fails_on(b'"traits":'), 10, 1)
    (data,) = done.wrong.values()
    assert smaller(_fails_on(b'"traits":').take, bytes.fromhex(data)) == b'"traits":'


BROKEN = """\
import atheris
from tests.fuzz import coverage
from chalicelib.domain import replies

@atheris.instrument_func
def plain(text):
    if text[:1] == "S" and text[1:2] == "T" and text[2:3] == "U":
        raise LookupError(text)
    return text

replies._plain = plain
coverage.main("reply", "20", "1", {folder!r})
"""


@needs_atheris
def test_atheris_follows_the_code_to_what_is_broken(tmp_path: Path) -> None:
    code = BROKEN.format(folder=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert (tmp_path / "found").read_bytes()[:3] == b"STU"


def test_what_ends_or_hangs_in_its_process_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    one = slices.Slice("reply", "hypothesis", 0.1, 1)
    monkeypatch.setattr(slices, "_STARTS_S", 0.1)
    ((words, _),) = slices.lived(one).wrong
    assert words == "it never ends"
    monkeypatch.setattr(slices, "_STARTS_S", 60)
    ((words, _),) = slices.lived(slices.Slice("no such parser", "hypothesis", 0.1, 1)).wrong
    assert "KeyError" in words


@pytest.fixture(scope="module")
def shop() -> Iterator[FuzzShop]:
    with opened() as shop:
        yield shop


class TestOverHttp:
    def test_the_shop_has_links_to_follow(self, shop: FuzzShop) -> None:
        assert {"u", "p", "c", "o"} <= shop.links.keys()

    @pytest.mark.parametrize("bomb", [*bombs.bombs()], ids=lambda bomb: bomb.name)
    def test_a_bomb_is_refused(self, shop: FuzzShop, bomb: bombs.Bomb) -> None:
        """In how much time and memory `make fuzz` says: other tests run beside this one."""
        (burst,) = bombs.thrown(shop.url, iter([bomb]))
        assert burst.status in bomb.answers

    def test_a_bomb_that_goes_off_is_found(self, shop: FuzzShop, monkeypatch: pytest.MonkeyPatch) -> None:
        zeros = next(bombs.bombs())
        monkeypatch.setattr(bodies, "_gunzip", lambda _raw, _limit: b"x" * (400 << 20))
        monkeypatch.setattr(bombs, "LONGEST_S", 0.0)
        (burst,) = bombs.thrown(shop.url, iter([zeros]))
        assert "MB" in burst.wrong and " s" in burst.wrong

    @needs_schemathesis
    def test_requests_find_nothing(self, shop: FuzzShop) -> None:
        from tests.fuzz import requests

        done = requests.asked(shop, 10, 1)
        assert (done.wrong, done.requests > 50) == ({}, True)

    @needs_schemathesis
    @pytest.mark.parametrize(
        ("fault", "said"), [("raises", "500: Server error"), ("strays", "200: Response violates schema")]
    )
    def test_a_broken_route_is_found(
        self, shop: FuzzShop, monkeypatch: pytest.MonkeyPatch, fault: str, said: str
    ) -> None:
        from chalicelib import wiring
        from tests.fuzz import requests

        def broken() -> Any:
            if fault == "raises":
                raise LookupError
            return {"segments": [{"name": "buyers"}]}

        monkeypatch.setattr(wiring, "list_segments", lambda: broken)
        done = requests.asked(shop, 4, 1, only="GET /v1/segments")
        assert any(said in words for words in done.wrong), done.wrong

    @needs_schemathesis
    def test_what_is_taken_and_cannot_be_folded_is_found(self, shop: FuzzShop) -> None:
        from infra.local.queues import LocalQueue
        from infra.local.resources import PREFIX
        from tests.fuzz import requests

        LocalQueue(f"{PREFIX}-events").put("{not json")
        done = requests.asked(shop, 0.1, 1, only="GET /health")
        assert "1 in events-dead" in done.wrong


def test_the_command_tells_what_went_wrong_and_how_to_see_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fine, wrong = (slices.Slice(name, "hypothesis", 1, 1) for name in ("batch", "token"))
    found = [slices.Found(fine, 10, 1.0, []), slices.Found(wrong, 10, 1.0, [("KeyError at x:1", b"bad")])]
    others = [
        slices.Found(slices.Slice(one, "hypothesis", 1, 1), 1, 1.0, [])
        for one in TARGETS
        if one not in ("batch", "token")
    ]
    burst = bombs.Burst("zeros", 400, 0.1, 1.0, "")
    monkeypatch.setattr(command, "parsers", lambda _seconds, _number: [*found, *others])
    monkeypatch.setattr(command, "_over_http", lambda _seconds, _number: ([burst], {}))
    monkeypatch.setitem(os.environ, "SEED", "7")
    assert command.main([]) == 1
    said = capsys.readouterr().out
    assert "token: KeyError at x:1; python -m tests.fuzz token build/fuzz/token-1" in said
    assert (tmp_path / "build/fuzz/token-1").read_bytes() == b"bad"
    told = json.loads((tmp_path / "build/fuzz.json").read_text())
    assert (told["seed"], len(told["wrong"])) == (7, 1)
    monkeypatch.setattr(
        command, "parsers", lambda _seconds, _number: [found[0], *others, slices.Found(wrong, 1, 1.0, [])]
    )
    assert command.main([]) == 0


def test_one_input_can_be_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "input").write_bytes(b"STOP")
    assert command.main(["reply", str(tmp_path / "input")]) == 0
    assert capsys.readouterr().out == "nothing goes wrong\n"
