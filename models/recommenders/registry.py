"""Every model by its name: those that stand alone, and the blend of them."""

from __future__ import annotations

from models.blend import Blend
from models.members import MEMBERS
from models.recommender import Recommender

MODELS: dict[str, type[Recommender]] = {**MEMBERS, Blend.name: Blend}
