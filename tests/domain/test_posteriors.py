"""What is believed of messages and variants: between what was seen of them and what was seen of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cells import MESSAGE, Cells, message_cell, row
from chalicelib.domain.learning import PRIOR
from chalicelib.domain.posteriors import Posteriors

COUNTS = st.integers(0, 3000).flatmap(lambda shown: st.tuples(st.just(shown), st.integers(0, shown)))
CELLS = st.dictionaries(
    st.tuples(
        st.sampled_from(["umbrella", "boots", "hat"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["web", "sms"]),
        st.sampled_from(["known", "buyer"]),
    ),
    COUNTS,
    max_size=12,
)


def cells(counts: dict[tuple[str, str, str, str], tuple[int, int]]) -> Cells:
    """Message cells of (message, variant, channel, stage) -> (shown, reached)."""
    return {
        message_cell(*where): row(MESSAGE, shown=shown, reached=reached)
        for where, (shown, reached) in counts.items()
    }


def of(**counts: tuple[int, int]) -> Posteriors:
    """Beliefs after counts of the umbrella: `web_known_a=(100, 5)`."""
    found = {}
    for name, count in counts.items():
        channel, stage, variant = name.split("_")
        found["umbrella", variant, channel, stage] = count
    return Posteriors(cells(found))


@pytest.mark.parametrize("bucket", ["", "web/known"])
def test_with_nothing_counted_all_is_the_prior(bucket: str) -> None:
    nothing = Posteriors({})
    assert nothing.message("umbrella", bucket).mean == pytest.approx(PRIOR)
    assert nothing.variant("umbrella", "a", bucket).mean == pytest.approx(PRIOR)


def test_much_that_was_seen_outweighs_the_prior() -> None:
    posteriors = of(web_known_a=(100_000, 20_000))
    assert posteriors.message("umbrella").mean == pytest.approx(0.2, abs=0.001)
    assert posteriors.message("umbrella", "web/known").mean == pytest.approx(0.2, abs=0.001)
    assert posteriors.variant("umbrella", "a", "web/known").mean == pytest.approx(0.2, abs=0.001)


def test_of_a_message_never_given_is_expected_what_others_do_but_less_surely() -> None:
    posteriors = of(web_known_a=(10_000, 2_000))
    boots, umbrella = posteriors.message("boots"), posteriors.message("umbrella")
    assert boots.mean == pytest.approx(0.2, abs=0.001)
    assert boots.strength < 60
    assert umbrella.strength > 10_000


def test_of_a_bucket_never_seen_is_expected_what_the_message_does_but_less_surely() -> None:
    posteriors = of(web_known_a=(10_000, 2_000))
    assert posteriors.message("umbrella", "sms/known").mean == pytest.approx(0.2, abs=0.001)
    assert posteriors.message("umbrella", "sms/known").strength < 250


@given(CELLS)
def test_a_bucket_lies_between_its_own_rate_and_its_messages_whole(
    counts: dict[tuple[str, str, str, str], tuple[int, int]],
) -> None:
    posteriors = Posteriors(cells(counts))
    for name in posteriors.tried:
        whole = posteriors.message(name).mean
        for bucket in posteriors.buckets(name):
            shown, reached = posteriors._in_bucket[name][bucket]
            rate = reached / shown if shown else whole
            assert min(rate, whole) - 1e-9 <= posteriors.message(name, bucket).mean
            assert posteriors.message(name, bucket).mean <= max(rate, whole) + 1e-9


@given(CELLS)
def test_a_message_lies_between_its_own_rate_and_what_the_others_suggest(
    counts: dict[tuple[str, str, str, str], tuple[int, int]],
) -> None:
    posteriors = Posteriors(cells(counts))
    for name in posteriors.tried:
        shown, reached = posteriors._whole[name]
        others = posteriors._before(name).mean
        rate = reached / shown if shown else others
        assert min(rate, others) - 1e-9 <= posteriors.message(name).mean <= max(rate, others) + 1e-9


@given(CELLS)
def test_variants_that_did_the_same_are_believed_the_same(
    counts: dict[tuple[str, str, str, str], tuple[int, int]],
) -> None:
    alike = {(m, v, c, s): count for (m, _, c, s), count in counts.items() for v in ("a", "b")}
    posteriors = Posteriors(cells(alike))
    for name in posteriors.tried:
        for bucket in ("", *posteriors.buckets(name)):
            first, second = (posteriors.variant(name, variant, bucket) for variant in ("a", "b"))
            assert first.shape == pytest.approx(second.shape)


def test_what_was_seen_in_a_bucket_is_not_part_of_its_own_prior() -> None:
    """Twenty trials' worth of prior, spread twice, and the hundred that were seen."""
    assert of(web_known_a=(100, 50)).message("umbrella", "web/known").strength < 115
    assert of(web_known_a=(100, 50)).variant("umbrella", "a", "web/known").strength < 115


def test_in_the_only_bucket_a_variant_is_believed_what_it_is_as_a_whole() -> None:
    posteriors = of(web_known_a=(2000, 368), web_known_b=(2000, 300))
    for variant in ("a", "b"):
        whole, here = (posteriors.variant("umbrella", variant, bucket) for bucket in ("", "web/known"))
        assert here.mean == pytest.approx(whole.mean, abs=0.001)


def test_a_variant_that_does_better_elsewhere_is_expected_to_do_better_here_by_as_much() -> None:
    """It does half as well again by SMS, where all do five times as well; on the web it was hardly shown."""
    posteriors = of(
        sms_known_a=(40_000, 6_000), sms_known_b=(40_000, 4_000), web_known_a=(1, 0), web_known_b=(40_000, 800)
    )  # fmt: skip
    here = posteriors.variant("umbrella", "a", "web/known").mean
    assert 0.022 < here < 0.035
    assert posteriors.variant("umbrella", "b", "web/known").mean == pytest.approx(0.02, abs=0.001)


def test_where_a_bucket_is_poor_for_all_a_variant_shown_only_elsewhere_is_not_taken_for_better() -> None:
    posteriors = of(sms_known_a=(10_000, 2_000), sms_known_b=(10_000, 2_000), web_known_b=(10_000, 100))
    assert posteriors.variant("umbrella", "a", "web/known").mean == pytest.approx(0.01, abs=0.003)


def test_what_is_told_out_of_order_breaks_nothing() -> None:
    posteriors = of(web_known_a=(0, 3), web_known_b=(2, 5))
    assert 0 < posteriors.message("umbrella", "web/known").mean < 1


def test_experiments_cells_are_none_of_its_business() -> None:
    assert Posteriors({'["a","copy","plain"]': [5.0, 5.0]}).tried == {}
