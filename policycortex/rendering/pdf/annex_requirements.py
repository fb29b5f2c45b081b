"""The requirements in the annex: the list of their results, and in audit reports the evidence of each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import CheckResult, ReportDocument, RequirementRow
from policycortex.names import RequirementResult
from policycortex.rendering.html.page_view import GLYPHS
from policycortex.rendering.pdf.annex_items import (
    BREAK,
    AnnexContext,
    Cell,
    Item,
    Span,
    TableForm,
    counts_of,
    identifier,
    joined,
    link_to,
    plain,
    styled,
)
from policycortex.reports.sections import evidence
from policycortex.reports.sections.control_assessment import group_requirements
from policycortex.scoring.attestations import Statement
from policycortex.shortening import shorten

NUMBERS_IN_ROW: Final = 120
"""Numbers of findings in one row; a row never breaks across pages."""
CHECKS_IN_ROW: Final = 40
"""Ids of checks in one row."""
_WIDTH_OF_LETTER: Final = 0.9
_WIDTH_OF_HEAD: Final = 0.82
_WIDTH_OF_CODE: Final = 0.92
"""Of a letter of a result, of a column's head and of an id, in percent of the page."""
_GAP: Final = 1.4
"""Between columns."""
_LEAST_COUNT: Final = 6.0
_LEAST_ID: Final = 7.0
_MOST_ID: Final = 15.0
"""Longer ids have more than one line."""


def requirement_items(context: AnnexContext, first_checks: Mapping[str, str]) -> Iterator[Item]:
    """Every requirement with its result, in the framework's order; an index where evidence follows.

    ``first_checks``: by requirement the anchor of its first printed check, to which its id leads without evidence.
    """
    document, locale, anchors = context.document, context.locale, context.anchors
    text = locale.text
    yield Item(
        cells=((plain(text("control_assessment.intro", framework=document.header.framework_name)),),), style="lead"
    )
    groups = group_requirements(document)
    counted = _counted(document.requirements)
    form = _form_of(document.requirements, counted, locale)
    is_index = evidence.SECTION.positions.get(document.header.type) is not None
    for group in groups:
        yield Item(table=form, style="group", is_head=True, cells=((plain(shorten(group.title, 200)),),))
        for row in group.rows:
            name = shorten(row.id, 60)
            link = ""
            if is_index:
                link = link_to(anchors[row.id], name)
            elif row.id in first_checks:
                link = link_to(first_checks[row.id], name, at=anchors[row.id])
            own = styled("id-link" if link else "id", name, link=link)
            cells = (
                (own,),
                tuple(_described(row, locale)),
                (result_of(row, locale),),
                *counts_of(row, counted, locale),
            )
            yield Item(table=form, cells=cells)


def evidence_items(context: AnnexContext) -> Iterator[Item]:
    """For each requirement what was tested, and each check of which not every finding passes with its exceptions."""
    document, text, view = context.document, context.locale.text, evidence.SECTION.view(context.document)
    yield Item(cells=((plain(text("evidence.intro")),),), style="lead")
    form = TableForm(
        id="evidence",
        widths=(10, 74, 16),
        heads=(text("word.severity"), text("word.check"), text("word.findings")),
    )
    for group in group_requirements(document):
        title = shorten(group.title, 200)
        yield Item(
            table=form, style="area", is_head=True, heading=3, title=(plain(title),), cells=((),), mark=(1, title)
        )
        for row in group.rows:
            yield from _control(row, form, context, view)


def _control(row: RequirementRow, form: TableForm, context: AnnexContext, view: Mapping[str, object]) -> Iterator[Item]:
    """The head of a requirement, and one row for each of its checks."""
    document, locale, anchor = context.document, context.locale, context.anchors[row.id]
    title: tuple[Span, ...] = (styled("id", shorten(row.id, 60)), "  ", plain(shorten(row.title, 300)))
    title += ("  ", result_of(row, locale))
    if not row.checks:
        title += (styled("soft", f"  {locale.text('evidence.none')}"),)
        yield Item(table=form, style="short", heading=4, title=title, anchor=anchor, cells=((),))
        return
    found = view["evidence_of"](row)  # type: ignore[operator]
    tested = (styled("note", _tested(row, document, locale, view)),)
    yield Item(table=form, style="control", is_head=True, heading=4, title=title, anchor=anchor, cells=(tested,))
    for check in found.open:
        numbers = context.exceptions.get((row.id, check.check_id), ())
        yield from _check_rows(check, numbers, form, locale)
    passing = [(identifier("code", c.check_id), f" ({locale.number(c.passed)})") for c in found.passing]
    yield from listed_rows(form, locale.text("evidence.passing"), passing)
    yield from listed_rows(form, locale.text("evidence.unseen"), [(identifier("code", n),) for n in found.unseen])


