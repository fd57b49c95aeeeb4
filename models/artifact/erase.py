"""Erase people from the snapshot of an artifact; all its other parts stay."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from saldopas.features.encoding.sequences import ragged_ranges
from saldopas.features.encoding.snapshot import Snapshot
from saldopas.models.artifact.artifact import SNAPSHOT_DIR, load_artifact
from saldopas.models.artifact.manifest import MANIFEST, file_hash

ErasedMask = Callable[[Sequence[str]], NDArray[np.bool_]]


def artifacts_below(directory: Path) -> list[Path]:
    """All artifact directories below a directory, sorted."""
    found = [file.parent for file in directory.rglob(MANIFEST)]
    return sorted(path for path in found if (path / SNAPSHOT_DIR).is_dir())


def erase_from_artifact(path: Path, erased_mask: ErasedMask) -> int:
    """Write the artifact without these people, verify it and put it in the old one's place.

    A service that has mapped the old artifact uses it until it loads the new one.

    Args:
        path: the artifact.
        erased_mask: gives (P,) bool for P participant ids.

    Returns:
        The number of erased people.

    Raises:
        ArtifactError: the old or the new artifact does not verify; the old one stays.
    """
    artifact = load_artifact(path)
    ids = [name.decode() for name in artifact.snapshot.ids.tolist()]
    erased = erased_mask(ids)
    if not erased.any():
        return 0
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        shutil.copytree(path, beside, copy_function=os.link, dirs_exist_ok=True)
        shutil.rmtree(beside / SNAPSHOT_DIR)
        (beside / SNAPSHOT_DIR).mkdir()
        hashes = dict(artifact.manifest.files)
        for name, array in without_rows(artifact.snapshot, erased).arrays().items():
            file = beside / SNAPSHOT_DIR / f"{name}.npy"
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
            hashes[str(file.relative_to(beside))] = file_hash(file)
        manifest = artifact.manifest.model_copy(update={"files": hashes})
        (beside / MANIFEST).unlink()  # a link to the old manifest
        (beside / MANIFEST).write_text(manifest.model_dump_json(indent=1), "utf-8")
        load_artifact(beside)
        beside.chmod(0o755)
        old = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        path.rename(old / "old")
        beside.rename(path)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    shutil.rmtree(old)
    return int(erased.sum())


def without_rows(snapshot: Snapshot, erased: NDArray[np.bool_]) -> Snapshot:
    """The snapshot of the other people, in their order."""
    rows = np.flatnonzero(~erased)
    events = np.diff(snapshot.indptr)[rows]
    tokens = np.diff(snapshot.token_indptr)[rows]
    of_events = ragged_ranges(snapshot.indptr[rows], events)
    of_tokens = ragged_ranges(snapshot.token_indptr[rows], tokens)
    return Snapshot(
        ids=snapshot.ids[rows],
        indptr=np.concatenate([[0], np.cumsum(events)]).astype(np.int64),
        item_idx=snapshot.item_idx[of_events],
        at_s=snapshot.at_s[of_events],
        kept=snapshot.kept[of_events],
        token_indptr=np.concatenate([[0], np.cumsum(tokens)]).astype(np.int64),
        token_idx=snapshot.token_idx[of_tokens],
        balance_rp=snapshot.balance_rp[rows],
        has_balance=snapshot.has_balance[rows],
        age_at_least=snapshot.age_at_least[rows],
        education_at_least=snapshot.education_at_least[rows],
        opted_out=snapshot.opted_out[rows],
    )
