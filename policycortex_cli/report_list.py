"""``policycortex reports``: lists, shows and downloads reports of a served API or of a home."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycortex.errors import PolicyCortexError
from policycortex.names import ReportFormat, ReportStatus
from policycortex_cli.api_access import api_options, open_client
from policycortex_cli.options import FOLDER

if TYPE_CHECKING:
    from policycortex_client import Client, Report


@contextmanager
def answering(url: str | None, home: Path | None, org: str) -> "Iterator[Client]":
    """A client whose errors are those of the command line."""
    from policycortex_client.errors import ClientError

    try:
        with open_client(url, home, org) as client:
            yield client
    except ClientError as error:
        raise PolicyCortexError(str(error)) from error


@click.group()
def reports() -> None:
    """Reports that were requested, of a served API or of a home."""


@reports.command("list")
@click.option("--framework", metavar="ID", help="Only reports on it.")
@click.option("--status", type=click.Choice([status.value for status in ReportStatus]), help="Only this status.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@api_options
def list_reports(
    *, framework: str | None, status: str | None, limit: int, url: str | None, home: Path | None, org: str
) -> None:
    """Print the newest reports, one per line: id, status, time, framework, score, name."""
    with answering(url, home, org) as client:
        page = client.list_reports(framework=framework, status=status, limit=min(limit, 100))
        found = list(page.reports)
        while page.has_more and len(found) < limit:
            rest = min(limit - len(found), 100)
            page = client.list_reports(framework=framework, status=status, limit=rest, offset=len(found))
            found += page.reports
    for report in found:
        made = f"{report.generated_at:%Y-%m-%d %H:%M}Z" if report.generated_at else "-"
        score = (report.raw["summary"] or {}).get("compliance_score")
        shown = "-" if score is None else f"{score:g} %"
        print(f"{report.id}  {report.status:<9}  {made:<17}  {report.framework or '-'}  {shown}  {report.name}")
    if page.total > len(found):
        print(f"{len(found)} of {page.total}")


@reports.command("show")
@click.argument("report_id", metavar="ID")
@api_options
def show(*, report_id: str, url: str | None, home: Path | None, org: str) -> None:
    """Print one report: period, score, findings, files with their digests, or why it failed."""
    with answering(url, home, org) as client:
        report = client.get_report(report_id)
    print(*_lines(report), sep="\n")


@reports.command("download")
@click.argument("report_id", metavar="ID")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice([kind.value for kind in ReportFormat]),
    help="Only this format; default: all. May be repeated.",
)
@click.option("--out", required=True, type=FOLDER, help="Folder for the files; made if it is not there.")
@click.option("--wait", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait until the report is complete.")
@api_options
def download(
    *,
    report_id: str,
    formats: tuple[str, ...],
    out: Path,
    wait: float,
    url: str | None,
    home: Path | None,
    org: str,
) -> None:
    """Download a report's files and check their digests. Files that are there are never replaced."""
    from policycortex_cli.file_names import free_stem

    with answering(url, home, org) as client:
        report = client.wait_until_complete(report_id, patience_seconds=wait)
        files = {file.format: file for file in report.formats if not formats or file.format in formats}
        if missing := [name for name in formats if name not in files]:
            raise PolicyCortexError(f"report {report_id} has no file of the format {', '.join(missing)}")
        out.mkdir(parents=True, exist_ok=True)
        zipped = {each["format"] for each in report.raw["formats"] if each["media_type"] == "application/zip"}
        endings = {name: ReportFormat(name).extension + (".zip" if name in zipped else "") for name in files}
        stem = free_stem(out, report.name, set(endings.values()))
        for name, ending in endings.items():
            print(client.download(report_id, name, out / f"{stem}.{ending}"))


def _progress(raw: Mapping[str, Any]) -> str:
    """``57 %, rendering pdf``; the API leaves the stage out until a run has begun."""
    words = (raw.get("stage"), raw.get("stage_format"))
    return ", ".join([f"{raw['progress']} %", *filter(None, [" ".join(filter(None, words))])])


def _lines(report: "Report") -> Iterator[str]:
    raw = report.raw
    yield f"{report.id}  {report.name}"
    yield f"status     {report.status}" + ("" if report.has_ended else f", {_progress(raw)}")
    yield f"type       {report.type}"
    yield f"framework  {report.framework or '-'}"
    yield f"period     {raw['period']['start']} to {raw['period']['end']} ({raw['period']['timezone']})"
    if report.failure:
        yield f"failure    {report.failure.code}: {report.failure.message}"
    if report.summary:
        score = report.summary.overall_compliance_score
        yield f"score      {'nothing was assessed' if score is None else f'{score:g} %'}"
        counts = ", ".join(f"{raw['summary'][name]} {name}" for name in ("critical", "high", "medium", "low"))
        yield f"violations {report.summary.total_violations}: {counts}"
    for file in report.formats:
        yield f"file       {file.format:<8} {file.size_mb:g} MB  sha256 {file.sha256}"
