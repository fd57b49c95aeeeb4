"""The command line `saldopas`: each command is a file in `commands/`."""

from __future__ import annotations

import importlib.metadata
import re
import sys

import typer
from saldopas.features.errors import ArtifactError, DataError, FitError
from saldopas.training_pipeline.commands import (
    at_risk,
    drift,
    evaluate,
    import_data,
    promote,
    recommend,
    sample,
    serve,
    store,
    train,
    ui,
)
from saldopas.training_pipeline.console import RunFailedError, say

NAME = "saldopas"

app = typer.Typer(
    name=NAME,
    help="Courses that people with a similar profile and history took, and that fit the balance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("sample")(sample.sample)
app.add_typer(import_data.app, name="import")
app.command("validate")(import_data.validate)
app.command("train")(train.train)
app.command("tune")(train.tune)
app.command("evaluate")(evaluate.evaluate)
app.command("drift")(drift.drift)
app.command("compare")(evaluate.compare)
app.command("promote")(promote.promote)
app.command("rollback")(promote.rollback)
app.command("recommend")(recommend.recommend)
app.command("plan")(recommend.plan)
app.command("score")(recommend.score)
app.command("at-risk")(at_risk.at_risk)
app.add_typer(serve.keys_app, name="keys")
app.command("serve")(serve.serve)
app.add_typer(store.app, name="store")
app.command("erase")(store.erase)
app.command("ui")(ui.ui)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 the run failed, 2 bad usage or bad data."""
    try:
        code = app(prog_name=NAME, standalone_mode=False)
    except typer.TyperException as error:
        _say_usage(error)
        sys.exit(error.exit_code)
    except DataError as error:
        say(f"{NAME}: {error}")
        sys.exit(2)
    except (RunFailedError, ArtifactError, FitError, OSError) as error:
        say(f"{NAME}: {error}")
        sys.exit(1)
    except ModuleNotFoundError as error:
        extra = _extra_with(error.name or "")
        if extra is None:
            raise
        say(f"{NAME}: this command needs {error.name}: pip install 'saldopas[{extra}]'")
        sys.exit(1)
    except typer.Abort:
        say(f"{NAME}: stopped")
        sys.exit(1)
    sys.exit(code or 0)


def _extra_with(module: str) -> str | None:
    """The extra of this distribution that installs a module; None where none does."""
    wanted = module.partition(".")[0].replace("_", "-")
    for requirement in importlib.metadata.requires(NAME) or ():
        found = re.match(r"([\w.-]+).*extra == .(\w+)", requirement)
        if found and found[1] == wanted:
            return found[2]
    return None


def _say_usage(error: typer.TyperException) -> None:
    """One line; a group that was called alone has printed its help and says nothing more."""
    problem = " ".join(error.format_message().split()).rstrip(".")
    if not problem:
        return
    context: typer.Context | None = getattr(error, "ctx", None)
    path = NAME if context is None else context.command_path
    where = path.removeprefix(NAME).strip()
    say(f"{NAME}: {where + ': ' if where else ''}{problem}; see {path} --help")


if __name__ == "__main__":
    main()
