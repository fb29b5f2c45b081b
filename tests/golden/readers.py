"""Read artifacts back with tools that did not write them, into one small shape that can be compared."""

import csv
import json
import re
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import openpyxl

from policycortex.spreadsheet_text import unguard_formula


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What one artifact says."""

    score: str
    """As printed, one decimal, or the words for none."""
    total_violations: int
    findings: int
    failing: int
    """Findings with status FAIL."""
    results: dict[str, str]
    """Requirement id to the printed result."""


def read_json(path: Path) -> dict[str, Any]:
    """The JSON report."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of the CSV report, without the guards against formulas."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: unguard_formula(v) for k, v in row.items()} for row in csv.DictReader(file, strict=True)]


def read_sheet(path: Path, name: str) -> list[tuple[Any, ...]]:
    """All rows of one sheet, head first."""
    book = openpyxl.load_workbook(path, read_only=True)
    rows = [tuple(cell.value for cell in row) for row in book[name].iter_rows()]
    book.close()
    return rows


def read_cell_types(path: Path, name: str) -> set[str]:
    """Types of all cells of one sheet: ``s`` text, ``n`` number, ``d`` date, ``b`` truth value, ``f`` formula."""
    book = openpyxl.load_workbook(path, read_only=True)
    types = {cell.data_type for row in book[name].iter_rows() for cell in row}
    book.close()
    return types


def read_word_text(path: Path) -> str:
    """The text of all paragraphs and cells in document order, spaces and line ends as one space."""
    body = docx.Document(str(path)).element.body
    texts = ["".join(_word_piece(piece) for piece in line.iter()) for line in body.iter(f"{_WORD}p")]
    return " ".join(" ".join(texts).split())


_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _word_piece(element: Any) -> str:  # noqa: ANN401 - lxml's elements
    if element.tag == f"{_WORD}t":
        return str(element.text or "")
    return " " if element.tag in {f"{_WORD}br", f"{_WORD}tab"} else ""


def read_pdf_text(path: Path) -> str:
    """The text of all pages, by poppler, spaces and line ends as one space."""
    text = subprocess.run(["pdftotext", "-raw", str(path), "-"], check=True, capture_output=True, text=True).stdout
    return re.sub(r"\s+", " ", text)


class Page(HTMLParser):
    """The text of an HTML page, the JSON it embeds by id, and every address it names."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.embedded: dict[str, str] = {}
        self.addresses: list[str] = []
        self.elements: list[str] = []
        self._inside: list[tuple[str, str | None]] = []
        self.feed(text.replace("<wbr>", ""))  # where a word may be broken is no space
        self.close()

    @property
    def text(self) -> str:
        """All visible text, single spaces."""
        return re.sub(r"\s+", " ", " ".join(self.texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note elements and addresses."""
        named = dict(attrs)
        self.elements.append(tag)
        self.addresses += [v for k, v in attrs if k in {"href", "src", "action", "data", "poster"} and v]
        if tag in {"script", "style"}:
            self._inside.append((tag, named.get("id")))

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or style."""
        if self._inside and self._inside[-1][0] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Keep visible text and embedded data apart."""
        if not self._inside:
            self.texts.append(data)
        elif self._inside[-1][1]:
            self.embedded[self._inside[-1][1]] = self.embedded.get(self._inside[-1][1], "") + data
