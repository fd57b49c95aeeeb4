"""`python -m saldopas`: the command line."""

from __future__ import annotations

from saldopas.training_pipeline.commands.main import main

if __name__ == "__main__":
    main()
