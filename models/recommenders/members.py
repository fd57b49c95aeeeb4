"""Models that are not made of others, by name; a new model is one file and one line here."""

from __future__ import annotations

from saldopas.models.recommenders.als import Als
from saldopas.models.recommenders.bpr import Bpr
from saldopas.models.recommenders.ease import Ease
from saldopas.models.recommenders.item_neighbours import ItemNeighbours
from saldopas.models.recommenders.lmf import Lmf
from saldopas.models.recommenders.popularity import TimeDecayedPopularity
from saldopas.models.recommenders.profile_popularity import ProfilePopularity
from saldopas.models.recommenders.recommender import Recommender
from saldopas.models.recommenders.sequence_ridge import SequenceRidge

MEMBERS: dict[str, type[Recommender]] = {
    model.name: model
    for model in (
        TimeDecayedPopularity,
        ProfilePopularity,
        ItemNeighbours,
        Als,
        Bpr,
        Lmf,
        Ease,
        SequenceRidge,
    )
}
