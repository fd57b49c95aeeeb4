"""Which values `saldopas train` compares, model by model."""

from __future__ import annotations

from typing import Any

# One pass of coordinate search: from the model's defaults each line is tried in order, and the best
# value is kept. The values are the usual grids of the papers that the models cite.
SEARCH: dict[str, tuple[tuple[str, tuple[Any, ...]], ...]] = {
    "popularity": (
        ("half_life_days", (7.0, 15.0, 90.0, None)),
        ("age_power", (0.0, 0.5)),
        ("prior_strength", (0.0, 10.0)),
        ("season_power", (0.5,)),
    ),
    "profile-popularity": (
        ("half_life_days", (15.0, None)),
        ("token_strength", (500.0, 30_000.0)),
    ),
    "item-neighbours": (("weighting", ("bm25",)),),
    "als": (("regularization", (10.0, 30.0)), ("alpha", (1.0, 30.0)), ("token_weight", (1.0,))),
    "bpr": (("past_decay", (0.8,)), ("fold_in_l2", (0.03, 0.3))),
    "lmf": (("regularization", (2.0, 5.0)), ("iterations", (15,)), ("fold_in_l2", (0.5, 8.0))),
    "ease": (
        ("l2", (100.0, 1_000.0, 3_000.0)),
        ("l2_diagonal", (0.1, 0.3)),
        ("min_purchases", (20,)),
        ("trend_power", (0.5,)),
        ("neighbour_weight", (0.05,)),
        ("token_weight", (3.0,)),
    ),
    "sequence-ridge": (
        ("set_weight", (0.3, 3.0, 30.0)),
        ("past_decay", (0.9, 1.0)),
        ("l2", (10.0, 100.0, 300.0, 1_000.0)),
        ("length_power", (0.0, 1.0)),
        ("future_decay", (0.8,)),
        ("trend_power", (0.5,)),
        ("popularity_power", (0.0, 0.2)),
        ("token_weight", (0.5, 2.0)),
    ),
}
