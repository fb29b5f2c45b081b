"""The media type that a client prefers, by the rules of RFC 9110."""

import pytest

from api.platform.media_types import preferred_type

OFFERED = ("application/json", "application/x-ndjson", "application/vnd.apache.parquet")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", 0),
        ("*/*", 0),
        ("text/html", 0),
        ("application/x-ndjson", 1),
        ("Application/X-NDJSON; charset=utf-8", 1),
        ("application/json, application/x-ndjson;q=0.5", 0),
        ("application/json;q=0.5, application/x-ndjson", 1),
        ("application/x-ndjson, application/json", 1),
        ("application/json, application/x-ndjson", 0),
        ("*/*, application/vnd.apache.parquet", 2),
        ("application/*;q=0.8, application/vnd.apache.parquet;q=0", 0),
        ("application/x-ndjson;q=0", 0),
        ("application/x-ndjson;q=2, application/json;q=0.1", 0),
        ("application/x-ndjson;q=nan, application/vnd.apache.parquet;q=x", 0),
        (",;,q=1", 0),
    ],
)
def test_the_type_with_the_highest_quality_is_chosen(accept: str, chosen: int) -> None:
    """Of equals the more exact range wins over a wildcard, then the one named first; without any, the first offered."""
    assert preferred_type(accept, OFFERED) == OFFERED[chosen]
