"""What the planner compiles, at its first call; see `saldopas.models.native.compiled`.

Call `plan_warm.warm_up` when a process starts: the first call takes seconds.
"""

from __future__ import annotations

from saldopas.models.native.compiled import Compiler

compiled = Compiler("plan*.py")
