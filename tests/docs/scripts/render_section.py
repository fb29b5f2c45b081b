"""Renders a risk report with the example section in both languages; prints what the three formats hold of it."""

import json
import sys
from pathlib import Path

from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from tests.golden.readers import read_sheet
from tests.support.samples.documents import Sample, build_document

folder = Path(sys.argv[1])
found = []
for locale, sheet in (("en", "Services"), ("de", "Dienste")):
    out = folder / locale
    out.mkdir()
    document = build_document(out, Sample(type=ReportType.RISK, locale=locale, findings=200))
    for report_format in (ReportFormat.HTML, ReportFormat.JSON, ReportFormat.EXCEL):
        render_artifact(document, report_format, out)
    rows = json.loads((out / "report.json").read_text())["services"]
    page = (out / "report.html").read_text()
    counts = [row[1] for row in read_sheet(out / "report.xlsx", sheet)[1:]]
    is_on_page = all(row["service"] in page for row in rows[:10])
    found.append([len(rows), counts == [row["checks"] for row in rows], is_on_page])
print(json.dumps(found))
