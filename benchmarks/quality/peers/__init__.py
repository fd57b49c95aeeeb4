"""The peers: what is compared, and the lines of hyperparameters that are searched.

A peer is a function `fit(config, task) -> Scorer`, named by its place so that it is imported only
in the environment that has its library. An empty configuration is the library's defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Family = Literal["plain", "implicit", "lenskit", "rectools"]
Config = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """One model of a library.

    Attributes:
        name: as in the tables.
        family: the library; `lenskit` and `rectools` run in the environment of the peers.
        fit: "module:function" under `benchmarks.quality.peers`.
        lines: parameter and values of the coordinate search, in its order.
    """

    name: str
    family: Family
    fit: str
    lines: tuple[tuple[str, tuple[Any, ...]], ...] = ()


COUNTS = ("weights", ("counts",))
NEIGHBOURS = ("K", (50, 100, 200, 500, 1_000))

PEERS = (
    Peer("popularity", "plain", "plain:popularity"),
    Peer(
        "EASE (numpy)",
        "plain",
        "plain:ease",
        (("l2", (100.0, 1_000.0, 3_000.0)), ("min_purchases", (5, 20)), COUNTS),
    ),
    Peer(
        "implicit ALS",
        "implicit",
        "implicit_models:als",
        (
            ("regularization", (0.1, 1.0, 10.0, 30.0, 100.0)),
            ("alpha", (3.0, 10.0, 30.0)),
            ("factors", (32, 64, 128, 256)),
            ("iterations", (30,)),
            COUNTS,
        ),
    ),
    Peer(
        "implicit BPR",
        "implicit",
        "implicit_models:bpr",
        (
            ("learning_rate", (0.003, 0.03, 0.1)),
            ("regularization", (0.001, 0.1)),
            ("factors", (32, 64, 200)),
            ("iterations", (30, 200)),
        ),
    ),
    Peer(
        "implicit LMF",
        "implicit",
        "implicit_models:lmf",
        (
            ("neg_prop", (5, 15)),
            ("learning_rate", (0.1, 0.3)),
            ("regularization", (0.1, 3.0, 10.0)),
            ("factors", (16, 64)),
            ("iterations", (15, 60)),
        ),
    ),
    Peer("implicit cosine", "implicit", "implicit_models:cosine", (NEIGHBOURS, COUNTS)),
    Peer("implicit TF-IDF", "implicit", "implicit_models:tfidf", (NEIGHBOURS, COUNTS)),
    Peer(
        "implicit BM25",
        "implicit",
        "implicit_models:bm25",
        (NEIGHBOURS, ("K1", (10.0, 100.0)), ("B", (0.2, 1.0)), COUNTS),
    ),
    Peer(
        "LensKit ItemKNN",
        "lenskit",
        "lenskit_models:item_knn",
        (("max_nbrs", (50, 100, 200)), ("min_sim", (0.01, 0.05))),
    ),
    Peer(
        "LensKit ImplicitMF",
        "lenskit",
        "lenskit_models:implicit_mf",
        (
            ("weight", (3.0, 10.0)),
            ("regularization", (1.0, 10.0)),
            ("embedding_size", (128,)),
        ),
    ),
    Peer(
        "RecTools EASE",
        "rectools",
        "rectools_models:ease",
        (("regularization", (100.0, 1_000.0, 3_000.0)),),
    ),
    Peer(
        "RecTools PureSVD",
        "rectools",
        "rectools_models:pure_svd",
        (("factors", (32, 64, 128, 256)),),
    ),
)
OWN_ENVIRONMENT: tuple[Family, ...] = ("lenskit", "rectools")


def peer_named(name: str) -> Peer:
    """The peer of that name."""
    return next(peer for peer in PEERS if peer.name == name)
