"""All rules on one challenger: what `saldopas train` and `saldopas promote` ask before a move."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from saldopas.features.errors import ArtifactError, DataError
from saldopas.features.tables import columns as c
from saldopas.features.tables.dataset import Dataset
from saldopas.models.artifact.artifact import Artifact, load_artifact
from saldopas.training_pipeline.evaluating.measured import Measured
from saldopas.training_pipeline.gate import rules
from saldopas.training_pipeline.gate import verdict as v
from saldopas.training_pipeline.gate.latency import Latency, measure_latency
from saldopas.training_pipeline.gate.reference import measured_against
from saldopas.training_pipeline.gate.rules import gain
from saldopas.training_pipeline.gate.verdict import GateConfig, GateReport, Outcome, Verdict

NO_CHAMPION = "there is no champion yet"
NEEDS_CHAMPION = (v.MAIN, v.GAIN, v.SEGMENTS, v.BALANCE)
KNOWN = 0.9  # least share of what the version has learned; the rest may be corrected or erased
LATE = 0.01  # largest share that lies after the end of the data


@dataclass(frozen=True)
class Challenger:
    """A registered version that wants to be champion.

    Attributes:
        beats_popularity: on its validation cut, as its training measured; measured: whether
            anything was held out.
        artifact: its directory.
    """

    version: int
    model: str
    beats_popularity: bool
    measured: bool
    artifact: Path


@dataclass(frozen=True)
class Champion:
    """The version that serves."""

    version: int
    artifact: Path


@dataclass(frozen=True)
class GateInput:
    """Data and settings of the gate.

    Attributes:
        dataset: what the challenger was trained on, or the same going on; None: only what was
            found at its training counts.
        measured: the challenger on its test cut, where its training has just measured it.
        latency: request times measured before; None: they are measured now.
        config: the rules' settings.
    """

    dataset: Dataset | None = None
    measured: Measured | None = None
    latency: Latency | None = None
    config: GateConfig = field(default_factory=GateConfig)


def judge(
    challenger: Challenger,
    champion: Champion | None,
    gate: GateInput,
    *,
    earlier: GateReport | None = None,
) -> GateReport:
    """Every rule's verdict; nothing is moved.

    Args:
        challenger, champion: who, and where their artifacts are.
        gate: data and settings.
        earlier: verdicts on what the challenger was trained on, against the same champion by the
            same rules and settings; used without data.

    Raises:
        DataError: the dataset is not what the challenger was trained on, going on or not, or a
            segment column cannot be used.
    """
    verdicts, compared = _verdicts(challenger, champion, gate, earlier)
    data = gate.dataset.fingerprint if gate.dataset else earlier.data if earlier else None
    broken = any(one.rule == v.ARTIFACT and one.outcome == "failed" for one in verdicts)
    return GateReport(
        version=challenger.version,
        champion=champion.version if champion else None,
        compared=compared,
        verdicts=tuple(sorted(verdicts, key=lambda one: v.RULES.index(one.rule))),
        settings=gate.config.model_dump(mode="json"),
        data=None if broken else data,
    )


def _verdicts(
    challenger: Challenger,
    champion: Champion | None,
    gate: GateInput,
    earlier: GateReport | None,
) -> tuple[list[Verdict], str]:
    beats = rules.not_below_popularity(
        challenger.model, beats=challenger.beats_popularity, measured=challenger.measured
    )
    try:
        ours = load_artifact(challenger.artifact)
    except ArtifactError as error:
        broken = Verdict(v.ARTIFACT, "failed", str(error))
        rest = _all((*NEEDS_CHAMPION, v.LATENCY), "not applicable", "the artifact does not load")
        return [broken, beats, *rest], "nothing"
    if gate.dataset is not None:
        check_trained_on(gate.dataset, ours)
    proven = Verdict(v.ARTIFACT, "passed", "hashes and golden requests agree")
    theirs, why_not = _loaded(champion)
    config = gate.config
    latency = gate.latency or measure_latency(
        ours, theirs, requests=config.requests, seed=ours.manifest.seed
    )
    known = [proven, beats, rules.request_latency(latency, config)]
    if champion is None:
        return [*known, *_all(NEEDS_CHAMPION, "not applicable", NO_CHAMPION)], NO_CHAMPION
    if gate.dataset is None:
        return [*known, *_remembered(challenger, champion, earlier)], (
            earlier.compared if earlier else "nothing: no data was given"
        )
    against = measured_against(
        gate.dataset,
        ours,
        theirs,
        why_not=why_not,
        measured=gate.measured,
        shared_courses=config.shared_courses,
        config=config.evaluation,
    )
    if against is None:
        told = "nothing can be held out of so little data"
        return [*known, *_all(NEEDS_CHAMPION, "failed", told)], told
    return [
        *known,
        rules.main_metric(against, config),
        gain(against, config, challenger=ours, champion=theirs, latency=latency),
        rules.segments(against, config),
        rules.balance(against, config),
    ], against.words


def _loaded(champion: Champion | None) -> tuple[Artifact | None, str | None]:
    """The champion's artifact, or why it is no measure."""
    if champion is None:
        return None, None
    try:
        return load_artifact(champion.artifact), None
    except ArtifactError as error:
        return None, f"the champion does not load ({error})"


