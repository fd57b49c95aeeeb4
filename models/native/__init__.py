"""The native core: parts of linear models, the rules of the programme, and the ranker."""

from saldopas.models.native._native import (
    BalanceLift,
    CourseRules,
    DenseRows,
    FixedScores,
    GivenScores,
    GroupShares,
    LinearModel,
    Part,
    Ranker,
    SparseRows,
)

__all__ = [
    "BalanceLift",
    "CourseRules",
    "DenseRows",
    "FixedScores",
    "GivenScores",
    "GroupShares",
    "LinearModel",
    "Part",
    "Ranker",
    "SparseRows",
]
