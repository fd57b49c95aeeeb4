"""Results of one data set as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NAMES = {"recall@20": "R@20", "ndcg@20": "NDCG@20", "hit@10": "HR@10", "ndcg@10": "NDCG@10"}
HEADINGS = {"warm": "People with a history", "new": "People without a history"}


def section(result: Mapping[str, Any]) -> str:
    """Format the tables of one data set."""
    metrics = result["metrics"]
    parts = [
        f"# {result['title']}",
        result["note"],
        f"`{result['command']}`, {result['measured']}.",
        _facts(result),
    ]
    for group, count in result["decisions"].items():
        parts.append(f"**{HEADINGS[group]}** ({count:,} decisions)")
        parts.append(_models(result["models"], group, metrics))
    parts.append("**Ours minus the best of each kind**")
    parts.append(_comparisons(result["comparisons"]))
    failed = [f"{one['name']}: {one['error']}" for one in result["failed"]]
    if failed:
        parts.append("Not measured: " + "; ".join(failed))
    return "\n\n".join(parts) + "\n"


def _facts(result: Mapping[str, Any]) -> str:
    ours = result["ours"]
    cut = f" {result['support']}" if result["support"] else ""
    return (
        f"{result['items']:,} items, {result['training_purchases']:,} training purchases, split "
        f"{result['method']} ({result['protocol']}). Ours compared {ours['tries']} configurations "
        f"on {result['validation_decisions']:,} validation decisions, {ours['processor_s']:,} "
        f"processor seconds with all its training, and chose {ours['chosen']}; each peer had "
        f"{result['tries']} configurations or {result['processor_s_a_peer']:,} processor seconds "
        f"on the same decisions. Brackets: 95 % bootstrap intervals over participants.{cut}"
    )


def _models(models: Sequence[Mapping[str, Any]], group: str, metrics: Sequence[str]) -> str:
    lines = [
        "| model | configuration | tries, s of all, s of the last fit | "
        + " | ".join(NAMES[m] for m in metrics)
        + " |",
        "|---|---|---|" + "---|" * len(metrics),
    ]
    popular = next(m for m in models if m["name"] == "popularity")["metrics"][group]
    same = 0
    for model in models:
        figures = model["metrics"][group]
        plain = model["family"] not in ("ours", "popularity") and figures == popular
        if group == "new" and plain:
            same += 1
            continue
        name = f"**{model['name']}**" if model["family"] == "ours" else model["name"]
        cells = " | ".join(_interval(figures[metric]) for metric in metrics)
        spent = (model["tries"], model["tuning_s"], round(model["fit_s"]))
        spent = ", ".join(f"{part:,}" for part in spent) if model["tries"] > 1 else ""
        config = ": ".join(filter(None, (model["variant"], _config(model["config"]))))
        lines.append(f"| {name} | {config} | {spent} | {cells} |")
    if same:
        lines.append("\nWithout a history all other peers answer by popularity over all train.")
    return "\n".join(lines)


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| people | metric | against | difference | p, bootstrap | p, t | Holm | detectable |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['group']} | {NAMES[one['metric']]} | {one['against']}: {one['opponent']} | "
        f"{_signed(one['mean'])} [{_signed(one['low'])}, {_signed(one['high'])}] | "
        f"{_p(one['p_bootstrap'])} | {_p(one['p'])} | {_p(one['p_holm'])} | "
        f"{_plain(one['detectable'])} |"
        for one in comparisons
    ]
    return "\n".join(lines)


def _config(config: Mapping[str, Any] | str) -> str:
    if isinstance(config, str):
        return config
    return " ".join(f"{key}={value}" for key, value in config.items())


def _interval(figure: Mapping[str, float]) -> str:
    return f"{_plain(figure['mean'])} [{_plain(figure['low'])}, {_plain(figure['high'])}]"


def _plain(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("0.", ".", 1)


def _p(value: float) -> str:
    return "< .0001" if value < 0.0001 else _plain(value)
