"""The kept snapshots of the lake, and which of them holds what was known at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from policycortex.errors import DataNotKeptError
from policycortex.storage.lake.session import LakeSession

_IMPORT: Final = "import "
"""How the message of a snapshot begins that added findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSnapshot:
    """One state of the lake that can be read."""

    number: int
    at: datetime
    """When it was committed, UTC."""
    has_import: bool
    """Whether it added findings; other snapshots only hold what was calculated from them."""


def load_kept_snapshots(session: LakeSession) -> tuple[KeptSnapshot, ...]:
    """All snapshots that can be read, oldest first."""
    rows = session.fetch("kept_snapshots").iter_rows()
    return tuple(
        KeptSnapshot(number=number, at=at.astimezone(UTC), has_import=(message or "").startswith(_IMPORT))
        for number, at, message in rows
    )


def snapshot_known_at(
    kept: Sequence[KeptSnapshot], at: datetime, *, is_evaluated: Callable[[KeptSnapshot], bool]
) -> KeptSnapshot:
    """The snapshot with the findings that were imported by ``at`` and, where possible, all that follows from them.

    ``is_evaluated`` says whether a snapshot has no imported findings that wait for their evaluation. The evaluation may
    be later than ``at``: it adds nothing that was not known then. Raises DataNotKeptError with the earliest time.
    """
    index = next((place for place in reversed(range(len(kept))) if kept[place].at <= at), None)
    if index is None or not _is_newest_at(kept, index):
        first = _first_without_gap(kept)
        raise DataNotKeptError(
            f"The data as known on {_shown(at)} is not kept any more; the earliest time is {_shown(first.at)}"
            if first is not None
            else "No data was imported yet"
        )
    if is_evaluated(kept[index]):
        return kept[index]
    later = index
    while later + 1 < len(kept) and kept[later + 1].number == kept[later].number + 1:
        if kept[later + 1].has_import:
            break
        later += 1
    if later > index and is_evaluated(kept[later]):
        return kept[later]
    raise DataNotKeptError(
        f"On {_shown(at)} scans were imported that were evaluated only together with later ones; choose a later time"
    )


def _is_newest_at(kept: Sequence[KeptSnapshot], index: int) -> bool:
    """Whether no snapshot after this one was removed: the next one would have to be later than the time."""
    return index == len(kept) - 1 or kept[index + 1].number == kept[index].number + 1


def _first_without_gap(kept: Sequence[KeptSnapshot]) -> KeptSnapshot | None:
    """The first snapshot from which on all are kept."""
    first = len(kept) - 1
    while first > 0 and kept[first - 1].number == kept[first].number - 1:
        first -= 1
    return kept[first] if kept else None


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
