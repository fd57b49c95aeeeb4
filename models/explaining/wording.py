"""Reasons in words: Indonesian for participants, English for all other readers."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from saldopas.features.encoding.courses import CourseTable
from saldopas.features.encoding.profile import OTHER, ProfileVocabulary
from saldopas.features.requests.batch import RequestBatch
from saldopas.features.tables import columns as c
from saldopas.models.explaining.evidence import Count, Evidence
from saldopas.models.explaining.explanation import Reason, reasons_of
from saldopas.models.policy.policy import SOURCES, Policy, Recommendations

# by kind: (Indonesian, English) with a count {n} of {of}, and (Indonesian, English) without one;
# {course} is an earlier course, {group} a profile token
SENTENCES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "history": (
        (
            "{n} dari {of} peserta yang mengambil {course}, seperti kamu, juga mengambil ini",
            "{n} of {of} people who took {course}, as you did, took this too",
        ),
        ("Karena kamu mengambil {course}", "Because you took {course}"),
    ),
    "profile": (
        (
            "{n} dari {of} pembeli dengan {group} mengambilnya",
            "{n} of {of} buyers with {group} took it",
        ),
        ("Cocok dengan {group}", "Suits {group}"),
    ),
    "people": (
        (
            "{n} dari {of} pembeli dengan profil sepertimu mengambilnya",
            "{n} of {of} buyers with your profile took it",
        ),
        ("Disukai peserta dengan profil mirip kamu", "Liked by people with a profile like yours"),
    ),
    "popular": (
        ("{n} dari {of} pembeli mengambilnya", "{n} of {of} buyers took it"),
        ("Diambil peserta lain", "Taken by other people"),
    ),
    "new": (
        ("Belum ada data pembelian", "No purchase is known yet"),
        ("Belum ada data pembelian", "No purchase is known yet"),
    ),
    "taste": (
        ("Cocok untukmu", "Suits you"),
        ("Cocok untukmu", "Suits you"),
    ),
    "balance": (
        ("Harganya pas dengan saldomu", "Its price suits your balance"),
        ("Harganya pas dengan saldomu", "Its price suits your balance"),
    ),
    "explored": (
        ("Dipilih untuk dicoba", "Chosen to be tried out"),
        ("Dipilih untuk dicoba", "Chosen to be tried out"),
    ),
    "other": (("Faktor lain", "Other factors"), ("Faktor lain", "Other factors")),
}
COLUMNS_ID = {
    "age": "usia",
    "gender": "jenis kelamin",
    "education": "pendidikan",
    "employment": "pekerjaan",
    "province": "provinsi",
    "wave": "gelombang",
}
# tokens whose column name and value do not explain themselves
GROUPS = {
    "gender=F": ("jenis kelamin perempuan", "gender F"),
    "gender=M": ("jenis kelamin laki-laki", "gender M"),
    "urban=yes": ("tempat tinggal di kota", "a home in town"),
    "urban=no": ("tempat tinggal di desa", "a home in the country"),
    "no_earlier_training=yes": ("status belum pernah ikut pelatihan", "no earlier training"),
    "no_earlier_training=no": ("status pernah ikut pelatihan", "earlier training"),
}


class CountAnswer(TypedDict):
    """Of `of` people, `took` took the course."""

    took: int
    of: int


class ReasonAnswer(TypedDict):
    """One reason of a course, as the interfaces give it; see `Reason`."""

    code: str
    text: str
    text_en: str
    contribution: float
    course_id: str | None
    people: CountAnswer | None


def answer_reasons(
    policy: Policy,
    evidence: Evidence,
    vocabulary: ProfileVocabulary,
    request: RequestBatch,
    lists: Recommendations,
    row: int,
) -> list[list[ReasonAnswer]]:
    """Word the reasons of each course of one answer.

    A course that was drawn by exploration has the one reason `explored`, with the whole score. A
    course with a score of 0 has no reason.

    Args:
        policy: the policy that answered.
        evidence: counts of the policy's training set.
        vocabulary: its profile tokens.
        request: a batch of one, the request of row `row`.
        lists: the answers.
        row: row of `lists`.

    Returns:
        A list for each course, largest contribution first.
    """
    place = lists.row(row)
    items = lists.item_idx[place]
    stages = {SOURCES.index(stage.source): at for at, stage in enumerate(policy.stages)}
    places = np.array([stages[source] for source in lists.source[place].tolist()], np.int64)
    scores = lists.scores[place].tolist()
    found = reasons_of(policy, evidence, request, items, places)
    found = [why if score != 0 else [] for score, why in zip(scores, found, strict=True)]
    for slot in lists.drawn[row].slots.tolist() if lists.drawn else ():
        found[slot] = [Reason("explored", -1, scores[slot])]
    return [[_word(reason, policy.courses, vocabulary) for reason in reasons] for reasons in found]


def _word(reason: Reason, courses: CourseTable, vocabulary: ProfileVocabulary) -> ReasonAnswer:
    count = reason.count
    course, group = None, ("", "")
    if reason.kind == "history":
        course = str(courses.course_ids[reason.ref])
    elif reason.kind == "profile":
        label = vocabulary.labels[reason.ref]
        column, _, value = label.partition("=")
        plain = (f"{COLUMNS_ID.get(column, column)} {value}", f"{column} {value}")
        group = GROUPS.get(label, plain)
        if value == OTHER:
            count, group = None, ("profilmu", "your profile")
    sentences = SENTENCES[reason.kind][0 if count is not None else 1]
    title = courses.texts(c.TITLE)[reason.ref] if course is not None else None
    texts = [
        sentence.format(
            n=_number(count, 0, dot=language == 0),
            of=_number(count, 1, dot=language == 0),
            course=title or course,
            group=group[language],
        )
        for language, sentence in enumerate(sentences)
    ]
    return ReasonAnswer(
        code=reason.kind,
        text=texts[0],
        text_en=texts[1],
        contribution=reason.contribution,
        course_id=course,
        people=None if count is None else CountAnswer(took=count.took, of=count.people),
    )


def _number(count: Count | None, place: int, *, dot: bool) -> str:
    if count is None:
        return ""
    text = f"{count[place]:,}"
    return text.replace(",", ".") if dot else text
