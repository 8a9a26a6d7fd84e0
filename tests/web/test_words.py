"""What pages say, in every language."""

from __future__ import annotations

from string import Formatter

import pytest

from chalicelib.web.words import CHOOSING, CONFIRMING, WORDS, Words


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", WORDS)
def test_a_language_says_all_that_english_does_with_the_same_gaps(language: str) -> None:
    english, told = WORDS["en"], WORDS[language]
    assert {name: gaps(text) for name, text in told.items()} == {
        name: gaps(text) for name, text in english.items()
    }


@pytest.mark.parametrize(
    ("languages", "spoken"),
    [([], "en"), (["es-mx", "es"], "es"), (["fr-ca", "fr"], "en"), (["fr", "es"], "es")],
)
def test_the_first_language_with_words_is_spoken(languages: list[str], spoken: str) -> None:
    assert Words(languages).language == spoken


def test_a_wording_has_its_own_version_in_each_language() -> None:
    versions = {Words([one]).version(names) for one in WORDS for names in (CONFIRMING, CHOOSING)}
    assert len(versions) == 2 * len(WORDS)
    assert Words(["es"]).version(CONFIRMING).startswith("es-")


def test_what_fills_a_gap_is_text_and_no_gap() -> None:
    assert Words()("stop_what", what="{channel}", channel="e-mail") == "You get {channel} by e-mail."
