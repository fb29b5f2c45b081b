"""Key figures and bars of pages, calculated by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from policycortex.documents.locales import open_locale
from policycortex.names import PdfVariant, ReportFormat, ReportType, RequirementResult, Severity
from policycortex.reports.complete_files import complete_files
from policycortex.reports.first_page import compose_first_page
from policycortex.reports.sections.executive_summary import key_figures
from policycortex.reports.sections.section_results import section_heat
from policycortex.reports.sections.trend import ChangeCause, cause_lines
from policycortex.reports.shares import heat_of
from tests.support.samples.documents import Sample, build_document


def test_causes_point_left_and_right_of_nothing() -> None:
    """+5 is half a bar to the right of the middle, -1 a tenth to its left."""
    gain, loss = cause_lines(
        [ChangeCause(title="a", findings=1, points=5), ChangeCause(title="b", findings=1, points=-1)]
    )
    assert (gain.x, gain.width) == (0.5, 0.5)
    assert (loss.x, loss.width) == (0.4, 0.1)
    assert cause_lines([ChangeCause(title="c", findings=0, points=0)])[0].width == 0


def test_heat_goes_by_quarters_of_the_greatest_cell() -> None:
    """Of 8: 0 is none, 1 the first quarter, 2 begins the second, 8 the last."""
    assert [heat_of(count, 8, "medium") for count in (0, 1, 2, 5, 8)] == [0, 1, 2, 3, 4]
    assert [heat_of(3, 100, severity.value) for severity in Severity] == [3, 2, 1, 1, 1]
    assert [heat_of(100, 100, severity.value) for severity in Severity] == [4, 4, 4, 3, 2]
    assert [heat_of(0, 100, severity.value) for severity in Severity] == [0] * 5


def test_sections_count_each_of_their_failing_checks_once(tmp_path: Path) -> None:
    """A check that maps to two requirements of a section counts once there, and in each section it maps to."""
    document = build_document(tmp_path, Sample(findings=200))
    failing = {check.check_id: check.failed for check in document.top_checks}
    for line in section_heat(document):
        checks = {c for row in document.requirements if row.section == line.title for c in row.checks}
        assert line.total == sum(count for check, count in failing.items() if check in checks)
        assert line.total == sum(cell.failed for cell in line.cells)
    assert section_heat(build_document(tmp_path, Sample(findings=0))) == ()


def test_key_figures_of_nothing_are_none(tmp_path: Path) -> None:
    """No period before and no items: no change and no gain, rather than zeros."""
    figures = key_figures(build_document(tmp_path, Sample(findings=0)))
    assert (figures.risk_change, figures.first_gain, figures.first_items) == (None, None, 0)


@pytest.mark.parametrize(
    ("ordered", "variant", "findings", "tables"),
    [
        ((ReportFormat.PDF,), None, None, None),
        ((ReportFormat.PDF, ReportFormat.EXCEL), None, "the Excel file", "the Excel file"),
        ((ReportFormat.PDF,), PdfVariant.ARCHIVE, "the CSV and JSON files", "the JSON file"),
        (tuple(ReportFormat), None, "the CSV and JSON files", "the Excel and JSON files"),
    ],
)
def test_only_files_that_were_made_are_named(
    tmp_path: Path,
    ordered: tuple[ReportFormat, ...],
    variant: PdfVariant | None,
    findings: str | None,
    tables: str | None,
) -> None:
    """What was not ordered is not there to look into; a PDF for archives has both tables inside."""
    document = build_document(tmp_path, Sample(findings=3))
    document = replace(document, header=replace(document.header, formats=ordered))
    files = complete_files(document, open_locale("en"), variant)
    assert (files["findings"]["ordered"], files["tables"]["ordered"]) == (findings, tables)


def test_the_first_page_names_the_requirements_with_most_failing_findings(tmp_path: Path) -> None:
    """Five at most, of those that are not met, without parents of others; none beside a chart or long texts."""
    document = build_document(tmp_path, Sample(findings=200))
    row = replace(document.requirements[0], result=RequirementResult.NON_COMPLIANT)
    rows = [replace(row, id=name, failed=failed) for name, failed in zip("abcdefg", (1, 9, 3, 9, 2, 8, 0), strict=True)]
    met = replace(row, id="met", failed=50, result=RequirementResult.SUPPORTING_EVIDENCE)
    parent = replace(row, id="p", failed=70)
    rows[0] = replace(rows[0], parent="p")
    document = replace(document, requirements=(parent, met, *rows), notes=())
    page = compose_first_page(document)
    assert [(each.id, each.failed) for each in page.missed] == [("b", 9), ("d", 9), ("f", 8), ("c", 3), ("e", 2)]
    assert page.missed_total == 7
    trend = replace(document, header=replace(document.header, type=ReportType.TREND))
    assert compose_first_page(trend).missed == ()
    long = "long " * 60
    checks = tuple(replace(check, title=long, remediation=long) for check in document.top_checks)
    assert len(compose_first_page(replace(document, top_checks=checks)).missed) == 4
    assert compose_first_page(replace(document, top_checks=checks, notes=(long, long))).missed == ()
