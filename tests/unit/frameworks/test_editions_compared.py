"""The command that compares both editions: every requirement is counted once on each side."""

from benchmarks.crosswalk_editions import COLUMNS, table, three_clouds
from policycortex.frameworks.builtin import load_builtin_frameworks


def test_each_line_counts_every_requirement_in_both_editions() -> None:
    """Three clouds: the numbers before and after add up to the framework's requirements; CIS does not change."""
    head, _, *lines = table(*three_clouds())
    assert head == f"| framework | {' | '.join(COLUMNS)} |"
    frameworks = load_builtin_frameworks()
    assert len(lines) == len(frameworks)
    for line in lines:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        framework = frameworks[name.strip("`")]
        before, after = zip(*(map(int, cell.split(" → ")) for cell in cells), strict=True)
        assert sum(before) == sum(after) == len(framework.requirements)
        if framework.id.startswith("cis_"):
            assert before == after
