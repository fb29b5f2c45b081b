"""Framework files of others, with up to three odd values: each is read and survives storing, or is refused in words."""

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from policycortex.errors import ConfigurationError
from policycortex.frameworks.reading import read_framework, write_framework

_CONDITION: Final = {"Check": "c1", "ConfigKey": "max_days", "Operator": "lte", "Value": 45}
_LEGACY: Final[dict[str, Any]] = {
    "Framework": "CIS", "Name": "CIS", "Version": "6.0", "Provider": "AWS",
    "Requirements": [
        {
            "Id": "1.1", "Name": "One", "Description": "First.", "Checks": ["c1", "c2"], "Tactics": ["T"],
            "Attributes": [{"Section": "S", "Weight": 1, "LevelOfRisk": 5}], "ConfigRequirements": [_CONDITION],
        },
        {"Id": "1.2", "Description": "Second.", "Checks": [], "Attributes": []},
    ],
}  # fmt: skip
_UNIVERSAL: Final[dict[str, Any]] = {
    "framework": "DORA", "name": "DORA", "version": "2022", "outputs": {"table_config": {"group_by": "Pillar"}},
    "requirements": [
        {
            "id": "Art5", "name": "One", "description": "First.", "attributes": {"Pillar": "P"},
            "checks": {"aws": ["c1"], "azure": []}, "config_requirements": [{**_CONDITION, "Provider": "aws"}],
        },
        {"id": "Art6", "attributes": [{"Pillar": "P"}, {"Pillar": "Q"}], "checks": ["c1"]},
    ],
}  # fmt: skip
_OSCAL: Final[dict[str, Any]] = {
    "catalog": {
        "uuid": "u", "metadata": {"title": "Own catalog", "version": "1.0", "oscal-version": "1.1.2"},
        "groups": [
            {
                "id": "ac", "title": "Access",
                "controls": [
                    {
                        "id": "ac-1", "title": "Policy", "props": [{"name": "label", "value": "AC-1"}],
                        "parts": [{"id": "ac-1_smt", "name": "statement", "prose": "Do it."}],
                        "controls": [{"id": "ac-1.1", "title": "Part"}],
                    }
                ],
            }
        ],
    }
}  # fmt: skip
_ODD: Final[tuple[Any, ...]] = (
    None, "", " ", [], {}, 0, -1, 1.5, 1e30, True, "x" * 600, "a\u0000b", "\u202e", "ÄÖ 漢字", "w " * 11_000, [None],
    [{}], {"a": None}, ["x", "x"], "AWS", "Google Cloud", "1.1",
)  # fmt: skip
_REMOVED: Final = object()


def paths(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Places of all values below ``node``."""
    children: list[tuple[str | int, object]] = []
    if isinstance(node, dict):
        children = list(node.items())
    elif isinstance(node, list):
        children = list(enumerate(node))
    for key, child in children:
        yield (*path, key)
        yield from paths(child, (*path, key))


@st.composite
def odd_files(draw: st.DrawFn) -> bytes:
    """A file of one of the kinds with some values replaced or removed."""
    tree: Any = copy.deepcopy(draw(st.sampled_from([_LEGACY, _UNIVERSAL, _OSCAL])))
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(list(paths(tree)) or [("x",)]))
        value, node = draw(st.sampled_from([*_ODD, _REMOVED])), tree
        for key in parents:
            node = node[key]
        if value is not _REMOVED:
            node[last] = copy.deepcopy(value)
        elif last in (node if isinstance(node, dict) else range(len(node))):
            del node[last]
    return json.dumps(tree).encode()


@given(odd_files())
def test_an_odd_file_is_read_and_survives_storing_or_is_refused_in_words(data: bytes) -> None:
    """A file that is accepted and cannot be read again would make all frameworks of its organisation unusable."""
    try:
        framework = read_framework(data, name="f.json", base={})
    except ConfigurationError as error:
        problems = error.details
    else:
        assert read_framework(write_framework(framework), name="stored.json", base={}) == framework
        return
    assert problems
    assert all(problem.message for problem in problems)
