"""Sheets of risk, remediation and what is to come: one table each, real numbers and dates. Writes nothing."""

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.rendering.excel.model import Rows, Sheet, lead, severity_tints
from policycortex.rendering.excel.tables import Column, Kind


def plan_sheet(document: ReportDocument, locale: Locale, ways: Rows) -> Sheet:
    """The whole plan, in order: what, who, steps, where, and what it gains."""
    t = locale.text
    return Sheet(
        name=t("sheet.plan"),
        columns=(
            Column(title=t("word.rank"), width=8, kind=Kind.NUMBER),
            Column(title=t("word.severity"), width=14),
            Column(title=t("word.check"), width=44),
            Column(title=t("remediation.item"), width=50, kind=Kind.WRAPPED),
            Column(title=t("remediation.owner"), width=22, kind=Kind.WRAPPED),
            Column(title=t("remediation.gain"), width=11, kind=Kind.DECIMAL),
            Column(title=t("word.failing"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.accounts"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.resource"), width=12, kind=Kind.NUMBER),
            Column(title=t("risk.why"), width=60, kind=Kind.WRAPPED),
            Column(title=t("word.remediation"), width=70, kind=Kind.WRAPPED),
            Column(title="URL", width=44),
            Column(title=t("remediation.affected"), width=60, kind=Kind.WRAPPED),
        ),
        rows=(
            (
                *(rank, t(f"severity.{c.severity}"), lead(c.check_id, t("sheet.checks"), ways.checks), c.title),
                *(", ".join(c.owners), c.gain_points, c.failed, c.accounts, c.resources),
                *(c.risk, c.remediation, c.remediation_url, "\n".join(c.affected)),
            )
            for rank, c in enumerate(document.top_checks, start=1)
        ),
        tints=severity_tints(locale, 1),
    )


def part_sheet(document: ReportDocument, locale: Locale) -> Sheet:
    """The parts of the risk score; they add up to it."""
    t = locale.text
    return Sheet(
        name=t("sheet.risk_parts"),
        columns=(
            Column(title=t("risk.part"), width=24),
            Column(title=t("risk.points"), width=12, kind=Kind.DECIMAL),
            Column(title=t("risk.why"), width=90, kind=Kind.WRAPPED),
        ),
        rows=((p.title, p.points, p.note) for p in document.risk_parts),
    )


def exposure_sheet(document: ReportDocument, locale: Locale) -> Sheet:
    """The matrix of severity and exposure."""
    t = locale.text
    return Sheet(
        name=t("sheet.exposure"),
        columns=(
            Column(title=t("word.severity"), width=16),
            Column(title=t("risk_matrix.exposed"), width=14, kind=Kind.NUMBER),
            Column(title=t("risk_matrix.other"), width=14, kind=Kind.NUMBER),
        ),
        rows=((t(f"severity.{r.severity}"), r.exposed, r.other) for r in document.exposure),
        tints=severity_tints(locale, 0),
    )


def place_sheet(document: ReportDocument, locale: Locale) -> Sheet:
    """Every place with its risk and the parts of it."""
    t = locale.text
    parts = ("severity", "exposure", "age", "environment")
    return Sheet(
        name=t("sheet.risk_places"),
        columns=(
            Column(title=t("word.dimension"), width=18),
            Column(title=t("word.value"), width=36),
            Column(title=t("word.risk"), width=11, kind=Kind.DECIMAL),
            *(Column(title=t(f"word.{part}"), width=12, kind=Kind.DECIMAL) for part in parts),
            Column(title=t("word.failing"), width=11, kind=Kind.NUMBER),
            Column(title=t("word.assessed"), width=11, kind=Kind.NUMBER),
        ),
        rows=(
            (
                *(t(f"dimension.{r.dimension}"), r.label, r.risk_score),
                *(r.severity, r.exposure, r.age, r.environment, r.failed, r.assessed),
            )
            for r in document.risk_places
        ),
    )


def item_sheet(document: ReportDocument, locale: Locale, ways: Rows) -> Sheet:
    """What lowers the risk most."""
    t = locale.text
    return Sheet(
        name=t("sheet.risk_items"),
        columns=(
            Column(title=t("word.severity"), width=14),
            Column(title=t("word.check"), width=44),
            Column(title=t("word.title"), width=56, kind=Kind.WRAPPED),
            Column(title=t("word.provider"), width=12),
            Column(title=t("word.account"), width=24),
            Column(title=t("word.service"), width=16),
            Column(title=t("word.failing"), width=11, kind=Kind.NUMBER),
            Column(title=t("risk_matrix.exposed"), width=12, kind=Kind.FLAG),
            Column(title=t("ages.days"), width=10, kind=Kind.NUMBER),
            Column(title=t("risk_items.lowers"), width=12, kind=Kind.DECIMAL),
        ),
        rows=(
            (
                *(t(f"severity.{r.severity}"), lead(r.check_id, t("sheet.checks"), ways.checks), r.title),
                *(r.provider, r.account_id, r.service, r.failed, r.is_exposed, r.oldest_days, r.lowers_by),
            )
            for r in document.risk_items
        ),
        tints=severity_tints(locale, 0),
    )


def age_sheet(document: ReportDocument, locale: Locale) -> Sheet:
    """How long failing findings have been failing."""
    t = locale.text
    return Sheet(
        name=t("sheet.ages"),
        columns=(
            Column(title=t("word.severity"), width=16),
            *(
                Column(title=t(title), width=14, kind=Kind.NUMBER)
                for title in ("word.failing", "ages.overdue", "ages.sla", "ages.median", "ages.p90", "ages.oldest")
            ),
        ),
        rows=(
            (
                *(t(f"severity.{r.severity}"), r.failing, r.overdue, r.sla_days),
                *(r.median_days, r.p90_days, r.oldest_days),
            )
            for r in document.ages
        ),
        tints=severity_tints(locale, 0),
    )


def cause_sheet(document: ReportDocument, locale: Locale) -> Sheet:
    """Why the score moved; points add up to the change."""
    t = locale.text
    return Sheet(
        name=t("sheet.causes"),
        columns=(
            Column(title=t("history.cause"), width=30),
            Column(title=t("word.findings"), width=12, kind=Kind.NUMBER),
            Column(title=t("history.points"), width=12, kind=Kind.DECIMAL),
        ),
        rows=((c.title, c.findings, c.points) for c in document.change_causes),
    )


def forecast_sheet(document: ReportDocument, locale: Locale) -> Sheet:
    """Every day of the forecast with both intervals."""
    t = locale.text
    columns = (
        Column(title=t("word.date"), width=14, kind=Kind.DAY),
        Column(title=t("forecast.expected"), width=12, kind=Kind.PERCENT),
        *(
            Column(title=f"{t(f'forecast.interval_{level}')} {sign}", width=20, kind=Kind.PERCENT)
            for level in (80, 95)
            for sign in ("≥", "≤")
        ),
    )
    points = document.forecast.points if document.forecast else ()
    rows = ((p.date, p.compliance_score, p.low_80, p.high_80, p.low_95, p.high_95) for p in points)
    return Sheet(name=t("sheet.forecast"), columns=columns, rows=rows)
