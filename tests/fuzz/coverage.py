"""Inputs found by atheris, which follows what our own code does with them.

python -m tests.fuzz.coverage batch 20 1 DIR    the parser `batch` for 20 seconds, with seed 1; what is found is in DIR
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

#: Followed step by step, code is several times slower; what is suspected is tried again without.
_LONGEST_S = 10.0

with atheris.instrument_imports(include=["chalicelib", "liquid"]):
    import liquid  # noqa: F401 - loaded by the first template otherwise, and then not followed

    from tests.fuzz.guard import wrong_with
    from tests.fuzz.targets import TARGETS


def main(name: str, seconds: str, number: str, folder: str) -> None:
    """Never returns: libFuzzer ends the process, with 77 where an input goes wrong."""
    target, work = TARGETS[name], Path(folder)
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for position, seed in enumerate(target.seeds):
        (corpus / f"seed-{position}").write_bytes(seed)
    words = work / "words"
    words.write_text("".join(f'"{_quoted(word)}"\n' for word in (*target.words, " ")))  # it may not be empty

    def one(data: bytes) -> None:
        wrong = wrong_with(target.take, data, _LONGEST_S)
        if wrong:
            (work / "found").write_bytes(data)
            raise AssertionError(wrong)

    limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=20000"]
    told = [
        f"-seed={number}",
        f"-artifact_prefix={work}/",
        f"-dict={words}",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    atheris.Setup([sys.argv[0], *limits, *told, str(corpus)], one)
    atheris.Fuzz()


def _quoted(word: str) -> str:
    """As libFuzzer's dictionaries write bytes."""
    return "".join(f"\\x{each:02x}" for each in word.encode())


if __name__ == "__main__":
    main(*sys.argv[1:5])
