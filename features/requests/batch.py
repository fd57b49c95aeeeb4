"""Requests: one as plain values, many as typed arrays, and the one builder of those arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.batch import ParticipantBatch
from saldopas.features.encoding.pairs import Pairs
from saldopas.features.encoding.sequences import Sequences
from saldopas.features.requests.participants import KnownParticipant, KnownParticipants
from saldopas.features.tables.dataset_config import DatasetConfig

# rows of `RequestBatch.terms`
BALANCE, HAS_BALANCE, MAX_PRICE, AGE, EDUCATION, MOMENT, COUNT = range(7)
N_TERMS = 7
NO_MAX_PRICE_RP = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        participant: who asks, with the balance to answer for.
        as_of_s: the moment, epoch seconds.
        count: how many courses are asked for.
        max_price_rp: the highest price wanted, whole units; it never changes a score.
        excluded: item indices that a list or a filter of the request takes out.
    """

    participant: KnownParticipant
    as_of_s: int
    count: int
    max_price_rp: int | None = None
    excluded: Sequence[int] = ()

    @property
    def balance_rp(self) -> int | None:
        """The balance to answer for, whole units; None where it is not known."""
        return self.participant.balance_rp


@dataclass(frozen=True)
class RequestBatch:
    """B requests as `build_requests` makes them.

    Attributes:
        participants: what the models may see.
        owned: (B, n_items), stored pairs were bought or cancelled before.
        excluded: (B, n_items), stored pairs are not wanted.
        terms: (N_TERMS, B) int64, C order; the rows are the properties below. One array is
            handed to native code in a fraction of the time of seven.
    """

    participants: ParticipantBatch
    owned: Pairs
    excluded: Pairs
    terms: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[RequestBatch]) -> RequestBatch:
        """The requests of all parts, at least one."""
        return cls(
            participants=ParticipantBatch.joined([part.participants for part in parts]),
            owned=Pairs.joined([part.owned for part in parts]),
            excluded=Pairs.joined([part.excluded for part in parts]),
            terms=np.concatenate([part.terms for part in parts], axis=1),
        )

    @property
    def n_rows(self) -> int:
        """How many requests."""
        n_rows: int = self.terms.shape[1]
        return n_rows

    @property
    def balance_rp(self) -> NDArray[np.int64]:
        """(B,) the remaining balance, whole units, 0 where it is not known; scores use it."""
        return self._row(BALANCE)

    @property
    def has_balance(self) -> NDArray[np.bool_]:
        """(B,) whether the balance is known."""
        return np.asarray(self._row(HAS_BALANCE) != 0)

    @property
    def max_price_rp(self) -> NDArray[np.int64]:
        """(B,) the highest price wanted, `NO_MAX_PRICE_RP` without one; no score uses it."""
        return self._row(MAX_PRICE)

    @property
    def limit_rp(self) -> NDArray[np.int64]:
        """(B,) what one course may cost: the lower of a known balance and `max_price_rp`."""
        balance = np.where(self.has_balance, self.balance_rp, NO_MAX_PRICE_RP)
        return np.minimum(balance, self.max_price_rp)

    @property
    def age_at_least(self) -> NDArray[np.int64]:
        """(B,) years surely reached, 0 where unknown."""
        return self._row(AGE)

    @property
    def education_at_least(self) -> NDArray[np.int64]:
        """(B,) level surely reached, 0 where unknown."""
        return self._row(EDUCATION)

    @property
    def as_of_s(self) -> NDArray[np.int64]:
        """(B,) epoch seconds, the moment of the request."""
        return self._row(MOMENT)

    @property
    def count(self) -> NDArray[np.int64]:
        """(B,) how many courses are asked for."""
        return self._row(COUNT)

    def with_terms(self, changes: dict[int, NDArray[np.int64] | int]) -> RequestBatch:
        """The same requests with other rows of `terms`.

        Args:
            changes: by row of `terms` the (B,) new values, or one value for all requests.
        """
        terms = self.terms.copy()
        for term, values in changes.items():
            terms[term] = values
        return replace(self, terms=terms)

    def take(self, rows: NDArray[np.integer]) -> RequestBatch:
        """The requests asked for, in that order."""
        return RequestBatch(
            participants=self.participants.take(rows),
            owned=self.owned.take(rows),
            excluded=self.excluded.take(rows),
            terms=np.ascontiguousarray(self.terms[:, rows]),
        )

    def _row(self, term: int) -> NDArray[np.int64]:
        row: NDArray[np.int64] = self.terms[term]
        return row


