"""The sentence of page one on requirements that do not apply."""

from collections.abc import Iterator

from policycortex.documents.locales import Locale
from policycortex.documents.model import Summary


def applicability_messages(summary: Summary, locale: Locale) -> Iterator[str]:
    """One sentence where requirements do not apply, for page one: they are in no total of requirements."""
    coverage = summary.score.coverage
    if coverage.not_applicable:
        values = {"count": coverage.not_applicable, "total": coverage.total + coverage.not_applicable}
        yield locale.text("message.not_applicable", **{name: locale.number(value) for name, value in values.items()})
