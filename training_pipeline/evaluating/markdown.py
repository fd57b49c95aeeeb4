"""Reports as Markdown pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from saldopas.training_pipeline.evaluating.comparison import Difference
from saldopas.training_pipeline.evaluating.decisions import Decisions, predicted_lines
from saldopas.training_pipeline.evaluating.intervals import Intervals, MeanInterval, Segments
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig


def about(decisions: Decisions, config: EvaluationConfig, notes: Iterable[str]) -> list[str]:
    """Lines on what was predicted, and how sure the intervals are."""
    cut = decisions.cut
    return [
        f"{decisions.n_decisions:,} decisions of {decisions.n_people:,} participants among "
        f"{decisions.n_items:,} courses, held out {cut.method}, {cut.protocol}. "
        f"Intervals: {config.level:.0%}, over participants, {config.resamples:,} resamples. "
        f"Groups of fewer than {config.min_people} participants are not shown.",
        *predicted_lines(decisions),
        *notes,
    ]


def evaluation_page(
    *, title: str, about: list[str], intervals: Intervals, segments: Sequence[Segments]
) -> str:
    """A model's metrics by group of people, policies side by side."""
    parts = [f"# {title}", *about]
    groups = next(iter(intervals.values()))
    for group in groups:
        if any(values[group] for values in intervals.values()):
            words = {"all": "Everybody", "warm": "With a history", "new": "Without any"}
            parts += [f"## {words.get(group, group)}", _metric_table(intervals, group)]
    return "\n\n".join([*parts, *_segment_parts(segments, "")]) + "\n"


def comparison_page(
    *,
    names: tuple[str, str],
    about: list[str],
    differences: Sequence[Difference],
    segments: Sequence[Segments],
    config: EvaluationConfig,
) -> str:
    """B against A."""
    head = ("metric", "wanted", "A", "B", "B - A", "interval", "change", "p", "p (Holm)")
    rows = [
        (
            one.metric,
            one.wanted or "-",
            number(one.a),
            number(one.b),
            number(one.difference),
            f"{number(one.low)} to {number(one.high)}",
            "-" if one.relative is None else f"{one.relative:+.1%}",
            f"{one.p_value:.2g}",
            f"{one.p_holm:.2g}",
            number(one.detectable),
            one.verdict,
        )
        for one in differences
    ]
    return (
        "\n\n".join(
            [
                f"# {names[1]} against {names[0]}",
                f"A is `{names[0]}`, B is `{names[1]}`.",
                *about,
                _table((*head, "detectable", "B is"), rows),
                f"Verdicts: Holm's correction over these {len(rows)} metrics at "
                f"{config.alpha:.0%}. Detectable: the smallest true difference that a test of this "
                f"metric alone finds in {config.power:.0%} of such comparisons; undecided does "
                "not mean equal: a smaller one is not ruled out.",
                *_segment_parts(segments, ", B - A"),
            ]
        )
        + "\n"
    )


def number(value: float | None) -> str:
    """Shares with four decimals, money in whole units."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4f}"


def with_interval(value: MeanInterval | None) -> str:
    """`mean (low to high)`."""
    if value is None or value.mean is None:
        return "-"
    if value.low is None:
        return number(value.mean)
    return f"{number(value.mean)} ({number(value.low)} to {number(value.high)})"


def _metric_table(intervals: Intervals, group: str) -> str:
    policies = list(intervals)
    metrics = list(dict.fromkeys(name for one in intervals.values() for name in one[group]))
    rows = [
        (name, *(with_interval(intervals[policy][group].get(name)) for policy in policies))
        for name in metrics
    ]
    return _table(("metric", *policies), rows)


def _segment_parts(segments: Sequence[Segments], suffix: str) -> Iterator[str]:
    for one in segments:
        rows = [
            (label, f"{value.people:,}", f"{value.cases:,}", with_interval(value))
            for label, value in one.groups.items()
        ]
        yield f"## {one.metric} by {one.column}{suffix}"
        yield _table((one.column, "participants", "decisions", one.metric), rows)
        if one.hidden:
            yield f"Not shown: {one.hidden} small groups."
        if one.gap is not None:
            yield (
                f"Widest gap: {one.gap.best} over {one.gap.worst}, "
                f"{with_interval(one.gap.difference)}."
            )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