def build_requests(
    known: KnownParticipants,
    *,
    as_of_s: NDArray[np.int64] | Sequence[int] | int,
    count: NDArray[np.int64] | Sequence[int] | int,
    max_price_rp: NDArray[np.int64] | Sequence[int] | int = NO_MAX_PRICE_RP,
    excluded: Pairs | None = None,
) -> RequestBatch:
    """Build the requests of B participants that are known as arrays.

    Args:
        known: the participants, with the balances to answer for.
        as_of_s: (B,) moments, epoch seconds, or one for all.
        count: (B,) how many courses are asked for, or one number for all.
        max_price_rp: (B,) highest price wanted, whole units, or one for all.
        excluded: (B, n_items) courses that are not wanted; none by default.
    """
    terms = np.empty((N_TERMS, known.n_rows), np.int64)
    terms[BALANCE] = known.balance_rp
    terms[HAS_BALANCE] = known.has_balance
    terms[MAX_PRICE] = max_price_rp
    terms[AGE] = known.age_at_least
    terms[EDUCATION] = known.education_at_least
    terms[MOMENT] = as_of_s
    terms[COUNT] = count
    if excluded is None:
        excluded = Pairs.none(known.n_rows, known.owned.n_columns)
    return _assembled(known.batch, known.owned, excluded, terms, known.opted_out)


def batch_of(requests: Sequence[Request], *, n_items: int, n_tokens: int) -> RequestBatch:
    """Build the same from requests given one by one, with as few arrays as possible.

    Args:
        requests: (B,) requests.
        n_items: size of the catalogue; n_tokens: size of the profile vocabulary.
    """
    history: list[int] = []
    tokens: list[int] = []
    owned: list[int] = []
    excluded: list[int] = []
    rows = (history, tokens, owned, excluded)  # of all requests
    ends: tuple[list[int], ...] = ([0], [0], [0], [0])
    terms, opted_out = [], []
    for one in requests:
        person = one.participant
        history += person.history
        tokens += person.tokens
        owned += person.owned
        excluded += one.excluded
        for values, end in zip(rows, ends, strict=True):
            end.append(len(values))
        opted_out.append(person.opted_out)
        terms.append(
            (
                person.balance_rp or 0,
                person.balance_rp is not None,
                NO_MAX_PRICE_RP if one.max_price_rp is None else one.max_price_rp,
                person.age_at_least,
                person.education_at_least,
                one.as_of_s,
                one.count,
            )
        )
    # an array takes longer to make than short lists to copy: all are cut out of two arrays
    indptr = np.array(ends[0] + ends[1] + ends[2] + ends[3], np.int64)
    items = np.array(history + tokens + owned + excluded, np.int32)
    n, first = len(requests) + 1, len(history)
    second = first + len(tokens)
    third = second + len(owned)
    return _assembled(
        ParticipantBatch(
            Sequences(indptr[:n], items[:first], np.arange(first), n_items),
            Pairs(indptr[n : 2 * n], items[first:second], n_tokens),
        ),
        Pairs(indptr[2 * n : 3 * n], items[second:third], n_items),
        Pairs(indptr[3 * n :], items[third:], n_items),
        np.ascontiguousarray(np.array(terms, np.int64).reshape(-1, N_TERMS).T),
        opted_out,
    )


def _assembled(
    participants: ParticipantBatch,
    owned: Pairs,
    excluded: Pairs,
    terms: NDArray[np.int64],
    opted_out: Sequence[bool] | NDArray[np.bool_],
) -> RequestBatch:
    """Make the `RequestBatch`; nothing else does.

    Models see neither history nor profile of an opted-out participant, which is decided here
    alone. What such a participant bought is excluded all the same.
    """
    if True in opted_out:
        participants = participants.hiding(np.asarray(opted_out, np.bool_))
    return RequestBatch(participants, owned, excluded, terms)


def request_moment(
    config: DatasetConfig, as_of: datetime | None, *, cutoff_s: int, now_s: int
) -> int:
    """The moment of a request, epoch seconds: as given, else what the dataset declares.

    Args:
        config: its `timezone` is that of a naive `as_of`; its `as_of` is the default.
        as_of: the moment asked for, or None.
        cutoff_s: where the data ends.
        now_s: the clock of the caller.
    """
    if as_of is None:
        return now_s if config.as_of == "now" else cutoff_s
    local = as_of if as_of.tzinfo else as_of.replace(tzinfo=ZoneInfo(config.timezone))
    return int(local.timestamp())
