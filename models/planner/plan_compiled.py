"""What the planner compiles, at its first call; see `models.compiled`.

Call `plan_warm.warm_up` when a process starts: the first call takes seconds.
"""

from __future__ import annotations

from models.compiled import Compiler

compiled = Compiler("plan*.py")
