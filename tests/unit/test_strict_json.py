"""The strict JSON reader: what it refuses, and that its time is linear."""

import json

import pytest

from policycortex.strict_json import DuplicateKeyError, read_json, repeated_keys

MANY = 100_000


@pytest.mark.parametrize("text", ['{"a": [1, {"b": "c"}], "d": null}', "[]", "7", '"a: a"', '{"a": {"a": 1}}'])
def test_sound_json_is_read_as_by_the_standard_library(text: str) -> None:
    """From text and from bytes; one key at two levels is no repetition."""
    assert read_json(text) == read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('{"a": 1, "b": 2, "a": 3}', ("a",)),
        ('{"b": 1, "a": 2, "a": 3, "b": 4, "a": 5}', ("b", "a")),
        ('[{"x": {"c": 1, "c": 1}, "d": 1, "d": 2}]', ("c", "d")),
        ('{"prov": 1, "pr\\u006fv": 2}', ("prov",)),
    ],
)
def test_repeated_keys_are_named(text: str, keys: tuple[str, ...]) -> None:
    """Each once, at any depth, also where one of them is escaped; the message names the first."""
    with pytest.raises(DuplicateKeyError, match=f"the field '{keys[0]}' is given twice in one object") as caught:
        read_json(text)
    assert caught.value.keys == keys


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_words_that_are_no_numbers_are_refused(word: str) -> None:
    """The standard library reads them."""
    with pytest.raises(ValueError, match=f"{word} is not a JSON number"):
        read_json(f'{{"a": {word}}}')


class CountedKey(str):
    """A key that counts how often keys are hashed or compared."""

    __slots__ = ()
    operations = 0

    def __eq__(self, other: object) -> bool:
        """Counted."""
        CountedKey.operations += 1
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        """Counted."""
        CountedKey.operations += 1
        return str.__hash__(self)


def test_the_search_for_repeated_keys_is_linear() -> None:
    """100,000 different keys and one repeated: a few operations per key. A count per key would take 10 billion."""
    members = [(CountedKey(f"field-{number}"), None) for number in range(MANY)]
    members.append((CountedKey(f"field-{MANY - 1}"), None))
    CountedKey.operations = 0
    assert repeated_keys([(key, value) for key, value in members]) == [f"field-{MANY - 1}"]
    assert CountedKey.operations <= 5 * MANY


def test_an_object_of_100_000_fields_with_one_repeated_is_refused() -> None:
    """Such a body took minutes when each name was counted."""
    fields = ", ".join(f'"field-{number}": 1' for number in range(MANY))
    with pytest.raises(DuplicateKeyError, match="field-99999"):
        read_json(f'{{{fields}, "field-{MANY - 1}": 2}}')
