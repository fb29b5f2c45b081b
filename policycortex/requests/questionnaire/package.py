"""Checks a filled questionnaire before it is opened: its size, and that it holds cells only, nothing that acts."""

import re
import zipfile
from pathlib import Path
from typing import Final

from policycortex.errors import Problem, RequestError
from policycortex.rendering.excel.package_safety import content_problem, part_kind, unpacked_problem

LARGEST_CONTENT: Final = 64 << 20
"""Bytes of all parts unpacked; 20,000 answered requirements take 30 MiB."""
MOST_PARTS: Final = 500
_ACTING: Final = re.compile(
    r"vba|macrosheets|dialogsheets|activeX|ctrlProps|externalLinks|connections\.xml|queryTables|embeddings|oleObject"
    r"|webextensions|customUI|\.(bin|exe|dll|js|vbs)$",
    re.IGNORECASE,
)
_HARMLESS: Final = re.compile(r"xl/printerSettings/[^/]+\.bin")
_MACRO_BOOK: Final = b"macroEnabled"
REFUSED: Final = "The questionnaire cannot be imported; nothing was"


def refused(*problems: Problem) -> RequestError:
    """The error for a workbook; nothing of it is imported."""
    return RequestError(REFUSED, details=problems)


def check_questionnaire_package(path: Path) -> None:
    """Raise RequestError where the file is no workbook, too large unpacked, or holds macros, links or files."""
    try:
        with zipfile.ZipFile(path) as archive:
            problem = unpacked_problem(archive, most_bytes=LARGEST_CONTENT, most_parts=MOST_PARTS)
            problem = problem or next(filter(None, map(_part_problem, archive.namelist())), None)
            problem = problem or next(
                filter(None, (_read_problem(archive, entry) for entry in archive.infolist())), None
            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        problem = f"is no workbook of Excel (.xlsx), or is encrypted: {error}"
    if problem is not None:
        raise refused(Problem(field="workbook", message=f"The workbook {problem}"))


def _part_problem(entry: str) -> str | None:
    if _ACTING.search(entry) and not _HARMLESS.fullmatch(entry):
        kind = part_kind(entry)
        return f"has {'parts that are not accepted' if kind == 'not supported' else kind} ({entry[:100]}); remove them"
    return None


def _read_problem(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str | None:
    content = archive.read(entry)
    if entry.filename == "[Content_Types].xml" and _MACRO_BOOK in content:
        return "is one with macros (.xlsm); save it as .xlsx"
    problem = content_problem(content, entry.filename)
    return f"is not accepted: {problem}" if problem is not None else None
