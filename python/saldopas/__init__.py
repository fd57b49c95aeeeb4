"""SaldoPas in Python: `from saldopas import evaluate, compare` (docs/evaluation.md).

The functions are imported at their first use, so that the command line starts at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saldopas.training_pipeline.evaluating.api import compare as compare
    from saldopas.training_pipeline.evaluating.api import evaluate as evaluate
    from saldopas.training_pipeline.evaluating.config import EvaluationConfig as EvaluationConfig

__all__ = ["EvaluationConfig", "compare", "evaluate"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from saldopas.training_pipeline.evaluating import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
