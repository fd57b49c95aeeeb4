"""The page's files: small, checked by the browser's rules, kept for as long as they are right."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from saldopas.serving.page.routes import DIRECTORY, takes_gzip

from tests.page.dashboard import Dashboard
from tests.page.page_world import Served

pytestmark = pytest.mark.slow

MOST_BYTES = 60_000


def files_of(index: httpx.Response) -> list[str]:
    return sorted(set(re.findall(r'(?:href|src)="(/page/[^"]+)"', index.text)))


def test_the_first_load_is_small_and_everything_is_there(served: Served) -> None:
    with httpx.Client(base_url=served.url, headers={"Accept-Encoding": "gzip"}) as client:
        index = client.get("/")
        sent = [index, *(client.get(path) for path in files_of(index))]
    assert {answer.status_code for answer in sent} == {200}
    assert len(sent) > 10
    assert sum(answer.num_bytes_downloaded for answer in sent) < MOST_BYTES
    plain = httpx.get(f"{served.url}/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == index.text


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br;q=1, GZIP ; q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; Q=0.000, br", False),
        ("deflate", False),
        ("notgzip", False),
        ("", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) == takes


def test_who_refuses_gzip_gets_none(served: Served) -> None:
    answer = httpx.get(f"{served.url}/", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in answer.headers


def test_files_are_kept_for_good_and_the_page_is_asked_for_again(served: Served) -> None:
    index = httpx.get(f"{served.url}/")
    [path] = [path for path in files_of(index) if path.endswith("app.js")]
    file = httpx.get(served.url + path)
    assert "immutable" in file.headers["cache-control"]
    assert index.headers["cache-control"] == "no-cache"
    for url, answer in ((f"{served.url}/", index), (served.url + path, file)):
        again = httpx.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    other_release = re.sub(r"/page/\w+/", "/page/000000000000/", path)
    assert "immutable" not in httpx.get(served.url + other_release).headers["cache-control"]
    missing = httpx.get(served.url + path.replace("app.js", "none.js"))
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")


def test_the_page_may_load_from_itself_only(served: Served) -> None:
    index = httpx.get(f"{served.url}/")
    policy = dict(
        part.split(" ", 1) for part in index.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "<style" not in index.text
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", index.text)
    assert not re.findall(r'(?:href|src)="(?!/page/|#)', index.text)


def test_both_languages_say_the_same_things(visit: Callable[..., Dashboard]) -> None:
    page = visit().page
    source = page.get_attribute("script", "src") or ""
    words = page.evaluate(
        """async (base) => {
          const [id, en] = await Promise.all(
            ["id", "en"].map((name) => import(`${base}/words_${name}.js`)));
          return [id.words, en.words];
        }""",
        source.rsplit("/", 1)[0],
    )
    indonesian, english = words
    assert set(indonesian) == {key for key in english if not key.endswith("_one")}
    for key, text in indonesian.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", english[key])), key


def test_every_word_is_used() -> None:
    """By its key, or by a key that is put together, such as `error_${code}`."""
    source = "".join(
        file.read_text()
        for file in DIRECTORY.iterdir()
        if file.suffix in (".js", ".html") and not file.name.startswith("words_")
    )
    starts = tuple(re.findall(r"`(\w+_)\$\{", source))
    keys = re.findall(r'^  "?([^":]+)"?: "', (DIRECTORY / "words_id.js").read_text(), re.MULTILINE)
    assert len(keys) > 100
    assert [key for key in keys if f'"{key}"' not in source and not key.startswith(starts)] == []
