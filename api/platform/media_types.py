"""Which of several media types a client prefers (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence


def preferred_type(accept: str, offered: Sequence[str]) -> str:
    """The offered type with the highest quality in ``Accept``; of equals the more exact one, then the one named first.

    The first offered one where the header is empty or accepts none of them.
    """
    ranges = [_range_of(part) for part in accept.split(",") if part.strip()]
    rated = [(_rating(name, ranges), name) for name in offered]
    (quality, _, _), best = max(rated, key=lambda each: each[0])
    return best if quality > 0 else offered[0]


def _range_of(part: str) -> tuple[str, float]:
    """Media range and quality; 0 for a quality that is no number from 0 to 1."""
    name, *parameters = (word.strip().lower() for word in part.split(";"))
    quality = next((word[2:] for word in parameters if word.startswith("q=")), "1")
    try:
        value = float(quality)
    except ValueError:
        value = 0.0
    return name, value if 0 <= value <= 1 else 0.0


def _rating(name: str, ranges: Sequence[tuple[str, float]]) -> tuple[float, int, int]:
    """Quality, exactness and place of the most exact range that covers a type; zeros where none does."""
    general = f"{name.partition('/')[0]}/*"
    for exactness, wanted in ((2, name), (1, general), (0, "*/*")):
        for place, (given, quality) in enumerate(ranges):
            if given == wanted:
                return quality, exactness, -place
    return 0.0, 0, 0
