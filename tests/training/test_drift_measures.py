"""Distances by hand, and what chance makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from saldopas.training_pipeline.drift.config import DriftConfig, Limits
from saldopas.training_pipeline.drift.finding import judge, moves
from saldopas.training_pipeline.drift.mixes import (
    REST,
    Mix,
    Side,
    band_codes,
    band_edges,
    band_labels,
    design_effect,
    jensen_shannon,
    kolmogorov_smirnov,
    make_mix,
    psi,
    text_codes,
)
from saldopas.training_pipeline.drift.recommendations import jaccard, rank_biased_overlap
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

CONFIG = DriftConfig()


def mix(old: list[int], new: list[int]) -> Mix:
    labels = tuple(map(str, range(len(old))))
    return Mix(labels, np.array(old), np.array(new), float(sum(old)), float(sum(new)))


def test_psi_by_hand() -> None:
    found = psi(mix([60_000, 40_000], [50_000, 50_000]))
    assert found.value + found.noise == pytest.approx(0.1 * np.log(0.6 / 0.4), abs=1e-5)
    assert found.noise == pytest.approx(1 / 100_000 + 1 / 100_000)
    assert found.p_value < 1e-100


def test_jensen_shannon_is_scipys() -> None:
    counts = mix([500, 300, 200], [300, 300, 400])
    p, q = counts.shares
    found = jensen_shannon(counts)
    assert found.value + found.noise == pytest.approx(jensenshannon(p, q, base=2) ** 2)


def test_the_gap_of_distributions_is_scipys() -> None:
    rng = np.random.default_rng(0)
    old, new = rng.integers(0, 50, 400), rng.integers(5, 55, 300)
    found = kolmogorov_smirnov(old, new, old_size=400, new_size=300)
    theirs = ks_2samp(old, new, method="asymp")
    assert found.value == pytest.approx(theirs.statistic)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=0.2)


def test_chance_alone_is_as_significant_as_it_says_and_has_the_noise_it_says() -> None:
    """500 pairs of samples of one population: 25 expected below .05, and value around 0."""
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.ones(12))
    pairs = [mix(*(rng.multinomial(n, shares).tolist() for n in (700, 300))) for _ in range(500)]
    for measure in (psi, jensen_shannon):
        found = [measure(pair) for pair in pairs]
        assert 8 <= sum(one.p_value < 0.05 for one in found) <= 45
    raw = np.array([(p.shares[1] - p.shares[0]) @ np.log(p.shares[1] / p.shares[0]) for p in pairs])
    assert raw.mean() == pytest.approx(np.mean([psi(p).noise for p in pairs]), rel=0.1)


def test_a_thousand_copies_of_one_purchase_are_one() -> None:
    codes, people = np.random.default_rng(0).integers(0, 4, 200), np.arange(200)
    assert design_effect(codes, people, n_codes=4) == pytest.approx(1, abs=0.02)
    often = design_effect(np.repeat(codes, 10), np.repeat(people, 10), n_codes=4)
    assert often == pytest.approx(10, rel=0.02)


def test_people_who_buy_alike_are_no_drift() -> None:
    """Everybody buys 20 times in one category: plain PSI would call it drifted."""
    rng = np.random.default_rng(2)
    alarms, plain = 0, 0
    for _ in range(100):
        taste = rng.integers(0, 6, (2, 60))
        sides = [Side(np.repeat(one, 20), np.repeat(np.arange(60), 20)) for one in taste]
        found = make_mix(sides, list("abcdef"), CONFIG)
        alarms += psi(found).p_value < CONFIG.alpha
        plain += psi(make_mix([Side(s.codes) for s in sides], list("abcdef"), CONFIG)).value > 0.1
    assert alarms <= 2
    assert plain > 50


def test_rare_categories_are_one_and_what_nobody_has_is_none() -> None:
    old, new = np.repeat([0, 1, 2, 3], [50, 40, 5, 5]), np.repeat([0, 1, 2, 3], [50, 40, 4, 6])
    found = make_mix([Side(old), Side(new)], ["a", "b", "c", "d", "never"], CONFIG)
    assert found.labels[:2] == ("a", "b")
    assert REST in found.labels
    assert found.old.sum() == found.new.sum() == 100
    both = make_mix([Side(np.repeat([0, 1], 50))] * 2, ["a", "b", "never"], CONFIG)
    assert both.labels == ("a", "b")


def test_bands_are_those_of_the_old_values() -> None:
    edges = band_edges(np.arange(100), bands=4)
    assert edges.tolist() == [24.75, 49.5, 74.25]
    assert band_codes(np.array([-5, 24, 25, 200]), edges).tolist() == [0, 0, 1, 3]
    assert len(band_labels(edges)) == 4
    assert band_edges(np.full(9, 7), bands=4).tolist() == [7.0]


def test_missing_texts_have_a_category() -> None:
    labels, (old, new) = text_codes(np.array(["b", None], object), np.array(["c"], object))
    assert labels == ["b", "c", "missing"]
    assert (old.tolist(), new.tolist()) == ([0, 2], [1])


@pytest.mark.parametrize(
    ("value", "p_value", "verdict"),
    [
        (0.05, 0.0, "ok"),
        (0.1, 0.0, "watch"),
        (0.3, 0.0, "drifted"),
        (0.3, 0.01, "ok"),  # chance does as much
        (0.3, None, "drifted"),  # counted
    ],
)
def test_verdicts(value: float, p_value: float | None, verdict: str) -> None:
    limits = Limits(watch=0.1, drifted=0.25)
    assert judge(value, limits, p_value=p_value, alpha=0.001) == verdict


def test_the_largest_moves_are_named() -> None:
    said = moves(mix([50, 30, 20], [20, 35, 45]))
    assert said == "0 50.0 % to 20.0 %; 2 20.0 % to 45.0 %"


def test_overlap_of_lists_by_hand() -> None:
    ours, theirs = np.array([[1, 2, 3]]), np.array([[2, 1, 4]])
    # agreement 0, 1, 2/3 at depths 1 to 3; p = .5: .5 (0 + .5 + .25 * 2/3) + .125 * 2/3
    assert rank_biased_overlap(ours, theirs, persistence=0.5)[0] == pytest.approx(0.41666667)
    assert jaccard(ours, theirs)[0] == pytest.approx(2 / 4)
    same, nothing = np.array([[5, 6, -1]]), np.full((1, 3), -1)
    assert rank_biased_overlap(same, same, persistence=0.9)[0] == pytest.approx(1)
    assert rank_biased_overlap(nothing, nothing, persistence=0.9)[0] == 1
    assert jaccard(nothing, nothing)[0] == 1
    with pytest.raises(ValueError, match="differ in length"):
        rank_biased_overlap(same, ours, persistence=0.9)