def _check_rows(check: CheckResult, numbers: Sequence[str], form: TableForm, locale: Locale) -> Iterator[Item]:
    links = [(styled("link", number, link=link_to(number, number)),) for number in numbers]
    label = styled("small", f"{locale.text('evidence.exceptions')}: ")
    first: list[Span] = [plain(shorten(check.title, 200)), " ", identifier("code", shorten(check.check_id, 120))]
    if links:
        first += ["  ", label, *joined(links[:NUMBERS_IN_ROW])]
    yield Item(table=form, cells=((severity_of(check.severity, locale),), first, (outcomes_of(check, locale),)))
    for start in range(NUMBERS_IN_ROW, len(links), NUMBERS_IN_ROW):
        yield Item(table=form, cells=((), tuple(joined(links[start : start + NUMBERS_IN_ROW])), ()))


def listed_rows(form: TableForm | None, label: str, names: Sequence[Cell]) -> Iterator[Item]:
    """A sentence that lists ``names``, in as many rows over all columns as it needs."""
    for start in range(0, len(names), CHECKS_IN_ROW):
        rest = names[start + CHECKS_IN_ROW :]
        before: list[Span] = [f"{label} "] if not start else []
        spans = [*before, *joined(names[start : start + CHECKS_IN_ROW]), "," if rest else "."]
        yield Item(table=form, style="note", cells=(spans,))


def outcomes_of(check: CheckResult, locale: Locale) -> Span:
    """Its findings by outcome; outcomes without findings are left out."""
    counted = {name: locale.number(getattr(check, name)) for name in check.outcomes}
    return styled("small", ", ".join(locale.text(f"outcome.{name}", count=count) for name, count in counted.items()))


def result_of(row: RequirementRow, locale: Locale) -> Span:
    """The result as word with its sign and colour."""
    return styled("result", f"{GLYPHS[row.result]} {locale.text(f'result.{row.result}')}", name=row.result.value)


def severity_of(severity: str, locale: Locale) -> Span:
    """The severity as word with its colour."""
    return styled("severity", locale.text(f"severity_short.{severity}"), name=severity)


def _tested(row: RequirementRow, document: ReportDocument, locale: Locale, view: Mapping[str, object]) -> str:
    populations = evidence.POPULATIONS.of(document)
    counts = {n: locale.number(getattr(row, n)) for n in ("passed", "failed", "manual", "muted", "waived")}
    counted = f"{locale.text('evidence.counts', **counts)}."
    tested = populations.get(row.id)
    if tested is None:
        return counted
    scanners = shorten(", ".join(view["scanners_of"](row)), 200)  # type: ignore[operator]
    label = locale.text(
        "evidence.tested",
        checks=locale.plural("evidence.checks", len(row.checks)),
        findings=locale.plural("evidence.findings", tested.findings),
        resources=locale.plural("remediation.resources", tested.resources),
        accounts=locale.plural("top_risks.accounts", tested.accounts),
        scanners=scanners,
    )
    return f"{label} {counted}"


def _described(row: RequirementRow, locale: Locale) -> Iterator[Span]:
    """The title with kind and marks, then a line for each further thing to say."""
    text = locale.text
    yield plain(shorten(row.title, 300))
    if row.kind:
        yield f" ({text(f'kind.{row.kind}')})"
    if row.tags:
        yield f" ({', '.join(text(f'tag.{tag}') for tag in row.tags)})"
    further = [shorten(row.description, 300)] if row.description else []
    if row.not_applicable:
        label = text("control_assessment.not_applicable", reason=shorten(row.not_applicable, 300))
        failed = row.failed_not_applicable
        further.append(
            f"{label} {locale.plural('control_assessment.failed_not_applicable', failed)}" if failed else label
        )
    if row.stated:
        is_outranked = row.stated is Statement.MET and row.result is RequirementResult.NON_COMPLIANT
        further.append(text(f"control_assessment.{'outranked' if is_outranked else f'stated_{row.stated}'}"))
    if row.open_conditions:
        further.append(locale.plural("control_assessment.open_conditions", row.open_conditions))
    if row.needs_reasoning:
        further.append(text("control_assessment.addressable"))
    for line in further:
        yield BREAK
        yield styled("note", line)


def _counted(rows: Sequence[RequirementRow]) -> tuple[str, ...]:
    """The outcomes that have a column: passed and failed always, the others where there is such a finding."""
    always = ("passed", "failed")
    return always + tuple(name for name in ("manual", "muted", "waived") if any(getattr(row, name) for row in rows))


def _form_of(rows: Sequence[RequirementRow], counted: Sequence[str], locale: Locale) -> TableForm:
    """The list of requirements: columns of ids and counts as wide as they need, the rest for the titles."""
    text = locale.text
    heads = tuple(text(f"word.{name}") for name in counted)
    count = max(_LEAST_COUNT, _GAP + _WIDTH_OF_HEAD * max(len(word) for head in heads for word in head.split()))
    longest = max((len(row.id) for row in rows), default=0)
    name = min(max(_LEAST_ID, _GAP + _WIDTH_OF_CODE * longest), _MOST_ID)
    shown = {row.result for row in rows} or {RequirementResult.MANUAL}
    result = _GAP + _WIDTH_OF_LETTER * (2 + max(len(text(f"result.{value}")) for value in shown))
    return TableForm(
        id="requirements",
        widths=(name, 100 - name - result - len(counted) * count, result, *(count for _ in counted)),
        heads=(text("word.id"), text("word.requirement"), text("word.result"), *heads),
        numeric=frozenset(range(3, 3 + len(counted))),
    )
