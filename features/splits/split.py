"""Temporal cuts: what was known on one side, the purchases to predict on the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import TrainingSet
from saldopas.features.encoding.indexed import IndexedDataset
from saldopas.features.encoding.profile import ProfileVocabulary
from saldopas.features.errors import DataError
from saldopas.features.requests.batch import RequestBatch, build_requests
from saldopas.features.requests.participants import KnownParticipants
from saldopas.features.seconds import DAY_S
from saldopas.features.splits.cases import Cases, Decided, cases_from, replayed, sample_cases
from saldopas.features.splits.split_config import Method, SplitConfig

Protocol = Decided | Literal["last"]


@dataclass(frozen=True)
class Cut:
    """One side known, the other to predict."""

    name: Literal["validation", "test"]
    method: Method
    protocol: Protocol
    train: TrainingSet
    cases: Cases

    def requests(self, data: IndexedDataset, *, count: int) -> RequestBatch:
        """The cases as requests, with what was known of everybody at that moment."""
        cases = self.cases
        known = KnownParticipants.of_dataset(data, cases.row, cases.seen, self.train.vocabulary)
        known = replace(known, balance_rp=cases.balance_rp, has_balance=cases.has_balance)
        return build_requests(known, as_of_s=cases.as_of_s, count=count)


def make_cuts(data: IndexedDataset, config: SplitConfig, *, seed: int) -> tuple[Cut, Cut] | None:
    """(validation, test): test after validation after what models are fitted on.

    None where too little was bought to hold anything out.
    """
    tried: list[Method] = [config.method] if config.method != "auto" else _methods(data)
    for method in tried:
        cuts = _MAKERS[method](data, config, seed)
        if cuts is not None and all(
            cut.cases.n_cases >= config.min_cases and cut.train.participants.n_rows > 0
            for cut in cuts
        ):
            return cuts
    return None


def earlier_windows(
    data: IndexedDataset, config: SplitConfig, cuts: tuple[Cut, Cut], *, seed: int
) -> tuple[Cut, ...]:
    """Further validation windows before the first, each as long, as many as were asked for.

    A calendar with holidays makes one window a poor judge. Only a split by date has any.
    """
    validation, test = cuts
    if validation.method != "by-date":
        return ()
    length = test.train.as_of_s - validation.train.as_of_s
    protocol = _protocol(data, config)
    found = []
    for back in range(1, config.validation_windows):
        from_s = validation.train.as_of_s - back * length
        if from_s <= data.events.at_s.min():
            break
        cut = _date_cut(
            data,
            "validation",
            from_s,
            from_s + length,
            protocol,
            config.validation_cases(data.courses.n_items),
            seed,
        )
        if cut.cases.n_cases >= config.min_cases and cut.train.participants.n_rows > 0:
            found.append(cut)
    return tuple(found)


def cut_after(
    data: IndexedDataset,
    config: SplitConfig,
    *,
    vocabulary: ProfileVocabulary,
    as_of_s: int,
    seed: int,
) -> Cut | None:
    """The purchases after the cut-off of a model that is fitted already; None without any."""
    protocol = _protocol(data, config)
    cases = cases_from(data, as_of_s, None, protocol)
    if cases.n_cases == 0:
        return None
    nobody = data.batch(np.empty(0, np.int64), np.empty(0, np.int64), vocabulary)
    known = TrainingSet(nobody, data.courses, vocabulary, as_of_s, data.config.dates_are_order_only)
    return Cut(
        "test", "by-date", protocol, known, sample_cases(cases, config.max_test_cases, seed=seed)
    )


def end_of(data: IndexedDataset) -> int:
    """The cut-off after which nothing is known: one second after the last purchase."""
    return int(data.events.at_s.max()) + 1


def _methods(data: IndexedDataset) -> list[Method]:
    at_s = data.events.at_s
    dated = not data.config.dates_are_order_only and len(np.unique(at_s // DAY_S)) >= 10
    rest: list[Method] = ["leave-last-out", "by-participant"]
    return ["by-date", *rest] if dated else rest


def _protocol(data: IndexedDataset, config: SplitConfig) -> Decided:
    """Each purchase of those whose balance is known is a decision, else a period's basket is one.

    One participant without a balance is no reason to judge all the others by a proxy.
    """
    if config.protocol != "auto":
        return config.protocol
    known = data.has_grant[data.events.lengths > 0]
    if known.all():
        return "replay"
    return "mixed" if known.any() else "window"


def _by_date(data: IndexedDataset, config: SplitConfig, seed: int) -> tuple[Cut, Cut] | None:
    end = end_of(data)
    if config.test_from is not None:
        test_from = int(_local(data, config.test_from).timestamp())
        _check_inside(data, config.test_from, test_from)
        validation_from = 2 * test_from - end  # a window as long as the test's
        if validation_from <= data.events.at_s.min():
            validation_from = _day_of_share(data, test_from, config.share)
    else:
        test_from = _day_of_share(data, end, config.share)
        validation_from = _day_of_share(data, test_from, config.share)
    if not data.events.at_s.min() < validation_from < test_from < end:
        return None
    protocol = _protocol(data, config)
    return (
        _date_cut(
            data,
            "validation",
            validation_from,
            test_from,
            protocol,
            config.validation_cases(data.courses.n_items),
            seed,
        ),
        _date_cut(data, "test", test_from, None, protocol, config.max_test_cases, seed),
    )


def _check_inside(data: IndexedDataset, given: datetime, test_from_s: int) -> None:
    at_s = data.events.at_s
    if not at_s.min() < test_from_s <= at_s.max():
        zone = ZoneInfo(data.config.timezone)
        first, last = (datetime.fromtimestamp(int(one), zone) for one in (at_s.min(), at_s.max()))
        raise DataError(
            f"test_from {given.isoformat()} is not within what was bought, "
            f"{first.date()} to {last.date()}",
            remedy="set [split] test_from to a moment in between, or leave it out",
        )


def _date_cut(
    data: IndexedDataset,
    name: Literal["validation", "test"],
    from_s: int,
    until_s: int | None,
    protocol: Decided,
    most: int,
    seed: int,
) -> Cut:
    train = data.training_set(data.seen_before(from_s), as_of_s=from_s)
    cases = cases_from(data, from_s, until_s, protocol)
    return Cut(name, "by-date", protocol, train, sample_cases(cases, most, seed=seed))


def _leave_last_out(data: IndexedDataset, config: SplitConfig, seed: int) -> tuple[Cut, Cut] | None:
    """Test: the last purchase. Validation: the two before it, each after its own past.

    Of the people with one purchase a seeded share is held out whole, to be met as new.
    """
    lengths = data.events.lengths
    rng = np.random.default_rng(seed)
    single = np.flatnonzero(lengths == 1)
    drawn = rng.permutation(single)[: int(2 * config.share * len(single))]
    new_test, new_validation = drawn[::2], drawn[1::2]
    known = lengths.copy()
    known[lengths >= 2] -= 1
    known[new_test] = 0
    test = _last_cut(data, "test", known, lengths, config.max_test_cases, seed)
    earlier = np.where(known >= 2, np.maximum(known - 2, 1), known)
    earlier[new_validation] = 0
    validation = _last_cut(
        data, "validation", earlier, known, config.validation_cases(data.courses.n_items), seed
    )
    return validation, test


def _last_cut(
    data: IndexedDataset,
    name: Literal["validation", "test"],
    known: NDArray[np.int64],
    until: NDArray[np.int64],
    most: int,
    seed: int,
) -> Cut:
    as_of_s = end_of(data)
    place = np.arange(len(data.kept)) - data.events.indptr[data.events.rows]
    rows = data.events.rows
    held = (place >= known[rows]) & (place < until[rows])
    cases = sample_cases(replayed(data, held), most, seed=seed)
    train = data.training_set(known, as_of_s=as_of_s)
    return Cut(name, "leave-last-out", "last", train, cases)


def _by_participant(data: IndexedDataset, config: SplitConfig, seed: int) -> tuple[Cut, Cut] | None:
    """A seeded share of the participants is held out whole, for each of the two cuts."""
    lengths = data.events.lengths
    buyers = np.random.default_rng(seed).permutation(np.flatnonzero(lengths > 0))
    size = max(1, int(config.share * len(buyers)))
    test_rows, validation_rows = buyers[:size], buyers[size : 2 * size]
    known = lengths.copy()
    known[test_rows] = 0
    earlier = known.copy()
    earlier[validation_rows] = 0
    test = _last_cut(data, "test", known, lengths, config.max_test_cases, seed)
    validation = _last_cut(
        data, "validation", earlier, known, config.validation_cases(data.courses.n_items), seed
    )
    return validation, test


_MAKERS = {
    "by-date": _by_date,
    "leave-last-out": _leave_last_out,
    "by-participant": _by_participant,
}


def _day_of_share(data: IndexedDataset, before_s: int, share: float) -> int:
    """Start of the local day after which about `share` of the purchases before `before_s` fall."""
    at_s = np.sort(data.events.at_s[data.events.at_s < before_s])
    if len(at_s) == 0:
        return before_s
    moment = at_s[int((1 - share) * (len(at_s) - 1))]
    zone = ZoneInfo(data.config.timezone)
    day = datetime.fromtimestamp(int(moment), zone).date()
    return int(datetime.combine(day, time(), zone).timestamp())


def _local(data: IndexedDataset, moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(data.config.timezone))
