"""SaldoPas in Python: `saldopas.load`, `saldopas.evaluate`, `saldopas.compare`.

    model = saldopas.load("champion")
    model.recommend(frame).to_frame()
    saldopas.evaluate("data/sample", model).plot()

Modules are imported at first use, so that the command line starts at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saldopas.face import EvaluationConfig as EvaluationConfig
    from saldopas.face import Lists as Lists
    from saldopas.face import Model as Model
    from saldopas.face import Plans as Plans
    from saldopas.face import compare as compare
    from saldopas.face import evaluate as evaluate
    from saldopas.face import load as load

__all__ = ["EvaluationConfig", "Lists", "Model", "Plans", "compare", "evaluate", "load"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from saldopas import face

        return getattr(face, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
