"""`saldopas plan`: what machines and people read of one answer."""

from __future__ import annotations

import json

from saldopas.training_pipeline.commands.main import app
from saldopas.training_pipeline.training.record import TrainingRecord
from typer.testing import CliRunner


def test_plans_from_the_command_line(small_record: TrainingRecord) -> None:
    args = ["plan", "--participant", "nobody", "--balance", "900000", "--max-courses", "3"]
    args += ["--model", str(small_record.artifact), "--rank-by", "plan"]
    done = CliRunner().invoke(app, [*args, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["known"] is False
    assert answer["calibrated"] is True
    for plan in answer["alternatives"]:
        assert 1 <= len(plan["courses"]) <= 3
        assert plan["total"] + plan["leftover"] == 900_000
    assert len(answer["courses"]) == 5
    people = CliRunner().invoke(app, args)
    assert "Paling cocok (Best match)" in people.stdout
    for plan in answer["alternatives"]:
        for course in plan["courses"]:  # nothing of it is cut in 80 columns
            money = f"Rp{course['balance_after']:,}".replace(",", ".")
            assert {course["course_id"], course["buy"], course["finish"], money} <= set(
                people.stdout.split()
            )
