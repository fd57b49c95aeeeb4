"""Bad usage is one line on standard error and exit code 2; who asks for help gets it whole."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
import typer
from saldopas.training_pipeline.commands import main as cli
from saldopas.training_pipeline.commands import recommend
from saldopas.training_pipeline.commands.options import moment, money


def attempt(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of `saldopas ARGUMENTS` in this process."""
    monkeypatch.setattr(sys, "argv", ["saldopas", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), "saldopas: No such command 'nope'; see saldopas --help"),
        (("--nope",), "saldopas: No such option: --nope; see saldopas --help"),
        (
            ("import", "nope"),
            "saldopas: import: No such command 'nope'; see saldopas import --help",
        ),
        (
            ("import", "tafeng"),
            "saldopas: import tafeng: Missing option '--out'; see saldopas import tafeng --help",
        ),
        (
            ("recommend",),
            "saldopas: recommend: Missing option '--participant'; see saldopas recommend --help",
        ),
        (("recommend", "--participant"), "saldopas: Option '--participant' requires an argument"),
        (("recommend", "--participant", "a", "--balance", "-1"), "Invalid value for '--balance'"),
        (("recommend", "--participant", "a", "--n", "0"), "Invalid value for '--n'"),
        (("recommend", "--participant", "a", "--as-of", "x"), "Invalid value for '--as-of'"),
        (("plan", "--participant", "a", "--rank-by", "x"), "Invalid value for '--rank-by'"),
        (("score", "data", "more", "--out", "x.csv"), "unexpected extra argument(s) (more)"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_usage_is_one_line(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert attempt(monkeypatch, *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("saldopas: ")
    assert err.count("\n") == 1
    assert said in err
    assert "--help" in err


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 2), (("import",), 2), (("--help",), 0), (("score", "--help"), 0)]
)
def test_help_is_printed_where_it_is_asked_for_or_nothing_is(
    arguments: tuple[str, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert attempt(monkeypatch, *arguments) == code
    out, err = capsys.readouterr()
    assert "Usage: saldopas" in out
    assert err == ""


@pytest.mark.parametrize(
    "text", ["300.000", "300,000", "3_000_00", "Rp300000", "-1", " 5", "٣٠٠", ""]
)
@pytest.mark.parametrize("command", ["recommend", "plan"])
def test_money_is_digits_only(
    command: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attempt(monkeypatch, command, "--participant", "a", "--balance", text) == 2
    err = capsys.readouterr().err
    assert err.startswith(
        f"saldopas: {command}: Invalid value for '--balance': {text!r} is no whole "
    )
    assert "300000, without separators" in err


@pytest.mark.parametrize("digits", ["100000001", "9" * 5_000])
def test_money_has_a_limit(
    digits: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attempt(monkeypatch, "plan", "--participant", "a", "--balance", digits) == 2
    assert "is more than 100000000; see" in capsys.readouterr().err


def test_money_and_moments_are_read_as_written() -> None:
    assert money(most=10**8)("100000000") == 10**8
    assert money(most=10**8)("0") == 0
    assert moment("2021-12-09") == datetime(2021, 12, 9)
    assert moment("2021-12-09T10:00+07:00") == datetime(2021, 12, 9, 3, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2021", "1639000000", "09-12-2021", "1.5"])
def test_a_number_is_no_moment(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=f"^'{text}' is no moment"):
        moment(text)


@pytest.mark.parametrize(
    ("balance", "why"),
    [
        (None, "Nothing is left that may be bought."),
        (10_000, "Nothing that may be bought costs so little."),
    ],
)
def test_an_empty_answer_blames_money_only_where_there_is_a_limit(
    balance: int | None, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {
        "participant_id": "p",
        "known": True,
        "currency": "IDR",
        "balance": balance,
        "items": [],
    }
    recommend._print_answer(answer)
    assert capsys.readouterr().out.splitlines()[1] == why
