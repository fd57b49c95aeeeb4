"""Bad usage is one line on standard error and exit code 2; help and plain calls stay as they are."""

from __future__ import annotations

import sys

import pytest

from training_pipeline import cli


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
