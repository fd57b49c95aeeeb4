"""`saldopas evaluate`: a registered model on the purchases that it has not seen."""

from __future__ import annotations

from typing import Annotated, Any

import typer

SHOWN = ("hit@10", "ndcg@10", "recall@20", "ndcg@20")


def evaluate(
    source: Annotated[str, typer.Argument(metavar="DATA", help="Directory or database URL.")],
    model: Annotated[
        str, typer.Option(help="champion, challenger, previous, a version or a directory.")
    ] = "champion",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Measure a model on held-out purchases, beside popularity.

    Purchases after the model's cut-off are predicted by the very policy that is served. Where the
    data ends at the cut-off, the model's recipe is fitted again on what lies before the test cut.
    """
    from training_pipeline.backtest import evaluate_model
    from training_pipeline.console import print_json
    from training_pipeline.tracking.registry import resolve

    found = evaluate_model(resolve(model), source)
    if as_json:
        print_json(found)
    else:
        print_evaluation(found["evaluations"])


def print_evaluation(found: dict[str, Any]) -> None:
    """One table for people: policies by group, the usual metrics."""
    from training_pipeline.console import print_table

    first = next(iter(found.values()))
    rows = [
        (policy, group, values["cases"], *(values["metrics"].get(name) for name in SHOWN))
        for policy, summary in found.items()
        for group, values in summary["groups"].items()
        if values["cases"]
    ]
    title = f"{first['cut'].capitalize()} cut ({first['method']}, {first['protocol']})"
    print_table(title, ("policy", "people", "decisions", *SHOWN), rows)
