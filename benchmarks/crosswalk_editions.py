"""Results by requirement in both editions of the relations, as a Markdown table: before the review, and after it.

``python -m benchmarks.crosswalk_editions [FILE...]`` imports the files of one scan into a home of its own and assesses
them; without files it assesses three clouds: every check of AWS, Azure and GCP that a built-in framework relates, each
with one passing finding, and one in three, by name, with one failing finding. Nothing else is read or kept.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import polars as pl

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.names import DEFAULT_ORGANIZATION, CrosswalkEdition, RequirementResult
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA, Posture
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days

CLOUDS: Final = ("aws", "azure", "gcp")
COLUMNS: Final = {
    "met": RequirementResult.COMPLIANT,
    "not met": RequirementResult.NON_COMPLIANT,
    "supporting": RequirementResult.SUPPORTING_EVIDENCE,
    "manual": RequirementResult.MANUAL,
    "not applicable": RequirementResult.NOT_APPLICABLE,
    "not assessed": RequirementResult.NOT_ASSESSED,
}
_EVER: Final = Period.of_days(date(2000, 1, 1), date(2099, 12, 31))


def main(arguments: Sequence[str]) -> None:
    """Print one table for the files, or for three clouds."""
    tallies, mappings = read_scan([Path(each) for each in arguments]) if arguments else three_clouds()
    print("\n".join(table(tallies, mappings)))


def table(tallies: pl.DataFrame, mappings: pl.DataFrame) -> Iterator[str]:
    """Lines of the table: one per framework, each number as scanner → reviewed."""
    yield f"| framework | {' | '.join(COLUMNS)} |"
    yield "| --- |" + " --- |" * len(COLUMNS)
    for framework in load_builtin_frameworks().values():
        before, after = (
            _counted(assess(framework.in_edition(edition), tallies, mappings))
            for edition in (CrosswalkEdition.SCANNER, CrosswalkEdition.REVIEWED)
        )
        cells = (f"{before[result]} → {after[result]}" for result in COLUMNS.values())
        yield f"| `{framework.id}` | {' | '.join(cells)} |"


def assess(framework: Framework, tallies: pl.DataFrame, mappings: pl.DataFrame) -> Posture:
    """The posture of one framework, without waivers and attestations."""
    relations = expand_crosswalk(framework, tallies, mappings)
    return assess_posture(framework, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())


def read_scan(files: Sequence[Path]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tallies and mappings of the files' findings, as the product imports and counts them."""
    scope = Scope(organization=DEFAULT_ORGANIZATION)
    with TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        ingest_files(settings, files, organization=DEFAULT_ORGANIZATION, now=datetime.now(UTC))
        with open_lake(settings) as lake:
            stale = lake.state.load_stale_days(_EVER.first_utc_date, _EVER.last_utc_date)
        rebuild_days(settings, stale)
        with open_lake(settings) as lake:
            return lake.period_end.load_tallies(scope, _EVER), lake.period_end.load_mappings(scope.organization)


def three_clouds() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every check that a built-in framework relates; one in three fails."""
    checks = sorted(
        {pair for each in load_builtin_frameworks().values() for pair in each.crosswalk.relations if pair[0] in CLOUDS}
    )
    rows = [(*pair, "", "high", 1, int(number % 3 == 0), 0, 0) for number, pair in enumerate(checks)]
    return pl.DataFrame(rows, schema=TALLY_SCHEMA, orient="row"), MAPPING_SCHEMA.to_frame()


def _counted(posture: Posture) -> Counter[RequirementResult]:
    return Counter(requirement.result for requirement in posture.requirements)


if __name__ == "__main__":
    main(sys.argv[1:])
