"""What is refused, with which status, code and field; and that nothing a client sends is a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from saldopas.serving.recommend.schemas import Error
from starlette.testclient import TestClient

JSON = {"content-type": "application/json"}
MANY = ["C00001"] * 5_001


def error_of(response: Any) -> dict[str, Any]:
    body = response.json()
    Error.model_validate(body, strict=True, extra="forbid")
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "field"}
    assert "Traceback" not in response.text
    error: dict[str, Any] = body["error"]
    return error


WRONG_TYPES: list[tuple[dict[str, Any], str]] = [
    ({"balance": "300000"}, "balance"),
    ({"balance": True}, "balance"),
    ({"balance": 300_000.0}, "balance"),
    ({"balance": 300_000.5}, "balance"),
    ({"balance": [300_000]}, "balance"),
    ({"balance": {}}, "balance"),
    ({"max_price": 1e3}, "max_price"),
    ({"n": 5.0}, "n"),
    ({"n": "5"}, "n"),
    ({"n": True}, "n"),
    ({"participant_id": 17}, "participant_id"),
    ({"participant_id": ["P1"]}, "participant_id"),
    ({"purchased": "C00001"}, "purchased"),
    ({"purchased": {"C00001": 1}}, "purchased"),
    ({"purchased": ["C00001", 2]}, "purchased.1"),
    ({"purchased": [["C00001"]]}, "purchased.0"),
    ({"purchased": [None]}, "purchased.0"),
    ({"exclude": [True]}, "exclude.0"),
    ({"profile": []}, "profile"),
    ({"profile": "age=27"}, "profile"),
    ({"profile": {"age": [27]}}, "profile.age"),
    ({"profile": {"age": {"from": 26}}}, "profile.age"),
    ({"category": 4}, "category"),
    ({"as_of": 1_600_000_000}, "as_of"),
    ({"as_of": True}, "as_of"),
    ({"explain": "true"}, "explain"),
    ({"explain": 1}, "explain"),
]
OUT_OF_RANGE: list[tuple[dict[str, Any], str]] = [
    ({"balance": -1}, "balance"),
    ({"balance": 2**53 + 1}, "balance"),
    ({"balance": 2**63}, "balance"),
    ({"balance": 10**400}, "balance"),
    ({"max_price": -1}, "max_price"),
    ({"n": 0}, "n"),
    ({"n": 101}, "n"),
    ({"n": -5}, "n"),
    ({"participant_id": ""}, "participant_id"),
    ({"participant_id": "x" * 257}, "participant_id"),
    ({"purchased": MANY}, "purchased"),
    ({"purchased": ["x" * 257]}, "purchased.0"),
    ({"exclude": MANY}, "exclude"),
    ({"category": "x" * 257}, "category"),
    ({"profile": {f"c{i}": 1 for i in range(201)}}, "profile"),
    ({"profile": {"age": 10**30}}, "profile.age"),
    ({"profile": {"age": 1e300}}, "profile.age"),
    ({"profile": {"city": "x" * 1_001}}, "profile.city"),
    ({"as_of": "yesterday"}, "as_of"),
    ({"as_of": "2021-02-30"}, "as_of"),
    ({"as_of": "2021-09-22T25:00"}, "as_of"),
    ({"as_of": "2021-09-22T09:30+99:00"}, "as_of"),
    ({"as_of": "0001-01-01"}, "as_of"),
    ({"as_of": "9999-12-31T23:59:59Z"}, "as_of"),
    ({"as_of": ""}, "as_of"),
]


@pytest.mark.parametrize(("body", "field"), WRONG_TYPES, ids=lambda value: str(value)[:60])
def test_a_wrong_type_is_400(client: TestClient, body: dict[str, Any], field: str) -> None:
    response = client.post("/recommend", json=body)
    error = error_of(response)
    assert (response.status_code, error["code"], error["field"]) == (400, "wrong_type", field)


@pytest.mark.parametrize(("body", "field"), OUT_OF_RANGE, ids=lambda value: str(value)[:60])
def test_a_value_out_of_its_range_is_422(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    response = client.post("/recommend", json=body)
    error = error_of(response)
    assert (response.status_code, error["code"], error["field"]) == (422, "out_of_range", field)


@pytest.mark.parametrize("sign", [b"", b"-"])
def test_a_number_of_5000_digits_is_out_of_range(client: TestClient, sign: bytes) -> None:
    raw = b'{"balance": ' + sign + b"9" * 5_000 + b"}"
    response = client.post("/recommend", content=raw, headers=JSON)
    error = error_of(response)
    assert (response.status_code, error["code"], error["field"]) == (422, "out_of_range", "balance")


@pytest.mark.parametrize("value", [300_000.0, True, "300000"], ids=str)
def test_money_that_is_no_whole_number_is_refused_in_words_that_help(
    client: TestClient, value: object
) -> None:
    message = error_of(client.post("/recommend", json={"balance": value}))["message"]
    assert message.startswith("a whole number is wanted, ")


def test_an_unknown_key_is_named_and_so_are_the_known_ones(client: TestClient) -> None:
    response = client.post("/recommend", json={"saldo": 300_000})
    error = error_of(response)
    assert (response.status_code, error["code"], error["field"]) == (400, "unknown_key", "saldo")
    assert "balance" in error["message"]


def test_the_shape_of_a_body_is_judged_before_its_values(client: TestClient) -> None:
    response = client.post("/recommend", json={"n": 0, "balance": "x"})
    assert (response.status_code, error_of(response)["field"]) == (400, "balance")


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "white space": b"  \n",
    "half an object": b'{"balance": 3',
    "words": b"balance=300000",
    "single quotes": b"{'balance': 300000}",
    "a comma at the end": b'{"balance": 300000,}',
    "two values": b"{} {}",
    "NaN": b'{"balance": NaN}',
    "NaN in a profile": b'{"profile": {"age": NaN}}',
    "Infinity": b'{"balance": Infinity}',
    "-Infinity": b'{"profile": {"age": -Infinity}}',
    "a leading zero": b'{"balance": 0300000}',
    "a plus sign": b'{"balance": +1}',
    "hexadecimal": b'{"balance": 0x10}',
    "a digit short of a number": b'{"balance": 1.}',
    "invalid UTF-8": b'{"participant_id": "\xff\xfe"}',
    "UTF-16": '{"balance": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"balance": 1}',
    "half a surrogate pair": b'{"participant_id": "\\ud800"}',
    "half a surrogate pair as a key": b'{"profile": {"\\udc00": 1}}',
    "a control character in a text": b'{"participant_id": "a\x00b"}',
    "a line break in a text": b'{"participant_id": "a\nb"}',
    "a key given twice": b'{"balance": 1, "balance": 1000000}',
    "a key given twice, deeper": b'{"profile": {"age": 1, "age": 2}}',
    "lists 100,000 deep": b"[" * 100_000,
    "closed lists 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 50,000 deep": b'{"profile":' * 50_000,
    "a form": b"balance=300000&n=5",
    "a multipart body": b'--x\r\nContent-Disposition: form-data; name="balance"\r\n\r\n1\r\n--x--',
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("path", ["/recommend", "/recommend_batch"])
def test_a_body_that_is_no_json_is_400(client: TestClient, path: str, raw: bytes) -> None:
    response = client.post(path, content=raw, headers=JSON)
    assert response.status_code == 400
    assert error_of(response)["code"] == "malformed_json"


@pytest.mark.parametrize("raw", [b"[]", b"null", b"3", b'"text"', b"true", b"[" * 90 + b"]" * 90])
def test_a_body_that_is_no_object_is_400(client: TestClient, raw: bytes) -> None:
    response = client.post("/recommend", content=raw, headers=JSON)
    assert (response.status_code, error_of(response)["code"]) == (400, "wrong_type")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/xml"},
        {"content-type": "application/jsonp"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
    ids=str,
)
def test_a_body_that_does_not_say_it_is_json_is_415(
    client: TestClient, headers: dict[str, str]
) -> None:
    response = client.post("/recommend", content=b"{}", headers=headers)
    assert (response.status_code, error_of(response)["code"]) == (415, "not_json")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_said_in_other_ways(client: TestClient, kind: str) -> None:
    assert client.post("/recommend", content=b"{}", headers={"content-type": kind}).is_success


def test_a_body_that_is_too_large_is_413_whether_it_says_so_or_not(client: TestClient) -> None:
    large = json.dumps({"category": "x" * 2**20}).encode()
    said = client.post("/recommend", content=large, headers=JSON)
    assert (said.status_code, error_of(said)["code"]) == (413, "too_large")

    def chunks() -> Any:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    unsaid = client.post("/recommend", content=chunks(), headers=JSON)
    assert (unsaid.status_code, error_of(unsaid)["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/recommend/", "/Recommend", "/recommend/x", "/%00", "/..%2f.."]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_route_is_404(client: TestClient, method: str, path: str) -> None:
    response = client.request(method, path)
    assert (response.status_code, error_of(response)["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/recommend"),
        ("PUT", "/recommend"),
        ("DELETE", "/recommend_batch"),
        ("OPTIONS", "/recommend"),
        ("POST", "/version"),
        ("POST", "/livez"),
        ("POST", "/readyz"),
        ("POST", "/metrics"),
        ("POST", "/docs.json"),
        ("BREW", "/recommend"),
    ],
)
def test_another_method_is_405_and_says_which_are_allowed(
    client: TestClient, method: str, path: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, error_of(response)["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"]


def test_texts_of_any_kind_are_only_texts(client: TestClient) -> None:
    odd = [
        "\x00",
        "a\x00",
        "\u202e",
        "\n\r\t",
        "🎓" * 64,
        "'; DROP TABLE--",
        "../../etc/passwd",
        "?",
    ]
    for text in odd:
        body = {"purchased": [text], "exclude": [text], "category": text}
        body |= {"participant_id": text} if "\x00" not in text else {}  # no store could keep it
        response = client.post("/recommend", json=body | {"profile": {text: text, "age": text}})
        assert response.status_code == 200, (text, response.text)
        assert response.json()["participant_id"] == body.get("participant_id")
        assert response.json()["items"] == []
