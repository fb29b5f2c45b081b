"""Reads OSCAL documents, and a workbook, with compliance-trestle. Run by the interpreter of an environment that has it.

``python trestle_reader.py results|poam|workbook FILE`` prints what was read as JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any


def read(kind: str, path: Path) -> dict[str, Any]:
    """Counts of a document, or items of the workbook by number."""
    if kind == "workbook":
        from trestle.tasks.xlsx_to_oscal_poam import PoamXlsxHelper  # type: ignore[import-not-found]

        helper = PoamXlsxHelper()
        helper.load(path)
        return {
            row["POAM ID"]: {
                "due": helper.parse_date(row["Scheduled Completion Date"]).date().isoformat(),
                "milestones": [step.get("timing") for step in helper.parse_milestones(row["Planned Milestones"])],
            }
            for _, row in helper.row_generator()
        }
    if kind == "poam":
        from trestle.oscal.poam import PlanOfActionAndMilestones  # type: ignore[import-not-found]

        plan = PlanOfActionAndMilestones.oscal_read(path)
        return {
            "version": version_of(plan),
            "items": len(plan.poam_items),
            "risks": len(plan.risks or ()),
        }
    from trestle.oscal.assessment_results import AssessmentResults  # type: ignore[import-not-found]

    results = AssessmentResults.oscal_read(path)
    found = results.results[0]
    return {
        "version": version_of(results),
        "findings": len(found.findings or ()),
        "observations": len(found.observations or ()),
    }


def version_of(document: Any) -> str:  # noqa: ANN401 - trestle's own class
    """The version that the document names; the releases differ in the name of the attribute."""
    version = document.metadata.oscal_version
    while not isinstance(version, str):
        version = version.root if hasattr(version, "root") else version.__root__
    return version


if __name__ == "__main__":
    sys.stdout.write(json.dumps(read(sys.argv[1], Path(sys.argv[2]))))
