"""Numbers, dates and words as readers of a language write them."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from policycortex.documents.locales import load_locale
from policycortex.documents.template_files import templates_folder
from policycortex.errors import ConfigurationError

_FOLDER = templates_folder() / "locales"


def test_numbers_are_grouped_as_the_language_does() -> None:
    """English groups by commas, German by points."""
    assert load_locale("en", _FOLDER).number(1234567.25, 2) == "1,234,567.25"
    assert load_locale("de", _FOLDER).number(1234567.25, 2) == "1.234.567,25"


def test_a_score_is_never_rounded_to_what_it_is_not() -> None:
    """99.95 is not printed as 100, 0.04 not as 0, and no score is neither."""
    english = load_locale("en", _FOLDER)
    assert english.score(99.95) == "99.9%"
    assert english.score(0.04) == "0.1%"
    assert english.score(None) == "Not assessed"


def test_differences_carry_their_sign() -> None:
    """A fall has a true minus sign, no change says so."""
    english = load_locale("en", _FOLDER)
    assert [english.points(v) for v in (1.25, -0.5, 0.0, None)] == ["+1.2", "−0.5", "±0.0", "–"]


def test_dates_are_in_words_and_utc() -> None:
    """A moment is written in UTC, whatever its zone."""
    german = load_locale("de-AT", _FOLDER)
    assert german.day(date(2026, 3, 1)) == "1. März 2026"
    assert german.moment(datetime(2026, 3, 1, 9, 5, tzinfo=UTC)) == "1. März 2026, 09:05 UTC"


@pytest.mark.parametrize("path", sorted(_FOLDER.glob("*.yaml")), ids=lambda p: p.stem)
def test_a_catalogue_has_no_text_that_english_lacks_and_keeps_its_values(path: Path) -> None:
    """Every key is known, and the ``{names}`` in a text are those of the English one."""
    import re

    english, other = load_locale("en", _FOLDER), load_locale(path.stem, _FOLDER)
    assert set(other.texts) == set(english.texts)
    names = {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in other.texts.items()}
    assert {k for k in names if names[k] != set(re.findall(r"\{(\w+)\}", english.texts[k]))} == set()


@pytest.mark.parametrize("tag", ["xx", "../en", "", "e\x00n"])
def test_an_unknown_locale_names_those_there_are(tag: str) -> None:
    """The error tells what to mend; a tag is never a path."""
    with pytest.raises(ConfigurationError, match="known are de, en"):
        load_locale(tag, _FOLDER)


_HEAD = 'decimal_mark: ","\ngroup_mark: "."\npercent_form: "{} %"\ndate_form: "{day} {month} {year}"\nmonths: '
_MONTHS = "[janvier, février, mars, avril, mai, juin, juillet, août, septembre, octobre, novembre, décembre]"


def test_a_catalogue_of_the_installation_s_own_adds_a_language(tmp_path: Path) -> None:
    """Texts that it leaves out are in English. Keys of number forms, which earlier versions read, change nothing."""
    (tmp_path / "fr.yaml").write_text(
        f"{_HEAD}{_MONTHS}\ntexts:\n  type:\n    audit: Rapport d'audit\n", encoding="utf-8"
    )
    french = load_locale("fr-CA", tmp_path, _FOLDER)
    assert french.text("type.audit") == "Rapport d'audit"
    assert french.text("type.risk") == "Risk report"
    assert french.day(date(2026, 8, 1)) == "1 août 2026"


def test_forms_come_from_cldr(tmp_path: Path) -> None:
    """A catalogue with one text is enough: numbers, percents, dates and plural forms are those of the language."""
    (tmp_path / "fr.yaml").write_text("texts: {type: {risk: Risques}}", encoding="utf-8")
    french = load_locale("fr", tmp_path, _FOLDER)
    assert french.number(1234567.25, 2) == "1\u202f234\u202f567,25"
    assert french.score(41.5) == "41,5 %"
    assert french.day(date(2026, 8, 1)) == "1 août 2026"
    assert french.day_mark(date(2026, 9, 1)) == "1 sept."
    assert french.plural("message.failing", 0) == "0 failing finding"


@pytest.mark.parametrize(
    ("tag", "day", "marks"),
    [
        ("en", "9 September 2026", ("9 Sep", "Sep 2026")),
        ("de", "9. September 2026", ("9. Sept.", "Sept. 2026")),
    ],
)
def test_dates_of_the_built_in_languages(tag: str, day: str, marks: tuple[str, str]) -> None:
    """A whole date, and the two short forms under an axis."""
    locale, value = load_locale(tag, _FOLDER), date(2026, 9, 9)
    assert locale.day(value) == day
    assert (locale.day_mark(value), locale.month_mark(value)) == marks


def test_a_language_without_forms_is_refused(tmp_path: Path) -> None:
    """A catalogue needs a language that Babel knows."""
    (tmp_path / "xx.yaml").write_text("texts: {type: {risk: Risk}}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="Babel has no number and date forms"):
        load_locale("xx", tmp_path, _FOLDER)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("texts: [", "could not be read"),
        ("- a", "must be a mapping"),
        ("date_form: '{day}'", "must be a mapping with the key texts"),
        ("date_form: '{day} {monat}'\ntexts: {}", "uses {monat} in date_form; known names there: day, month, year"),
        ("date_form: '{day:>9999999}'\ntexts: {}", "only plain names"),
        (f"{_HEAD}{_MONTHS}\ntexts: {{typ: {{audit: x}}}}", "texts that are not used: typ.audit"),
        (f"{_HEAD}{_MONTHS}\ntexts: {{page: {{count: '{{sheet}}'}}}}", "uses {sheet} in page.count"),
        (f"{_HEAD}{_MONTHS}\ntexts: {{page: {{count: '{{page.x}}'}}}}", "only plain names"),
        (f"{_HEAD}{_MONTHS}\ntexts: {{page: {{count: '{{page:>9}}'}}}}", "only plain names"),
        (f"{_HEAD}{_MONTHS}\ntexts: {{page: {{count: '{{page'}}}}", "not closed"),
    ],
)
def test_a_catalogue_with_a_mistake_says_which(tmp_path: Path, content: str, message: str) -> None:
    """The file's name and what to mend, before anything is rendered with it."""
    (tmp_path / "fr.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"fr.yaml.*{message}"):
        load_locale("fr", tmp_path, _FOLDER)
