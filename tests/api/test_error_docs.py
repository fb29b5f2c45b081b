"""The table of codes, the core's tree of errors and the page about them agree."""

from collections.abc import Iterator
from pathlib import Path

from api.platform.error_codes import ALL, BY_CODE
from api.platform.error_docs import describe_errors
from policycortex.errors import PolicyCortexError


def _tree(kind: type[PolicyCortexError]) -> Iterator[type[PolicyCortexError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)


def test_the_page_is_the_table() -> None:
    """After a change: python -m api.platform.error_docs > docs/errors.md."""
    page = Path(__file__).parents[2] / "docs" / "errors.md"
    assert page.read_text() == describe_errors()


def test_every_error_of_the_core_has_its_answer() -> None:
    """No code of the core is missing in the table, and no code stands in it twice."""
    assert {kind.code for kind in _tree(PolicyCortexError)} <= set(BY_CODE)
    assert len(BY_CODE) == len(ALL)
