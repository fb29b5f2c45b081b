"""Sentences on findings that count towards no requirement of the framework, for page one and for the methodology.

Their texts are ``unrelated.*`` in the catalogue of the document's language.
"""

from collections.abc import Iterator
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportHeader
from policycortex.scoring.unrelated import UnrelatedFindings, UnrelatedProvider

CHECKS_NAMED: Final = 3
_CHECK_LENGTH: Final = 100
"""Longer check ids are cut in a sentence; tables have them complete."""
PROVIDERS_NAMED: Final = 3


def unrelated_messages(header: ReportHeader, unrelated: UnrelatedFindings | None, locale: Locale) -> Iterator[str]:
    """One sentence per provider, of at most three, with its first checks; then where they all are listed."""
    if unrelated is None or not unrelated.findings:
        return
    for provider in unrelated.providers[:PROVIDERS_NAMED]:
        yield f"{provider_sentence(header, provider, locale)} {_first_checks(unrelated, provider, locale)}"
    left_out = len(unrelated.providers) - PROVIDERS_NAMED
    if left_out > 0:
        yield locale.plural("unrelated.more_providers", left_out)


def provider_sentence(header: ReportHeader, provider: UnrelatedProvider, locale: Locale) -> str:
    """``All 2,310 findings of azure count towards no requirement of NIST CSF.``, with the reason where there is one."""
    values = {
        "total": locale.number(provider.total),
        "provider": provider.provider or locale.text("unrelated.no_provider"),
        "framework": header.framework_name,
    }
    if provider.is_outside:
        return locale.text("unrelated.outside", **values)
    if not provider.is_whole:
        return locale.text("unrelated.some", count=locale.number(provider.findings), **values)
    return locale.text("unrelated.one" if provider.total == 1 else "unrelated.all", **values)


def _first_checks(unrelated: UnrelatedFindings, provider: UnrelatedProvider, locale: Locale) -> str:
    """The provider's first checks, and how many of all they are."""
    checks = [_short(check.check_id) for check in unrelated.checks if check.provider == provider.provider]
    named = ", ".join(checks[:CHECKS_NAMED])
    if len(checks) <= CHECKS_NAMED:
        return locale.text("unrelated.checks", checks=named)
    shown, total = locale.number(CHECKS_NAMED), locale.number(len(checks))
    return locale.text("unrelated.first_checks", checks=named, shown=shown, total=total)


def _short(check_id: str) -> str:
    return check_id if len(check_id) <= _CHECK_LENGTH else f"{check_id[: _CHECK_LENGTH - 1]}…"
