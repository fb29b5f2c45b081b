"""Properties of reading: sizes of reads do not matter, damage loses only its own record, tags and times are stable."""

import json
from io import BytesIO
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policycortex.errors import TruncatedFileError
from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.model import Finding, ParsedItem, QuarantinedRecord
from policycortex.findings.normalize import relations_text, tags_of_labels, tags_of_value, time_of_epoch
from policycortex.findings.reading import window
from tests.unit.findings.damage import DAMAGES
from tests.unit.findings.ocsf_records import array_text, ocsf_record

SMALL_DAMAGES = sorted(set(DAMAGES) - {name for name in DAMAGES if "100,000" in name or "10 MB" in name})
TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
PUNCTUATION = st.text(alphabet='{}[]",:\\ \nabé', max_size=60)


class UnevenStream(BytesIO):
    """A stream that returns other amounts than requested, as sockets and decompressors do."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        super().__init__(content)
        self._sizes = sizes
        self._reads = 0

    def read(self, _size: int | None = -1, /) -> bytes:
        """The next of the sizes, whatever is requested."""
        self._reads += 1
        return super().read(self._sizes[self._reads % len(self._sizes)])


def read(stream: BytesIO) -> list[ParsedItem | str]:
    """All records, and at the end the word "cut" if the stream is."""
    records: list[ParsedItem | str] = []
    try:
        records.extend(parse_ocsf(stream))
    except TruncatedFileError as error:
        records.append(f"cut: {error}")
    return records


@settings(deadline=None)
@given(
    names=st.lists(st.sampled_from(["", "", *SMALL_DAMAGES]), min_size=1, max_size=12),
    sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=5),
    indent=st.sampled_from([4, None]),
    end=st.floats(0.1, 1.5),
)
def test_how_a_stream_is_read_never_changes_the_result(
    names: list[str], sizes: list[int], indent: int | None, end: float
) -> None:
    """Any damage, any cut, any sizes of reads."""
    texts = [
        DAMAGES[name](ocsf_record(n), indent) if name else json.dumps(ocsf_record(n), indent=indent)
        for n, name in enumerate(names)
    ]
    content = f"[{','.join(texts)}]".encode()
    content = content[: int(len(content) * end)]
    assert read(UnevenStream(content, sizes)) == read(BytesIO(content))


@settings(deadline=None)
@given(
    names=st.lists(st.sampled_from(["", *SMALL_DAMAGES]), min_size=1, max_size=10),
    indent=st.sampled_from([4, None]),
)
def test_good_records_between_damage_are_all_kept(names: list[str], indent: int | None) -> None:
    """Each damaged record is between good ones; all good ones are kept, in order, and each bad one is reported once."""
    texts = [json.dumps(ocsf_record(0), indent=indent)]
    for number, name in enumerate(names, start=1):
        if name:
            texts.append(DAMAGES[name](ocsf_record(10_000), indent))
        texts.append(json.dumps(ocsf_record(number), indent=indent))
    records = read(BytesIO(f"[{','.join(texts)}]".encode()))
    good = [each.finding_uid for each in records if isinstance(each, Finding)]
    assert good == [f"prowler-{number}" for number in range(len(names) + 1)]
    assert len(records) - len(good) == sum(1 for name in names if name)


@settings(deadline=None)
@given(texts=st.lists(PUNCTUATION, max_size=5), indent=st.sampled_from([4, None]))
def test_texts_full_of_brackets_and_quotes_are_only_texts(texts: list[str], indent: int | None) -> None:
    """Braces, quotes and record starts inside texts never split a record."""
    trap = '},{"message": "x", "metadata": {"event_code": "y"}, "class_uid": 2004, "time": 1'
    records = [ocsf_record(n, message=text, status_detail=text + trap) for n, text in enumerate([*texts, trap])]
    found = read(BytesIO(array_text(records, indent=indent)))
    assert [each.status_detail for each in found if isinstance(each, Finding)] == [r["status_detail"] for r in records]
    assert len(found) == len(records)


@settings(deadline=None)
@given(garbage=st.binary(max_size=300), before=st.integers(0, 2), after=st.integers(1, 3))
def test_garbage_between_records_never_raises_another_error(garbage: bytes, before: int, after: int) -> None:
    """Whatever a file contains, the result is findings, quarantine, or the error that it is cut."""
    content = (
        array_text([ocsf_record(n) for n in range(before)])[:-1]
        + garbage
        + array_text([ocsf_record(n) for n in range(after)])
    )
    for each in read(BytesIO(content)):
        assert isinstance(each, Finding | QuarantinedRecord | str)
        if isinstance(each, QuarantinedRecord):
            assert each.reason
            assert 0 <= each.byte_offset <= len(content)


@given(tags=st.dictionaries(TEXTS, TEXTS))
def test_tags_are_the_same_in_every_form(tags: dict[str, str]) -> None:
    """As an object and as pairs."""
    pairs: list[Any] = [{"Key": key, "Value": value} for key, value in tags.items()]
    assert tags_of_value(tags) == tags_of_value(pairs) == tags


@given(labels=st.lists(TEXTS, max_size=5))
def test_labels_become_canonical_json(labels: list[str]) -> None:
    """Keys sorted, no white space, and always an object of texts."""
    text, environment = tags_of_labels(tuple(labels))
    tags = json.loads(text)
    assert text == json.dumps(tags, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert environment is None or environment == environment.casefold()


@given(relations=st.dictionaries(TEXTS, st.lists(TEXTS)))
def test_relations_are_canonical(relations: dict[str, list[str]]) -> None:
    """The order of keys never matters; no requirement is repeated."""
    backwards = dict(reversed(relations.items()))
    assert relations_text(relations) == relations_text(backwards)
    assert all(len(ids) == len(set(ids)) > 0 for ids in json.loads(relations_text(relations)).values())


@given(seconds=st.integers(946684800, 4102444799))
def test_epoch_times_are_the_same_in_every_unit(seconds: int) -> None:
    """From 2000 to 2099, seconds to nanoseconds."""
    assert {time_of_epoch(seconds * unit) for unit in (1, 10**3, 10**6, 10**9)} == {time_of_epoch(seconds)}


def test_one_read_is_small_enough_for_the_cache() -> None:
    """The properties above read in other amounts than the product; this is the product's."""
    assert window.READ_BYTES == 256 * 1024
