"""The page's files in memory, under a path that changes with their content."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
