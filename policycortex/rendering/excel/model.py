"""A sheet of the workbook, and the colours of results and severities. Writes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policycortex.documents.locales import Locale
from policycortex.names import Severity
from policycortex.rendering.excel.cells import Cell, SheetColumn, Tint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table of the workbook."""

    name: str
    columns: Sequence[SheetColumn]
    rows: Iterable[Sequence[Cell]]
    tints: Sequence[Tint] = ()


def result_tints(locale: Locale, column: int) -> tuple[Tint, ...]:
    """Colours of requirement results."""
    names = {
        "compliant": "good", "non_compliant": "bad", "supporting_evidence": "support", "manual": "person",
        "not_assessed": "none",
    }  # fmt: skip
    return tuple(Tint(column=column, word=locale.text(f"result.{word}"), name=name) for word, name in names.items())


def severity_tints(locale: Locale, column: int) -> tuple[Tint, ...]:
    """Colours of severities; the lowest has none."""
    named = [severity.value for severity in Severity if severity is not Severity.INFORMATIONAL]
    return tuple(Tint(column=column, word=locale.text(f"severity.{name}"), name=name) for name in named)


def band_tints(locale: Locale, column: int) -> tuple[Tint, ...]:
    """Colours of risk bands."""
    named = {"act_now": "critical", "act_soon": "high", "plan": "medium", "watch": "none", "none": "good"}
    return tuple(Tint(column=column, word=locale.text(f"band.{band}"), name=name) for band, name in named.items())
