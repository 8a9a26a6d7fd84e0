"""One parser for some seconds in a process of its own: by Hypothesis, or by atheris."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.guard import smaller, wrong_with
from tests.fuzz.targets import TARGETS

ENGINES = ("hypothesis", "atheris")
_STARTS_S = 60
"""A process that takes so much longer than it was given hangs."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What to do: which parser, by which engine, for how long, from which seed."""

    target: str
    engine: str
    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Found:
    """What came of it. `wrong` is (what it says, the input) of each way of going wrong."""

    slice: Slice
    inputs: int
    slowest_ms: float
    wrong: Sequence[tuple[str, bytes]]


def engines() -> tuple[str, ...]:
    """Those that are installed."""
    return tuple(one for one in ENGINES if one == "hypothesis" or importlib.util.find_spec(one))


def lived(one: Slice) -> Found:
    """Run it."""
    return _by_hypothesis(one) if one.engine == "hypothesis" else _by_atheris(one)


def _by_hypothesis(one: Slice) -> Found:
    said = _run(one, "tests.fuzz.properties", one.target, f"{one.seconds:g}", str(one.seed))
    if said.returncode:
        return Found(one, 0, 0.0, [(_last_line(said.stderr), b"")])
    told = json.loads(said.stdout.splitlines()[-1])
    wrong = [each for data in told["wrong"].values() for each in _again(one.target, bytes.fromhex(data))]
    return Found(one, told["inputs"], told["slowest_ms"], wrong)


def _by_atheris(one: Slice) -> Found:
    folder = Path(tempfile.mkdtemp(prefix="fuzz"))
    try:
        number = str(one.seed)
        said = _run(
            one, "tests.fuzz.coverage", one.target, str(max(1, int(one.seconds))), number, str(folder)
        )
        inputs = re.search(r"number_of_executed_units: (\d+)", said.stderr)
        slowest = re.search(r"slowest_unit_time_sec: (\d+)", said.stderr)
        found = [folder / "found", *folder.glob("timeout-*"), *folder.glob("oom-*"), *folder.glob("crash-*")]
        first = next((path.read_bytes() for path in found if path.exists()), None)
        wrong = [] if first is None else _again(one.target, first)
        if said.returncode and first is None:
            wrong = [(_last_line(said.stderr), b"")]
        return Found(
            one, int(inputs[1]) if inputs else 0, int(slowest[1]) * 1000.0 if slowest else 0.0, wrong
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _again(target: str, data: bytes) -> list[tuple[str, bytes]]:
    """Tried again, and made small; without being followed, for only what goes wrong at full speed is wrong."""
    take = TARGETS[target].take
    words = wrong_with(take, data)
    return [(words, smaller(take, data))] if words else []


def _run(one: Slice, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *words]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=one.seconds * 2 + _STARTS_S
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "it never ends")


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it ended without a word")
