"""The sentences of page one on what people state: requirements that do not apply, that are met, and that are not."""

from collections.abc import Iterator, Sequence

from policycortex.documents.locales import Locale
from policycortex.documents.model import Summary
from policycortex.documents.statements import StatementRow

_MOST_NAMED = 5


def applicability_messages(summary: Summary, locale: Locale) -> Iterator[str]:
    """One sentence where requirements do not apply, for page one: they are in no total of requirements."""
    coverage = summary.score.coverage
    if coverage.not_applicable:
        values = {"count": coverage.not_applicable, "total": coverage.total + coverage.not_applicable}
        yield locale.text("message.not_applicable", **{name: locale.number(value) for name, value in values.items()})


def statement_messages(summary: Summary, statements: Sequence[StatementRow], locale: Locale) -> Iterator[str]:
    """Who decides how many requirements, and which statements a scanner outranks; nothing without statements."""
    coverage, number = summary.score.coverage, locale.number
    contradicted = list(dict.fromkeys(row.requirement for row in statements if row.is_contradicted))
    if contradicted:
        more = ["…"] if len(contradicted) > _MOST_NAMED else []
        named = ", ".join([*contradicted[:_MOST_NAMED], *more])
        yield locale.plural("message.contradicted", len(contradicted), requirements=named)
    if statements:
        yield locale.text(
            "message.statements",
            scanner=number(coverage.by_scanner),
            people=number(coverage.by_people),
            open=number(coverage.open),
        )
