"""What the gate found: a verdict a rule, and all of them together."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

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
        """Whether there was data to compare on, or nobody to compare with."""
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
        """What `as_dict` gave."""
        return cls(
            version=told["version"],
            champion=told["champion"],
            compared=told["compared"],
            verdicts=tuple(Verdict(**one) for one in told["verdicts"]),
            settings=told["settings"],
            data=told["data"],
            edition=told["edition"],
        )
