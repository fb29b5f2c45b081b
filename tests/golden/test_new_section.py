"""A new section is four files: its module, its template, and its texts in two catalogues. Nothing else names it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden.readers import Page, read_pdf_text, read_sheet

_ROOT = Path(__file__).parents[2]
_MODULE = '''
"""Failing checks per service."""

from collections import Counter
from dataclasses import dataclass

from policycortex.names import ReportType
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    service: str
    checks: int
    severity: str


def _rows(document):
    counts = Counter(check.service for check in document.top_checks)
    return tuple(ServiceRow(service=name, checks=n, severity="high") for name, n in sorted(counts.items()))


SECTION = Section(
    id="services",
    positions={ReportType.RISK: 15},
    tables=(
        Table(
            id="services",
            read=_rows,
            columns=(
                Column(name="service", title="word.service", width=30),
                Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY),
                Column(name="checks", title="services.checks", width=10, kind=Kind.NUMBER),
            ),
            page_rows=3,
            sheet=SheetPlace(name="sheet.services"),
            json=JsonKey(name="services", position=150),
        ),
    ),
)
'''
_TEMPLATE = '<p class="lead">{{ t("services.intro") }}</p>\n{{ parts.table(tables.services) }}\n'
_TEXTS = {
    "en": ("Failing checks by service", "Services", "The services with failing checks.", "Failing checks"),
    "de": ("Prüfungen je Dienst", "Dienste", "Die Dienste mit Fehlschlägen.", "Prüfungen mit Fehlschlägen"),
}
_SCRIPT = """
import sys
from pathlib import Path
from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from tests.support.samples.documents import Sample, build_document

for kind, locale in ((ReportType.RISK, "en"), (ReportType.RISK, "de"), (ReportType.AUDIT, "en")):
    folder = Path(sys.argv[1]) / f"{kind.value}-{locale}"
    folder.mkdir()
    document = build_document(folder, Sample(type=kind, locale=locale, findings=200))
    printed = [ReportFormat.PDF] if (kind, locale) == (ReportType.RISK, "en") else []
    for report_format in (ReportFormat.HTML, ReportFormat.JSON, ReportFormat.EXCEL, *printed):
        render_artifact(document, report_format, folder)
"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports made by a copy of the product, compiled code included, that has one section more."""
    product = tmp_path_factory.mktemp("product")
    shutil.copytree(_ROOT / "policycortex", product / "policycortex")
    shutil.copytree(_ROOT / "templates", product / "templates")
    (product / "tests").symlink_to(_ROOT / "tests")
    (product / "policycortex/reports/sections/services.py").write_text(_MODULE, encoding="utf-8")
    (product / "templates/report/sections/services.html").write_text(_TEMPLATE, encoding="utf-8")
    for language, (title, sheet, intro, checks) in _TEXTS.items():
        path = product / f"templates/locales/{language}.yaml"
        text = path.read_text(encoding="utf-8").replace("\n  section:\n", f"\n  section:\n    services: {title}\n", 1)
        text = text.replace("\n  sheet:\n", f"\n  sheet:\n    services: {sheet}\n", 1)
        path.write_text(f"{text}  services:\n    intro: {intro}\n    checks: {checks}\n", encoding="utf-8")
    out = tmp_path_factory.mktemp("reports")
    environment = os.environ | {"PYTHONPATH": str(product)}
    subprocess.run([sys.executable, "-c", _SCRIPT, str(out)], check=True, cwd=product, env=environment, timeout=240)
    return out


@pytest.mark.parametrize("language", list(_TEXTS))
def test_a_new_section_is_in_page_pdf_workbook_and_json(reports: Path, language: str) -> None:
    """Title, text and rows in the report's language, at the place that the section declares."""
    folder, (title, sheet, intro, checks) = reports / f"risk-{language}", _TEXTS[language]
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert list(report)[-1] == "services"
    rows = read_sheet(folder / "report.xlsx", sheet)
    assert [(row["service"], row["checks"]) for row in report["services"]] == [(r[0], r[2]) for r in rows[1:]]
    assert rows[0][2] == checks
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.index('id="executive_summary"') < page.index('id="services"') < page.index('id="risk_profile"')
    printed = [read_pdf_text(folder / "report.pdf")] if language == "en" else []
    for text in (Page(page).text, *printed):
        assert title in text
        assert intro in text
        assert all(row["service"] in text for row in report["services"][:3])


def test_a_table_that_is_cut_says_so(reports: Path) -> None:
    """3 of the services are shown; the others are in the files."""
    report = json.loads((reports / "risk-en" / "report.json").read_text(encoding="utf-8"))
    assert len(report["services"]) > 3
    text = Page((reports / "risk-en" / "report.html").read_text(encoding="utf-8")).text
    assert f"The first 3 of {len(report['services'])}. All are in the Excel and JSON files of this report." in text


def test_a_report_type_without_the_section_does_not_show_it(reports: Path) -> None:
    """The audit report has no such heading and no such sheet; its JSON has the rows, as that of every type."""
    assert 'id="services"' not in (reports / "audit-en" / "report.html").read_text(encoding="utf-8")
    assert json.loads((reports / "audit-en" / "report.json").read_text(encoding="utf-8"))["services"]
