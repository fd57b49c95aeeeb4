"""How bad data and bad artifacts are refused: one line that says what, where and what to do."""

from __future__ import annotations


class DataError(ValueError):
    """Input data that cannot be used; its text is one line for a person.

    Raised at the edge (reading, validation), turned into exit code 2 by the command line.
    """

    def __init__(
        self,
        problem: str,
        *,
        remedy: str,
        table: str | None = None,
        column: str | None = None,
        row: int | None = None,
    ) -> None:
        """`row` counts data rows from 1, the header of a CSV file not included."""
        self.problem = problem
        self.remedy = remedy
        self.table = table
        self.column = column
        self.row = row
        super().__init__(str(self))

    def __str__(self) -> str:
        where = [
            part
            for part in (
                self.table and f"table {self.table}",
                self.column and f"column {self.column}",
                self.row is not None and f"row {self.row}",
            )
            if part
        ]
        prefix = f"{', '.join(where)}: " if where else ""
        return " ".join(f"{prefix}{self.problem}; {self.remedy}".split())


class ArtifactError(RuntimeError):
    """An artifact that must not be used; its text is one line that says why."""


class FitError(RuntimeError):
    """Hyperparameters with which a model cannot be fitted; its text is one line for a person."""
