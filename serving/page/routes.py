"""The dashboard page at `/`, its files, and what it shows beside the recommendations."""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from saldopas.features.requests.batch import request_moment
from saldopas.features.tables import columns as c
from saldopas.serving.http.bodies import json_response, read_body
from saldopas.serving.http.errors import ApiError
from saldopas.serving.http.operations import Described, Operation
from saldopas.serving.http.settings import Settings
from saldopas.serving.model.loaded import LoadedModel, ModelSlot
from saldopas.serving.page.schemas import CourseCards, CoursesBody, PageFacts
from starlette.requests import Request
from starlette.responses import Response

ZERO_WEIGHT = re.compile(r"q=0(\.0*)?")
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
GENERATED = "Generated data"  # how a sample's description begins, see training_pipeline/sample
POLICY = (  # a browser that reads frame-ancestors takes no notice of X-Frame-Options
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors {ancestors}"
)
Card = dict[str, Any]
ASKED_FIRST = ("age", "gender", "education", "employment", "province")


class PageRoutes:
    """The handlers; one object a process."""

    def __init__(self, slot: ModelSlot, settings: Settings) -> None:
        self._slot = slot
        self._settings = settings
        self._files = read_page_files()
        ancestors = " ".join(settings.frame_ancestors) or "'none'"
        self._index_headers = {"Content-Security-Policy": POLICY.format(ancestors=ancestors)}
        self._cards: tuple[str, dict[str, Card]] = ("", {})
        facts = Described(
            "What the dashboard page shows to everybody",
            "The data, the rules of its scheme, the moment that counts as now, and the filters.",
            PageFacts,
        )
        courses = Described(
            "Courses as the catalogue describes them",
            "For the dashboard page's cards: those of the ids that the catalogue knows.",
            CourseCards,
            CoursesBody,
            settings.max_body_bytes,
        )
        self.operations = (
            Operation("GET", "/", self.index),
            Operation("GET", "/page/facts.json", self.page_facts, described=facts),
            Operation("GET", "/page/{version}/{name}", self.file),
            Operation("POST", "/page/courses", self.page_courses, ("recommend",), courses),
        )

    async def index(self, request: Request) -> Response:
        """The page itself."""
        return _sent(request, self._files.index, ASK_FIRST, self._index_headers)

    async def file(self, request: Request) -> Response:
        """A file of the page; one that a page of another release asks for is not kept."""
        parameters = request.path_params
        found = self._files.by_name.get(parameters["name"])
        if found is None:
            raise ApiError(404, "not_found", "the page has no such file")
        same = parameters["version"] == self._files.version
        return _sent(request, found, FOR_GOOD if same else ASK_FIRST, {})

    async def page_facts(self, request: Request) -> Response:
        """What is the same for everybody; see `page_schemas.PageFacts`."""
        model = self._slot.ready
        cards = self._cards_of(model)
        facts = page_facts(model, cards, self._settings, now_s=int(time.time()))
        return json_response(facts)

    async def page_courses(self, request: Request) -> Response:
        """Courses as the catalogue describes them."""
        model = self._slot.ready
        body = await read_body(request, CoursesBody, max_bytes=self._settings.max_body_bytes)
        cards = self._cards_of(model)
        return json_response({"courses": [cards[one] for one in body.ids if one in cards]})

    def _cards_of(self, model: LoadedModel) -> dict[str, Card]:
        """Made at the first request to each model."""
        if self._cards[0] != model.fingerprint:
            self._cards = (model.fingerprint, course_cards(model))
        return self._cards[1]


