"""Every model by name: the members, and the blend of members."""

from __future__ import annotations

from saldopas.models.recommenders.blend import Blend
from saldopas.models.recommenders.members import MEMBERS
from saldopas.models.recommenders.recommender import Recommender

MODELS: dict[str, type[Recommender]] = {**MEMBERS, Blend.name: Blend}
