"""The findings in the annex: by check, each with its number; in audit reports with the evidence and its source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.rendering.pdf.annex_items import (
    BREAK,
    AnnexContext,
    Cell,
    Item,
    Span,
    TableForm,
    identifier,
    joined,
    link_to,
    marked_spans,
    plain,
    styled,
)
from policycortex.rendering.pdf.annex_requirements import listed_rows, outcomes_of, severity_of
from policycortex.rendering.pdf.finding_groups import FindingGroup, FindingPlace, FindingSource
from policycortex.shortening import shorten

_GLYPHS: Final = {"PASS": "✓", "FAIL": "✗", "MANUAL": "◆"}
WORDS_LIMIT: Final = 400
"""Characters of the scanner's words beside a finding."""
FINDINGS_IN_ROW: Final = 60
"""Findings of one place in one row of a list."""


def finding_items(groups: Iterable[FindingGroup], context: AnnexContext) -> Iterator[Item]:
    """One head for each check and its findings below; outline entries where status or severity changes."""
    is_audit, locale, anchors = _is_audit(context), context.locale, context.anchors
    form = _audit_form(locale) if is_audit else _list_form(locale)
    seen = ""
    for group in groups:
        first = group.rows[0]
        status = first["status"]
        title = f"{locale.text(f'status.{status}')} – {locale.text(f'severity.{group.severity}')}"
        mark = (1, title) if title != seen and not group.is_continued else None
        seen = title
        anchor = f"check-{group.number}"
        if not group.is_continued:
            yield _head(group, form, context, mark)
        if is_audit:
            yield from (_audit_row(row, form, locale, anchors, anchor) for row in group.rows)
        else:
            yield from (item for place in group.places for item in _list_rows(place, form, locale))


def passing_items(document: ReportDocument, locale: Locale) -> Iterator[Item]:
    """The checks of which every finding passes, each with its number of findings."""
    passing = document.passing_checks
    names = [(identifier("code", check.check_id), f" ({locale.number(check.passed)})") for check in passing]
    yield from listed_rows(None, locale.plural("findings.only_passing", len(passing)), names)


def source_items(sources: Sequence[FindingSource], locale: Locale) -> Iterator[Item]:
    """The scans and files behind the findings."""
    text = locale.text
    if not sources:
        return
    yield Item(cells=((),), heading=3, title=(text("findings.sources"),), style="subsection")
    yield Item(cells=((text("findings.sources_note"),),), style="note")
    form = TableForm(
        id="sources",
        widths=(7, 15, 38, 31, 9),
        heads=tuple(text(f"column.{n}" if "source" in n else f"word.{n}") for n in _SOURCE_COLUMNS),
        numeric=frozenset({4}),
    )
    for row in sources:
        file: list[Span] = [identifier("uid", row.source_file)]
        if row.scan != row.source_file:
            file += [BREAK, styled("sub", f"{text('scans.scan')} "), identifier("sub", row.scan)]
        digest = (identifier("uid", row.source_file_sha256),)
        source = (plain(f"{row.source} {row.source_version}"),)
        yield Item(
            table=form, cells=((styled("id", row.number),), source, file, digest, (locale.number(row.findings),))
        )


_SOURCE_COLUMNS: Final = ("number", "source", "source_file", "source_file_sha256", "findings")


def _audit_form(locale: Locale) -> TableForm:
    heads = ("word.number", "findings.resource_and_words", "findings.since")
    return TableForm(id="findings", widths=(7, 77, 16), heads=tuple(locale.text(name) for name in heads))


def _list_form(locale: Locale) -> TableForm:
    return TableForm(id="list", widths=(100,), heads=(locale.text("word.findings"),))


def _is_audit(context: AnnexContext) -> bool:
    return context.document.header.type is ReportType.AUDIT


