"""The questionnaire: written, filled in, and read back with every problem named by its cell."""

import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest

from policycortex.errors import Problem, RequestError
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import RequirementKind, RequirementResult
from policycortex.requests.questionnaire.layout import ABOUT, COLUMNS, SHEET
from policycortex.requests.questionnaire.reading import FilledQuestionnaire, read_questionnaire
from policycortex.requests.questionnaire.writing import Question, write_questionnaire
from policycortex.scoring.attestations import AttestationScope, Statement
from policycortex.scoring.model import Counts, RequirementAssessment

NOW: Final = datetime(2026, 11, 30, 9, tzinfo=UTC)
TINY: Final = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(Requirement(id=f"R{n}", title=f"Title {n}", section="All") for n in range(1, 6)),
    crosswalk=Crosswalk(version="1"),
)
GOOD: Final = {"F2": "Met", "G2": "The board met", "I2": date(2027, 6, 30)}


def question(id_: str, title: str = "Title") -> Question:
    """About one requirement that nobody decided."""
    return Question(
        requirement=RequirementAssessment(
            id=id_, title=title, section="All", result=RequirementResult.MANUAL, counts=Counts(), checks=(),
            by_severity={}, kind=RequirementKind.ADDRESSABLE,
        )
    )  # fmt: skip


