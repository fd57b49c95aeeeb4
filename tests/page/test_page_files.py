"""The page's files: small, checked by the browser's rules, kept for as long as they are right."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

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