def _head(group: FindingGroup, form: TableForm, context: AnnexContext, mark: tuple[int, str] | None) -> Item:
    locale = context.locale
    title = locale.text("summary.not_met", title=group.title) if group.is_failing else group.title
    facts: list[Cell] = []
    if group.counts:
        facts.append((outcomes_of(group.counts, locale),))
    if group.requirements:
        facts.append(tuple(joined([(_requirement(name, context.anchors),) for name in group.requirements])))
    return Item(
        table=form,
        style="check" if _is_audit(context) else "listed",
        is_head=True,
        heading=3,
        title=(
            severity_of(group.severity, locale),
            "  ",
            plain(title),
            " ",
            identifier("code", group.check_id),
            "  ",
            *joined(facts, " · "),
        ),
        anchor=f"check-{group.number}",
        cells=((),),
        mark=mark,
    )


def _requirements(names: Sequence[str], locale: Locale, anchors: Mapping[str, str]) -> Cell:
    label = styled("small", f"{locale.text('word.requirements')}: ")
    return (label, *joined([(_requirement(name, anchors),) for name in names]))


def _requirement(name: str, anchors: Mapping[str, str]) -> Span:
    shown = shorten(name, 60)
    if name not in anchors:
        return styled("small", shown)
    return styled("link", shown, link=link_to(anchors[name], shown))


def _audit_row(
    row: Mapping[str, Any], form: TableForm, locale: Locale, anchors: Mapping[str, str], anchor: str
) -> Item:
    number: list[Span] = [styled("number", row["finding_number"], link=_back(row["finding_number"], anchor))]
    if row["source_number"]:
        number += [BREAK, styled("sub", row["source_number"])]
    resource: list[Span] = []
    if row["resource_name"] and row["resource_name"] not in row["resource_uid"]:
        resource += [plain(row["resource_name"]), BREAK]
    resource.append(identifier("uid", row["resource_uid"]))
    place = [name for name in (row["account_name"], row["region"], row["environment"]) if name != row["account_id"]]
    places = [identifier("code", row["account_id"]), *(styled("sub", f" · {name}") for name in place if name)]
    resource += [BREAK, *places]
    if row["status_detail"]:
        resource += [styled("sub", " – "), *marked_spans(row["status_detail"], WORDS_LIMIT)]
    if row["requirements"]:
        resource += [BREAK, *_requirements(row["requirements"], locale, anchors)]
    since: list[Span] = [*_status(row, locale), " ", row["since"]]
    since += [BREAK, styled("sub", locale.text("findings.seen", day=row["day"]))]
    return Item(table=form, cells=(number, resource, since))


def _back(number: str, anchor: str) -> str:
    """From a finding to its check, whose head leads to the requirements; the link is where links to the finding end."""
    return link_to(anchor, number, at=number)


def _list_rows(place: FindingPlace, form: TableForm, locale: Locale) -> Iterator[Item]:
    where = " · ".join(name for name in (place.account, place.region, place.environment) if name)
    for start in range(0, len(place.rows), FINDINGS_IN_ROW):
        shown = [tuple(_listed(row, locale)) for row in place.rows[start : start + FINDINGS_IN_ROW]]
        yield Item(table=form, style="place", cells=((styled("small", f"{where}: "), *joined(shown, "; ")),))


def _listed(row: Mapping[str, Any], locale: Locale) -> Iterator[Span]:
    yield styled("number", row["finding_number"])
    yield " "
    yield identifier("uid", row["resource_name"] or row["resource_uid"])
    if row["since"]:
        yield styled("small", f" ({row['since']})")
    if row["status"] != "FAIL" or row["muted"] or row["waived"]:
        yield " "
        yield from _status(row, locale)


def _status(row: Mapping[str, Any], locale: Locale) -> Iterator[Span]:
    status = row["status"]
    yield styled("status", f"{_GLYPHS[status]} {locale.text(f'status.{status}')}", name=status)
    for mark in ("muted", "waived"):
        if row[mark]:
            yield " "
            yield styled("mark", locale.text(f"status.{mark}"))
