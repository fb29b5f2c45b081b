"""What we call PDF/A-3b and PDF/UA-1 is so: veraPDF, which did not write it, finds no rule broken.

Every kind of page takes part: all designed sections, hostile texts, an annex, branding, a watermark, an empty period.
"""

import subprocess
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from policycortex.documents.branding import Branding, read_logo
from policycortex.names import FindingsDetail, PdfVariant, ReportFormat, ReportType
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from tests.support.samples.documents import Sample, build_document

_CLASSPATH = Path(__file__).parents[2] / ".conformance" / "classpath"
_JAVA = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For a program that ends after seconds: half the CPU time (4.7 s for three files, 9.1 s with Java's defaults)."""

_FLAVOURS = {PdfVariant.ARCHIVE: "3b", PdfVariant.ACCESSIBLE: "ua1"}
_LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><path d="M0 0h40v20z" fill="#ffffff"/></svg>'
_LOOK = Branding(
    company="Acme Audit GmbH",
    primary="#1f4d3a",
    accent="#1f4d3a",
    logo=read_logo("data:image/svg+xml;base64," + b64encode(_LOGO).decode()),
)


@pytest.mark.parametrize("variant", list(PdfVariant))
def test_a_variant_breaks_no_rule_of_its_standard(variant: PdfVariant, tmp_path: Path) -> None:
    """Three reports of different type, look, language and size."""
    paths = [
        _render(tmp_path / "hostile", Sample(type=ReportType.AUDIT, findings=38, hostile=True), variant),
        _render(
            tmp_path / "annex",
            Sample(type=ReportType.RISK, findings=120, locale="de"),
            variant,
            options=RenderingOptions(pdf_variant=variant, page_rows=100, watermark="ENTWURF"),
            look=_LOOK,
        ),
        _render(tmp_path / "empty", Sample(type=ReportType.REMEDIATION, findings=0), variant),
    ]
    assert _validate(paths, _FLAVOURS[variant]) == {str(path): "PASS" for path in paths}


def test_a_pdf_for_keeping_carries_the_complete_data(tmp_path: Path) -> None:
    """CSV and JSON inside are byte for byte those that are rendered alone."""
    document = build_document(tmp_path, Sample(findings=130))
    options = RenderingOptions(pdf_variant=PdfVariant.ARCHIVE, page_rows=100)
    made = {
        kind: render_artifact(document, kind, tmp_path, options=options).path
        for kind in (ReportFormat.PDF, ReportFormat.CSV, ReportFormat.JSON)
    }
    with pikepdf.open(made[ReportFormat.PDF]) as pdf:
        assert sorted(pdf.attachments) == ["report.csv", "report.json"]
        for kind in (ReportFormat.CSV, ReportFormat.JSON):
            inside = pdf.attachments[f"report.{kind.extension}"].get_file().read_bytes()
            assert inside == made[kind].read_bytes()


def _render(
    folder: Path,
    sample: Sample,
    variant: PdfVariant,
    *,
    options: RenderingOptions | None = None,
    look: Branding | None = None,
) -> Path:
    folder.mkdir()
    document = build_document(folder, sample)
    header = replace(document.header, branding=look or Branding())
    document = replace(document, header=header, detail=FindingsDetail.ALL)
    options = options or RenderingOptions(pdf_variant=variant)
    return render_artifact(document, ReportFormat.PDF, folder, options=options).path


def _validate(paths: list[Path], flavour: str) -> dict[str, str]:
    """``PASS``, or what is broken, by path."""
    assert _CLASSPATH.is_file(), "veraPDF is not set up; run deploy/setup-tests.sh and read what it says"
    command = ["java", *_JAVA, "-cp", _CLASSPATH.read_text().strip(), "org.verapdf.apps.GreenfieldCliWrapper"]
    run = subprocess.run(
        [*command, "-f", flavour, "--format", "text", "-v", *map(str, paths)],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    verdicts: dict[str, str] = {}
    current = ""
    for line in run.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in {"PASS", "FAIL"}:
            current = rest.rsplit(" ", 1)[0]
            verdicts[current] = word
        elif current:
            verdicts[current] += f"; {line.strip()}"
    assert verdicts, run.stderr
    return verdicts
