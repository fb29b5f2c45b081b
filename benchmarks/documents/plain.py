"""A reportlab document with the tables and paragraphs of page.html: ``python -m benchmarks.documents.plain FOLDER``."""

import json
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from lxml import html
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate

_STYLES = getSampleStyleSheet()
_KINDS = {"h1": "Title", "h2": "Heading1", "h3": "Heading2", "h4": "Heading3", "p": "BodyText", "li": "Bullet"}


def main(folder: str) -> None:
    """Write the texts in their order, each table with wrapped cells and a repeated head."""
    target = Path(folder) / "plain.pdf"
    document = SimpleDocTemplate(str(target), pagesize=A4)
    tree = html.fromstring((Path(folder) / "page.html").read_text(encoding="utf-8"))
    document.build(list(_parts(tree, document.width)))
    print(json.dumps({"pages": document.page, "file_mb": target.stat().st_size / 1e6}))


def _parts(tree: Any, width: float) -> Iterator[Any]:  # noqa: ANN401 - lxml and reportlab have no types
    for element in tree.iter("table", *_KINDS):
        if element.tag == "table":
            rows = [[_text(cell, "BodyText") for cell in row.iter("td", "th")] for row in element.iter("tr")]
            columns = max(map(len, rows))
            padded = [[*row, *[""] * (columns - len(row))] for row in rows]
            yield LongTable(padded, colWidths=[width / columns] * columns, repeatRows=1)
        elif not any(above.tag == "table" for above in element.iterancestors()):
            yield _text(element, _KINDS[element.tag])


def _text(element: Any, style: str) -> Any:  # noqa: ANN401 - lxml and reportlab have no types
    return Paragraph(escape(" ".join(element.text_content().split())), _STYLES[style])


if __name__ == "__main__":
    main(*sys.argv[1:])