def page_facts(
    model: LoadedModel, cards: Mapping[str, Card], settings: Settings, *, now_s: int
) -> dict[str, Any]:
    """As `page_schemas.PageFacts` describes it.

    Args:
        model: what is served.
        cards: its courses, see `course_cards`.
        settings: of the service.
        now_s: the clock, epoch seconds.
    """
    manifest = model.artifact.manifest
    dataset, rules = manifest.dataset, manifest.dataset.rules
    moment_s = request_moment(dataset, None, cutoff_s=manifest.cutoff_s, now_s=now_s)
    columns = {column.column: column for column in model.artifact.vocabulary.columns}
    return {
        "model_version": model.version,
        "dataset": dataset.name,
        "generated": dataset.description.startswith(GENERATED),
        "currency": dataset.currency,
        "timezone": dataset.timezone,
        "now": datetime.fromtimestamp(moment_s, ZoneInfo(dataset.timezone)).isoformat(),
        "fixed_clock": dataset.as_of != "now",
        "grant": rules.grant,
        "may_cancel": rules.may_cancel,
        "cancel_days": rules.cancel_days_after_purchase,
        "cancel_days_before_start": rules.cancel_days_before_start,
        "one_at_a_time": rules.one_at_a_time,
        "keys_needed": settings.keys_file is not None,
        "records": settings.store is not None,
        "categories": sorted({card["category"] for card in cards.values() if card["category"]}),
        "modes": sorted({card["mode"] for card in cards.values() if card["mode"]}),
        "has_durations": any(card["duration_days"] is not None for card in cards.values()),
        "profile": [
            {"column": name, "values": list(columns[name].values)}
            for name in ASKED_FIRST
            if name in columns
        ],
    }


def course_cards(model: LoadedModel) -> dict[str, Card]:
    """Every course by its id, as `page_schemas.CourseCard` describes it."""
    courses = model.artifact.policy.courses
    texts = {name: [text or None for text in courses.values(name)] for name in TEXTS}
    numbers = {
        name: [None if number is None else int(number) for number in courses.values(name)]
        for name in (c.DURATION_DAYS, c.MIN_AGE)
    }
    return {
        str(course_id): {
            "course_id": str(course_id),
            **{name: values[item] for name, values in texts.items()},
            **{name: values[item] for name, values in numbers.items()},
            "price": int(courses.price_rp[item]),
        }
        for item, course_id in enumerate(courses.course_ids)
    }


TEXTS = (c.TITLE, c.CATEGORY, c.PROVIDER, c.PLATFORM, c.MODE, c.MIN_EDUCATION)


def _sent(request: Request, file: PageFile, kept: str, headers: dict[str, str]) -> Response:
    """The file, or 304 where the browser has it."""
    headers = {"ETag": file.etag, "Cache-Control": kept, "Vary": "Accept-Encoding", **headers}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.content, headers=headers, media_type=file.media_type)
    headers["Content-Encoding"] = "gzip"
    return Response(file.gzipped, headers=headers, media_type=file.media_type)


def takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` names gzip, and not with a weight of 0 (RFC 9110, 12.5.3)."""
    for one in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        if name == "gzip":
            return not any(ZERO_WEIGHT.fullmatch(parameter) for parameter in parameters)
    return False


DIRECTORY = Path(__file__).parent / "assets"
INDEX = "index.html"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
LATER = frozenset({"words_en.js"})  # asked for only where it is read
HASH_LETTERS = 12


@dataclass(frozen=True)
class PageFile:
    """A file as it is sent; `gzipped` to those who take it."""

    content: bytes
    gzipped: bytes
    media_type: str
    etag: str


@dataclass(frozen=True)
class PageFiles:
    """All of them; `version` is in their paths, so that browsers may keep them for good."""

    version: str
    index: PageFile
    by_name: Mapping[str, PageFile]


def read_page_files(directory: Path = DIRECTORY) -> PageFiles:
    """The files of a directory; `{assets}` and `{preloads}` in its index are filled in."""
    files = {
        file.name: _page_file(file.read_bytes(), file.suffix)
        for file in sorted(directory.iterdir())
        if file.suffix in TYPES
    }
    index = files.pop(INDEX)
    together = "".join(file.etag for file in (index, *files.values()))
    version = hashlib.sha256(together.encode()).hexdigest()[:HASH_LETTERS]
    assets = f"/page/{version}"
    preloads = "\n".join(
        f'<link rel="modulepreload" href="{assets}/{name}">'
        for name in files
        if name.endswith(".js") and name not in LATER
    )
    text = index.content.decode().replace("{assets}", assets).replace("{preloads}", preloads)
    return PageFiles(version, _page_file(text.encode(), ".html"), files)


def _page_file(content: bytes, suffix: str) -> PageFile:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return PageFile(content, gzip.compress(content, mtime=0), TYPES[suffix], etag)