def _remembered(
    challenger: Challenger, champion: Champion, earlier: GateReport | None
) -> list[Verdict]:
    """Verdicts of an earlier run of the gate against this champion."""
    if earlier is not None:
        return [earlier.of(rule) for rule in NEEDS_CHAMPION]
    told = (
        f"version {challenger.version} was not measured against champion {champion.version} with "
        "these settings on what it was trained on: give --data"
    )
    rest = _all(NEEDS_CHAMPION[1:], "not applicable", "no data was given")
    return [Verdict(v.MAIN, "failed", told), *rest]


def _all(names: tuple[str, ...], outcome: Outcome, sentence: str) -> list[Verdict]:
    return [Verdict(rule, outcome, sentence) for rule in names]


def check_trained_on(dataset: Dataset, artifact: Artifact) -> None:
    """By the fingerprint; else by the name, the cut-off and the purchases that the artifact holds.

    Ids and names are alike in two samples and in the tables of two programmes. What was bought by
    whom is not.

    Raises:
        DataError: a version cannot be judged on it.
    """
    manifest = artifact.manifest
    if dataset.fingerprint == manifest.fingerprint:
        return
    remedy = "give what the version was trained on, or the same going on"
    ours, theirs = manifest.dataset.name, dataset.config.name
    if ours != theirs:
        raise DataError(f"the version was trained on {ours!r}, this is {theirs!r}", remedy=remedy)
    snapshot = artifact.snapshot
    if len(snapshot.item_idx) == 0:
        return
    end = dataset.purchases[c.PURCHASED_AT].max()
    late = float((snapshot.at_s > end.timestamp()).mean())
    if late > LATE:
        cutoff = pd.Timestamp(manifest.cutoff_s, unit="s", tz="UTC")
        raise DataError(
            f"this data ends on {end:%Y-%m-%d}, the version has learned until {cutoff:%Y-%m-%d}",
            table=c.PURCHASES,
            remedy=remedy,
        )
    known = float(np.isin(_learned(artifact), _bought(dataset, artifact)).mean())
    if known < KNOWN:
        raise DataError(
            f"{known:.0%} of the purchases that the version has learned from are in this data",
            table=c.PURCHASES,
            remedy=remedy,
        )


def _learned(artifact: Artifact) -> NDArray[np.int64]:
    """(E,) person and course of each event of the snapshot, as one number."""
    snapshot, n_items = artifact.snapshot, artifact.policy.courses.n_items
    rows = np.repeat(np.arange(snapshot.n_people), np.diff(snapshot.indptr))
    return np.asarray(rows * n_items + snapshot.item_idx)


def _bought(dataset: Dataset, artifact: Artifact) -> NDArray[np.int64]:
    """The same of each purchase of the dataset whose person and course the artifact knows."""
    courses = artifact.policy.courses
    place = pd.Index(courses.course_ids).get_indexer(pd.Index(dataset.purchases[c.COURSE_ID]))
    people, names = pd.factorize(dataset.purchases[c.PARTICIPANT_ID])
    rows = artifact.snapshot.rows_of(names.tolist())[people]
    both = (place >= 0) & (rows >= 0)
    return np.asarray(rows[both] * courses.n_items + place[both])
