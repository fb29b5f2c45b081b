"""Title, section and description of a requirement in Prowler's files, whose fields hold them in different places."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policycortex.frameworks.tree import one_line

TITLE_LENGTH: Final = 160
SECTION_LENGTH: Final = 300
DESCRIPTION_LENGTH: Final = 20_000
_SECTION_FIELDS: Final = ("Domain", "Section", "Category", "FamilyName", "Theme", "Pillar", "Ruleset")
"""For files that do not name their grouping. KISA has a Domain above its sections; Spain's ENS is grouped by two."""
_NAME_FIELDS: Final = ("Title", "ArticleTitle", "Objetive_Name", "Name")
_PART_FIELDS: Final = ("SubSection", "Subsection", "Subdomain")
_TEXT_FIELDS: Final = ("Description", "AttributeDescription", "DescripcionControl")
_SENTENCE_END: Final = re.compile(r"[.;:]\s")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseTexts:
    """The texts of one requirement as its file has them."""

    id: str
    name: str
    description: str
    attributes: Mapping[str, Any]
    """The first of its attributes; empty where the file gives none."""
    tactics: Sequence[str]

    def section(self, group_by: str | None) -> str:
        """Its section by the file's own grouping, else by the first field that holds one."""
        chosen = _text(self.attributes, group_by) if group_by else ""
        section = chosen or next(iter(self.tactics), "") or self._known_section()
        return _cut(one_line(section), SECTION_LENGTH) or "Requirements"

    def title(self) -> str:
        """Its name, or the start of its text where it has none: at most TITLE_LENGTH characters."""
        named = next(self._names(), "")
        candidates = [named] if named else list(self._starts())
        fitting = (text for text in candidates if text and len(text) <= TITLE_LENGTH)
        return next(fitting, "") or _cut(max(candidates, key=len) or self.id, TITLE_LENGTH)

    def text(self) -> str:
        """Its longer texts, without what the title says already."""
        title = self.title()
        found: dict[str, None] = {}
        for text in (self.description, *(_text(self.attributes, field) for field in _TEXT_FIELDS)):
            plain = _CONTROLS.sub(" ", text).strip()
            if plain and one_line(plain) != title:
                found[plain] = None
        return _cut("\n\n".join(found), DESCRIPTION_LENGTH)

    def _names(self) -> Iterator[str]:
        named = [self.name, *(_text(self.attributes, field) for field in _NAME_FIELDS)]
        return (name for name in map(self._without_id, map(one_line, named)) if self._says_something(name))

    def _starts(self) -> Iterator[str]:
        """The description, its first sentence, and the part of the framework that the requirement is in."""
        description = one_line(self.description)
        yield description
        end = _SENTENCE_END.search(description)
        yield description[: end.start()] if end else ""
        yield next((one_line(s) for s in (_text(self.attributes, field) for field in _PART_FIELDS) if s), "")

    def _says_something(self, name: str) -> bool:
        """False for a name that is the id in another spelling, or that is the service (``elb``)."""
        known = {_letters(self.id), _letters(_text(self.attributes, "Service")), ""}
        return _letters(name) not in known and not _is_number(name)

    def _without_id(self, name: str) -> str:
        """``SEC01-BP01 Separate workloads`` without the id before it, in any spelling of the id."""
        first, _, rest = name.partition(" ")
        return rest.lstrip(":.- ") or name if _letters(first) == _letters(self.id) else name

    def _known_section(self) -> str:
        if group := _text(self.attributes, "Marco"):
            category = _text(self.attributes, "Categoria")
            return f"{group} / {category}" if category else group
        return next((s for s in (_text(self.attributes, field) for field in _SECTION_FIELDS) if s), "")


def _is_number(name: str) -> bool:
    """A name without a word of three letters: ``DE.AE-1``, ``Annex I (1.1)`` has one and is looked at by its digits."""
    words = re.findall(r"[^\W\d_]{3,}", name)
    return not words or (len(words) == 1 and any(c.isdigit() for c in name) and len(name) <= len(words[0]) + 10)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _cut(text: str, length: int) -> str:
    """``text``, or its first words and an ellipsis."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    return f"{head.rsplit(' ', 1)[0] or head}…"


def _text(attributes: Mapping[str, Any], field: str) -> str:
    value = attributes.get(field)
    return value if isinstance(value, str) else ""
