"""Each file of a home has a rule for its growth, in the page for operators and in the list that ``make soak`` uses."""

import os
import re
from pathlib import Path

import pytest

from tests.soak.growth import RULES, documented_paths, is_documented, rule_of
from tests.support.installation import Server


def test_each_file_of_a_served_home_has_a_rule(server: Server) -> None:
    """Whatever the tests of this installation made in it; names are read, no file is opened."""
    paths = [
        (Path(folder) / name).relative_to(server.home).as_posix()
        for folder, _, names in os.walk(server.home)
        for name in names
    ]
    kinds = {"registry.sqlite", "logs/api.log", "dagster/history/event_log.db", "lake/catalog.sqlite"}
    assert kinds <= set(paths)
    assert [path for path in paths if rule_of(path) is None] == []
    assert [path for path in paths if not is_documented(path)] == []


@pytest.mark.parametrize("pattern", [name for names in RULES.values() for name in names])
def test_each_rule_of_the_soak_is_in_the_page(pattern: str) -> None:
    """An example of each pattern is among the paths of the table."""
    example = re.sub(r"(?<=\w)\*$", "-wal", pattern.replace("[123]", "1")).replace("*", "x")
    assert is_documented(example)


def test_an_unknown_file_has_no_rule() -> None:
    """The table names no pattern that every path matches."""
    assert len(documented_paths()) > 15
    for path in ("growing.db", "cache/x", "dagster/other/x", "logs/core.1"):
        assert not is_documented(path)
        assert rule_of(path) is None
