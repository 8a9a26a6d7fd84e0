"""Inputs made by Hypothesis: samples changed here and there, JSON of the right words, text, bytes.

python -m tests.fuzz.properties batch 20 1    the parser `batch` for 20 seconds, with seed 1; prints what came of it
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.guard import wrong_with
from tests.fuzz.targets import TARGETS, Target

TOGETHER = 300
"""Inputs of one seed; then comes the next."""


@dataclass(slots=True)
class Done:
    """How many inputs were tried, and what each way of going wrong looks like (hex), shrunk."""

    inputs: int
    slowest_ms: float
    wrong: dict[str, str]


class Wrong(AssertionError):
    """An input went wrong; what it says is the same for inputs that go wrong in the same way."""


def tried(target: Target, seconds: float, number: int) -> Done:
    """Try inputs for so long, from a seed. Each way of going wrong is looked at once."""
    done, until = Done(0, 0.0, {}), time.monotonic() + seconds
    while time.monotonic() < until and len(done.wrong) < 5:
        _some(target, number, until, done)
        number += 1
    return done


def _some(target: Target, number: int, until: float, done: Done) -> None:
    last = b""

    @seed(number)
    @settings(
        max_examples=TOGETHER,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(inputs(target))
    def one(data: bytes) -> None:
        nonlocal last
        if time.monotonic() > until + 10:  # even shrinking ends
            return
        done.inputs += 1
        begun = time.thread_time()
        words = wrong_with(target.take, data)
        done.slowest_ms = max(done.slowest_ms, (time.thread_time() - begun) * 1000)
        if words and words not in done.wrong:
            last = data
            raise Wrong(words)

    try:
        one()
    except Wrong as found:
        done.wrong[str(found)] = last.hex()


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """What a parser is given."""
    words = st.sampled_from(target.words or ("",))
    samples = st.sampled_from(target.seeds)
    edits = st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 12), st.one_of(words.map(str.encode), st.binary(max_size=4))
        ),
        min_size=1,
        max_size=6,
    )
    made = st.lists(st.one_of(words, st.text(max_size=8)), max_size=40).map("".join)
    return st.one_of(
        st.builds(_edited, samples, edits),
        st.builds(_edited, samples, edits),
        st.builds(_swapped, samples, st.integers(0, 999), _json_values()),
        made.map(lambda text: text.encode(errors="surrogatepass")),
        st.text().map(lambda text: text.encode(errors="surrogatepass")),
        st.binary(max_size=200),
    )


def _edited(sample: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """A sample in which some places hold something else."""
    data = bytearray(sample)
    for place, length, new in edits:
        at = int(place * len(data))
        data[at : at + length] = new
    return bytes(data)


def _swapped(sample: bytes, which: int, value: Any) -> bytes:
    """A sample of JSON in which one value is another; of something else, as it is."""
    try:
        parsed = json.loads(sample)
    except ValueError:
        return sample
    places = list(_places(parsed))
    if not places:
        return json.dumps(value).encode()
    holder, key = places[which % len(places)]
    holder[key] = value
    return json.dumps(parsed).encode()


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


def _json_values() -> st.SearchStrategy[Any]:
    scalars = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just("2026-07-01T15:00:00Z"),
        st.sampled_from([10**400, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "\ud800", "\x00", -1, 1e308]),
    )  # fmt: skip
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
        ),
        max_leaves=8,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(tried(TARGETS[sys.argv[1]], float(sys.argv[2]), int(sys.argv[3])))))
