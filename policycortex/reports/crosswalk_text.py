"""The sentences about the edition of the relations, as the methodology and the workbook show them."""

from policycortex.documents.locales import Locale
from policycortex.documents.model import CrosswalkNote
from policycortex.names import CrosswalkEdition


def crosswalk_text(note: CrosswalkNote | None, locale: Locale) -> str:
    """Which relations counted, and how many requirements differ in the other edition; empty without a framework."""
    if note is None:
        return ""
    if note.edition is CrosswalkEdition.SCANNER:
        text = locale.text("methodology.crosswalk_scanner")
    elif note.review_version:
        text = locale.text("methodology.crosswalk_reviewed", version=note.review_version)
    else:
        text = locale.text("methodology.crosswalk_author")
    if not note.differing:
        return text
    (other,) = {*CrosswalkEdition} - {note.edition}
    named = locale.text(f"methodology.edition.{other.value}")
    key = "methodology.crosswalk_differs." + ("one" if note.differing == 1 else "other")
    return f"{text} {locale.text(key, other=named, count=locale.number(note.differing))}"


def conditions_text(count: int, locale: Locale) -> str:
    """That ``count`` conditions on the scanner's configuration were not evaluated; empty for none."""
    return locale.plural("methodology.conditions_text", count) if count else ""
