"""Signs that a file was filtered before it was imported, as notes. Pure; ``docs/scoring.md`` has the rules.

A filtered file is imported as it is: it may be right. The note and the report's messages say what to check.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from policycortex.findings.model import Listing, NoteKind, ScanNote
from policycortex.names import FindingStatus

FEWEST_CHECKS: Final = 50
"""A scan of fewer checks may have equal results by chance."""
_CHECKS_NAMED: Final = 3
_LISTS_ALL: Final = (Listing.RESULTS, Listing.STATE)


def note_equal_results(
    statuses: Collection[FindingStatus], listings: Collection[Listing], checks: int
) -> ScanNote | None:
    """A note if all findings of a file pass, or all fail, over at least 50 checks; manual ones do not count.

    None also for files of tools that list failing findings only.
    """
    decided = set(statuses) - {FindingStatus.MANUAL}
    if checks < FEWEST_CHECKS or len(decided) != 1 or not all(listing in _LISTS_ALL for listing in listings):
        return None
    if FindingStatus.PASS in decided:
        text = f"the file looks filtered: all findings of {checks:,} checks pass; check that failing ones are in it"
        return ScanNote(kind=NoteKind.ONLY_PASSING, text=text)
    text = f"the file looks filtered: all findings of {checks:,} checks fail; check that passing ones are in it"
    return ScanNote(kind=NoteKind.ONLY_FAILING, text=text)


def note_left_out(checks: Sequence[str], previous: date) -> ScanNote | None:
    """A note on checks whose failing resources of the scan before are no longer listed, while passing ones are."""
    if not checks:
        return None
    more = len(checks) - _CHECKS_NAMED
    named = ", ".join(checks[:_CHECKS_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    text = (
        f"the file looks filtered: at least 80 % of the resources that failed on {previous} are not listed "
        f"any more, while those that passed are: {named}"
    )
    return ScanNote(kind=NoteKind.FAILING_LEFT_OUT, text=text)
