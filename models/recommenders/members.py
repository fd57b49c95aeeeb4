"""Every model that stands alone, by its name; a new one is a file and a line here."""

from __future__ import annotations

from models.als import Als
from models.bpr import Bpr
from models.ease import Ease
from models.item_neighbours import ItemNeighbours
from models.lmf import Lmf
from models.popularity import TimeDecayedPopularity
from models.profile_popularity import ProfilePopularity
from models.recommender import Recommender
from models.sequence_ridge import SequenceRidge

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
