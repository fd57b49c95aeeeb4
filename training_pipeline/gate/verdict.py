"""Settings of the gate, and its verdicts: one a rule, and all of them together."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field
from saldopas.features.tables.dataset_config import Frozen
from saldopas.training_pipeline.evaluating.statistics import EvaluationConfig
from saldopas.training_pipeline.ingest.files import read_toml, validated

Outcome = Literal["passed", "failed", "not enough evidence", "not applicable"]
REFUSING = ("failed", "not enough evidence")
Figure = float | int | str | None
ARTIFACT = "artifact"
POPULARITY = "popularity"
MAIN = "main-metric"
GAIN = "gain"
SEGMENTS = "segments"
BALANCE = "balance"
LATENCY = "latency"
EDITION = 2  # raised where a rule changes its meaning: older verdicts are then not used again
RULES = (ARTIFACT, POPULARITY, MAIN, GAIN, SEGMENTS, BALANCE, LATENCY)


class GateConfig(Frozen):
    """Settings of the gate: how much a challenger may lose, and what counts as a gain.

    `segments` are columns as in `saldopas evaluate --by`; None: history length and every profile
    column that `dataset.toml` declares; none at all: the rule is off, and says so.
    """

    margin: float = Field(
        default=0.05, ge=0, lt=1, description="share of the main metric whose loss is excluded"
    )
    balance_margin: float = Field(
        default=0.02, ge=0, lt=1, description="share of the used balance whose loss is excluded"
    )
    segments: tuple[str, ...] | None = None
    segment_share: float = Field(
        default=0.9, ge=0, le=1, description="floor of a segment, of the champion's value there"
    )
    segment_level: float = Field(
        default=0.99, gt=0.5, lt=1, description="how sure it is that a segment is under its floor"
    )
    latency_ms: float = Field(default=10.0, gt=0, description="nobody may take more")
    unnoticed_ms: float = Field(default=0.5, ge=0, description="up to this nobody is too slow")
    slower: float = Field(default=2.0, ge=1, description="times the champion, above unnoticed_ms")
    requests: int = Field(default=300, ge=20, description="single requests that are timed")
    cheaper: float = Field(
        default=0.8, gt=0, lt=1, description="share of time or size from which it is cheaper"
    )
    least_gain: float = Field(
        default=0.01, ge=0, lt=1, description="share of a metric from which it is better"
    )
    newer: bool = Field(default=True, description="whether newer data is a gain by itself")
    shared_courses: float = Field(
        default=0.5, gt=0, le=1, description="of the champion's courses, or it is not compared"
    )
    evaluation: EvaluationConfig = EvaluationConfig()


def read_gate_config(path: Path | None) -> GateConfig:
    """The table `gate` of a TOML file; other tables are not looked at.

    Raises:
        DataError: no such file, not TOML, an unknown key or a value out of its range.
    """
    return validated(
        GateConfig,
        read_toml(path).get("gate", {}),
        path=path,
        remedy="see docs/tracking.md for the keys",
        table=("gate",),
    )


@dataclass(frozen=True)
class Verdict:
    """One rule: its outcome, the figures it rests on, and a sentence for a person."""

    rule: str
    outcome: Outcome
    sentence: str
    figures: dict[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class GateReport:
    """A version against the champion of that moment.

    Attributes:
        version: of the challenger; champion: None where there is none yet.
        compared: what the challenger was measured against, and on which decisions, in words.
        verdicts: one a rule, in the order of `RULES`.
        settings: the `GateConfig` as plain values.
        data: fingerprint of the data that was compared on, None where none was.
        edition: of the rules.
    """

    version: int
    champion: int | None
    compared: str
    verdicts: tuple[Verdict, ...]
    settings: dict[str, Any]
    data: str | None = None
    edition: int = EDITION

    @property
    def measured(self) -> bool:
        """Whether there was data to compare on, or no champion to compare with."""
        return self.data is not None or self.champion is None

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the rules that refuse."""
        return tuple(one.rule for one in self.verdicts if one.outcome in REFUSING)

    @property
    def refusal(self) -> str:
        """The refusing rules with their sentences, one line."""
        told = [f"{one.rule} ({one.sentence})" for one in self.verdicts if one.outcome in REFUSING]
        return f"version {self.version} is refused by {'; '.join(told)}"

    def of(self, rule: str) -> Verdict:
        """The verdict of one rule.

        Raises:
            KeyError: no rule is called so.
        """
        for one in self.verdicts:
            if one.rule == rule:
                return one
        raise KeyError(rule)

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the file beside the run."""
        return {
            "version": self.version,
            "champion": self.champion,
            "passed": not self.failed,
            "refused_by": list(self.failed),
            "compared": self.compared,
            "verdicts": [asdict(one) for one in self.verdicts],
            "settings": self.settings,
            "data": self.data,
            "edition": self.edition,
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        """Restore a report from `as_dict`."""
        return cls(
            version=told["version"],
            champion=told["champion"],
            compared=told["compared"],
            verdicts=tuple(Verdict(**one) for one in told["verdicts"]),
            settings=told["settings"],
            data=told["data"],
            edition=told["edition"],
        )