def filled(path: Path, cells: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> Path:
    """The questionnaire on R1 to R5 with these cells."""
    questions = [question(f"R{n}") for n in range(1, 6)]
    write_questionnaire(path, TINY, questions, organization="default", now=NOW)
    book = openpyxl.load_workbook(path)
    for sheet, values in ((SHEET, cells), (ABOUT, about or {})):
        for cell, value in values.items():
            book[sheet][cell].value = value
    book.save(path)
    return path


def read(path: Path) -> FilledQuestionnaire:
    """As the default organisation's."""
    return read_questionnaire(path, TINY, organization="default", now=NOW)


def problems(path: Path) -> list[Problem]:
    """What is wrong with the workbook."""
    with pytest.raises(RequestError) as refused:
        read(path)
    assert "nothing was" in str(refused.value)
    return list(refused.value.details)


def test_rows_become_requests(tmp_path: Path) -> None:
    """In any order, with days as dates or text; lists by semicolon; empty rows are counted."""
    cells: dict[str, Any] = GOOD | {
        "F4": "not_applicable", "G4": " None here ", "H4": "2026-12-01", "I4": "2027-01-31", "J4": "Head of IT",
        "K4": "111122223333; 444455556666", "L4": "production\nstaging",
        "A7": "r3", "F7": "NOT MET", "G7": "Elsewhere", "I7": date(2027, 1, 31), "K7": "777788889999",
    }  # fmt: skip
    answers = read(filled(tmp_path / "q.xlsx", cells))
    first, second, third = answers.answered
    assert (first.request.statement, first.request.reason, first.has_start) == (Statement.MET, "The board met", False)
    assert first.request.valid.end == datetime(2027, 7, 1, tzinfo=UTC)
    assert first.request.scope == AttestationScope(framework="tiny", requirements=("R1",))
    assert (second.request.statement, second.request.role) == (Statement.NOT_APPLICABLE, "Head of IT")
    assert (second.request.valid.start, second.has_start) == (datetime(2026, 12, 1, tzinfo=UTC), True)
    assert second.request.scope.accounts == ("111122223333", "444455556666")
    assert second.request.scope.environments == ("production", "staging")
    assert (third.request.statement, third.request.scope.requirements) == (Statement.NOT_MET, ("R3",))
    assert answers.empty == 3


@pytest.mark.parametrize(
    ("cells", "cell", "words"),
    [
        ({"F3": "Maybe", "G3": "x", "I3": "2027-01-31"}, "F3", "'Maybe' is not one of Met, Not met, Not applicable"),
        ({"G3": "x", "I3": "2027-01-31"}, "F3", "choose one of"),
        ({"F3": "Met", "I3": "2027-01-31"}, "G3", "Give the reason"),
        ({"F3": "Met", "G3": "x"}, "I3", "the last day is missing"),
        ({"F3": "Met", "G3": "x", "I3": "31.1.2027"}, "I3", "'31.1.2027' is not a day"),
        ({"F3": "Met", "G3": "x", "I3": "9999-12-31"}, "I3", "is not a day"),
        ({"F3": "Met", "G3": "x", "I3": "2026-02-01"}, "I3", "Must be after from"),
        ({"F3": "Met", "G3": "x", "I3": "2031-01-31"}, "I3", "Three years at most"),
        ({"F3": "Met", "G3": "x", "I3": True}, "I3", "must be a day"),
        ({"F3": "Met", "G3": "x", "I3": datetime(2027, 1, 31, 8)}, "I3", "without a time"),  # noqa: DTZ001 - Excel's
        ({"F3": "Met", "G3": "=1+1", "I3": "2027-01-31"}, "G3", "has a formula"),
        ({"F3": "=HYPERLINK(\"http://x\")", "G3": "x", "I3": "2027-01-31"}, "F3", "has a formula"),
        ({"F3": "Met", "G3": "x" * 2001, "I3": "2027-01-31"}, "G3", "at most 2000"),
        ({"F3": "Met", "G3": "x", "I3": "2027-01-31", "K3": 111122223333}, "K3", "must be text"),
        ({"F3": "Met", "G3": "x", "I3": "2027-01-31", "J3": "a\nb"}, "J3", "one line"),
        ({"A3": "R9", "F3": "Met", "G3": "x", "I3": "2027-01-31"}, "A3", "No requirement 'R9' of tiny"),
        ({"A3": None, "F3": "Met", "G3": "x", "I3": "2027-01-31"}, "A3", "the requirement is missing"),
        ({"A3": "r1", "F3": "Not met", "G3": "x", "I3": "2027-01-31"}, "A3", "answered for the same places in A2"),
        ({"F1": "Statements"}, "F1", "the column's head must be 'Statement'"),
    ],
)  # fmt: skip
def test_each_problem_is_named_with_its_cell(tmp_path: Path, cells: dict[str, Any], cell: str, words: str) -> None:
    """One problem, in one cell, although the row above is good."""
    (problem,) = problems(filled(tmp_path / "q.xlsx", GOOD | cells))
    assert problem.field == f"{SHEET}!{cell}"
    assert problem.message.startswith(f"Sheet '{SHEET}', cell {cell}: ")
    assert words in problem.message


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    """Of several rows, and of the sheet that says what the questionnaire is about."""
    cells = {"F2": "Not mett", "G2": "x", "F3": "Met", "I3": "soon"}
    found = problems(filled(tmp_path / "q.xlsx", cells, {"B2": "soc2", "B4": "other"}))
    assert [each.field for each in found] == ["About!B2", "About!B4", f"{SHEET}!F2", f"{SHEET}!I2", *(
        f"{SHEET}!{cell}" for cell in ("G3", "I3"))]  # fmt: skip
    assert "did you mean 'Not met'?" in found[2].message


def test_an_empty_workbook_and_one_of_something_else(tmp_path: Path) -> None:
    """No answers, no such sheet, no workbook."""
    assert "has no answers" in problems(filled(tmp_path / "q.xlsx", {}))[0].message
    openpyxl.Workbook().save(tmp_path / "other.xlsx")
    assert "has no sheet 'Requirements'" in problems(tmp_path / "other.xlsx")[0].message
    (tmp_path / "text.xlsx").write_text("Requirement,Statement")
    assert "is no workbook of Excel" in problems(tmp_path / "text.xlsx")[0].message


def packed(source: Path, target: Path, parts: Mapping[str, bytes]) -> Path:
    """The workbook with some parts replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry not in parts:
                new.writestr(entry, old.read(entry))
        for entry, content in parts.items():
            new.writestr(entry, content)
    return target


_ENTITY: Final = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><sst>&b;</sst>'
_OUTSIDE: Final = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
    b' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath"'
    b' Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"xl/vbaProject.bin": b"macro"}, "macros"),
        ({"xl/macrosheets/sheet1.xml": b"<x/>"}, "macros"),
        ({"xl/externalLinks/externalLink1.xml": b"<x/>"}, "links to other workbooks"),
        ({"xl/embeddings/oleObject1.bin": b"x"}, "embedded files"),
        ({"xl/activeX/activeX1.xml": b"<x/>"}, "controls"),
        ({"xl/connections.xml": b"<x/>"}, "data connections"),
        ({"xl/queryTables/queryTable1.xml": b"<x/>"}, "queries"),
        ({"payload.exe": b"MZ"}, "parts that are not accepted"),
        ({"xl/sharedStrings.xml": _ENTITY}, "declares a document type"),
        ({"xl/worksheets/_rels/sheet1.xml.rels": _OUTSIDE}, "reads something outside"),
        ({"xl/big.xml": b" " * (65 << 20)}, "too large when it is unpacked"),
        ({f"xl/media/{n}.xml": b"" for n in range(600)}, "too large when it is unpacked"),
        ({"xl/workbook.xml": b"<broken"}, "cannot be read"),
        ({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row><c></row>"}, "cannot be read"),
    ],
)  # fmt: skip
def test_hostile_workbooks_are_refused(tmp_path: Path, parts: dict[str, bytes], words: str) -> None:
    """Bombs, macros, links, entities and broken parts: refused with the reason, before anything is taken from them."""
    path = packed(filled(tmp_path / "good.xlsx", GOOD), tmp_path / "bad.xlsx", parts)
    (problem,) = problems(path)
    assert problem.field == "workbook"
    assert words in problem.message


def test_texts_of_a_framework_are_never_formulas(tmp_path: Path) -> None:
    """Also a title that begins like one; answers have a drop-down, and only they can be changed."""
    path = tmp_path / "q.xlsx"
    write_questionnaire(path, TINY, [question("=R1", "=cmd|' /C calc'!A0")], organization="default", now=NOW)
    sheet = openpyxl.load_workbook(path)[SHEET]
    assert (sheet["B2"].data_type, sheet["B2"].value) == ("s", "=cmd|' /C calc'!A0")
    assert [column.title for column in COLUMNS] == [cell.value for cell in sheet[1]]
    lists = [each for each in sheet.data_validations.dataValidation if each.type == "list"]
    assert [each.formula1 for each in lists] == ['"Met,Not met,Not applicable"']
    assert (sheet["A2"].protection.locked, sheet["F2"].protection.locked) == (True, False)
    assert "Addressable" in str(sheet["E2"].value)
