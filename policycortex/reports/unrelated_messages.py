"""Sentences on findings that count towards no requirement of the framework, for page one and for the methodology.

Their texts are ``unrelated.*`` in the catalogue of the document's language.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportHeader
from policycortex.scoring.unrelated import UnrelatedFindings, UnrelatedProvider
from policycortex.shortening import shorten

CHECKS_NAMED: Final = 3
_CHECK_LENGTH: Final = 100
"""Longer check ids are cut in a sentence; tables have them complete."""
PROVIDERS_NAMED: Final = 3


def unrelated_messages(header: ReportHeader, unrelated: UnrelatedFindings | None, locale: Locale) -> Iterator[str]:
    """One sentence per provider of which nothing counts, of at most three, with its first checks.

    Providers of which a part counts share a sentence, so that page one remains one page.
    """
    if unrelated is None or not unrelated.findings:
        return
    partly = [provider for provider in unrelated.providers if not provider.is_whole and not provider.is_outside]
    named = [provider for provider in unrelated.providers if provider not in partly or len(partly) == 1]
    for provider in named[:PROVIDERS_NAMED]:
        yield f"{provider_sentence(header, provider, locale)} {_first_checks(unrelated, provider, locale)}"
    if len(named) > PROVIDERS_NAMED:
        yield locale.plural("unrelated.more_providers", len(named) - PROVIDERS_NAMED)
    if len(partly) > 1:
        yield _several(header, partly, locale)


def _several(header: ReportHeader, partly: Sequence[UnrelatedProvider], locale: Locale) -> str:
    """``330 of 1,200 findings count towards no requirement of SOC 2 (gcp 147, azure 103, aws 80)``."""
    shown = [
        f"{each.provider or locale.text('unrelated.no_provider')} {locale.number(each.findings)}" for each in partly
    ]
    rest = len(shown) - PROVIDERS_NAMED
    parts = ", ".join(shown[:PROVIDERS_NAMED] + ([f"+{locale.number(rest)}"] if rest > 0 else []))
    values = {
        "count": locale.number(sum(each.findings for each in partly)),
        "total": locale.number(sum(each.total for each in partly)),
    }
    return locale.text("unrelated.several", parts=parts, framework=header.framework_name, **values)


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
    own = (check.check_id for check in unrelated.checks if check.provider == provider.provider)
    checks = [shorten(name, _CHECK_LENGTH) for name in own]
    named = ", ".join(checks[:CHECKS_NAMED])
    if len(checks) <= CHECKS_NAMED:
        return locale.text("unrelated.checks", checks=named)
    shown, total = locale.number(CHECKS_NAMED), locale.number(len(checks))
    return locale.text("unrelated.first_checks", checks=named, shown=shown, total=total)
