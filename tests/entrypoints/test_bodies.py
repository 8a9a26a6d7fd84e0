"""Bodies: opened within their limit, of bounded depth, never a crash."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import BadRequest
from chalicelib.entrypoints import bodies


@given(st.binary(max_size=2_000), st.sampled_from(["", "gzip", "identity", "br"]))
def test_any_bytes_open_or_are_refused(raw: bytes, encoding: str) -> None:
    for read in (bodies.json_object, bodies.json_batch):
        try:
            read(bodies.opened(raw, encoding))
        except BadRequest:
            continue


@given(st.binary(max_size=5_000), st.integers(min_value=0, max_value=5_000))
def test_gzip_opens_to_what_was_packed_or_is_too_large(raw: bytes, limit: int) -> None:
    packed = gzip.compress(raw[:1_000]) + gzip.compress(raw[1_000:])
    if len(raw) <= limit:
        assert bodies.opened(packed, "gzip", limit) == raw
    else:
        with pytest.raises(BadRequest):
            bodies.opened(packed, "gzip", limit)


def test_a_bomb_costs_no_memory() -> None:
    """Reading stops one byte past the limit."""
    import tracemalloc

    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(BadRequest):
        bodies.opened(bomb, "gzip", 1_000)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("levels", [1, 63, 64, 65, 300, 5_000])
def test_64_levels_are_the_most(levels: int) -> None:
    body = b'{"a":' * levels + b"1" + b"}" * levels
    if levels <= 64:
        assert bodies.json_object(body)
    else:
        with pytest.raises(BadRequest, match="64"):
            bodies.json_object(body)


def test_brackets_in_texts_are_no_depth() -> None:
    assert bodies.json_object(b'{"a": "' + b"[" * 5_000 + b'"}')


def test_many_gzip_files_behind_each_other_are_refused_early() -> None:
    with pytest.raises(BadRequest, match="one gzip file"):
        bodies.opened(gzip.compress(b"") * 100_000, "gzip")
    assert bodies.opened(gzip.compress(b"{") + gzip.compress(b"}"), "gzip") == b"{}"
