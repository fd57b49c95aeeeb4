"""Every model by its name: those that stand alone, and the blend of them."""

from __future__ import annotations

from saldopas.models.recommenders.blend import Blend
from saldopas.models.recommenders.members import MEMBERS
from saldopas.models.recommenders.recommender import Recommender

MODELS: dict[str, type[Recommender]] = {**MEMBERS, Blend.name: Blend}
