"""Appendix of audit reports, on request: comments of reviewers on requirements at times of the period."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from policycortex.documents.comments import RequirementComment
from policycortex.documents.model import ReportDocument
from policycortex.frameworks.combined import joint_id
from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRow:
    """One comment."""

    requirement: str
    """As the report names it."""
    title: str
    text: str
    author: str
    """Id of the identity."""
    author_name: str
    author_role: str | None
    about: date
    """The day that it is about, in the zone of the report."""
    made_at: datetime
    id: str

    @property
    def signature(self) -> str:
        """Name and role of the author."""
        return f"{self.author_name} ({self.author_role})" if self.author_role else self.author_name


def _rows(inputs: SectionInputs) -> tuple[CommentRow, ...] | None:
    """In the framework's order, the oldest of a requirement first; None where the report was not asked for them.

    Comments on requirements that the framework no longer has come last.
    """
    comments, several = inputs.evidence.comments, bool(inputs.header.frameworks)
    if comments is None:
        return None
    titles = {each.id: each.title for each in inputs.posture.requirements}
    places = {id_: number for number, id_ in enumerate(titles)}
    zone = inputs.header.period.zone

    def row_of(comment: RequirementComment) -> CommentRow:
        id_ = joint_id(comment.framework, comment.requirement) if several else comment.requirement
        return CommentRow(
            requirement=id_,
            title=titles.get(id_, ""),
            text=comment.text,
            author=comment.author,
            author_name=comment.author_name,
            author_role=comment.author_role,
            about=(comment.as_of - timedelta(microseconds=1)).astimezone(zone).date(),
            made_at=comment.made_at,
            id=comment.id,
        )

    return tuple(sorted(map(row_of, comments), key=lambda row: (places.get(row.requirement, len(places)), row.made_at)))


COMMENTS: Final = Content(
    id="requirement_comments", compute=_rows, json=JsonKey(name="comments", position=49, skip_none=True)
)


def comment_rows(document: ReportDocument) -> tuple[CommentRow, ...]:
    """All rows; none where the report was not asked for them."""
    return COMMENTS.of(document) or ()


ROWS: Final = Table(
    id="comments",
    read=comment_rows,
    columns=(
        Column(name="requirement", title="word.requirement", width=18),
        Column(name="title", title="word.title", width=40, kind=Kind.WRAPPED, on_page=False),
        Column(name="text", title="comments.text", width=80, kind=Kind.WRAPPED),
        Column(name="signature", title="comments.author", width=36, kind=Kind.WRAPPED),
        Column(name="about", title="comments.about", width=14, kind=Kind.DAY),
        Column(name="made_at", title="comments.made", width=18, kind=Kind.MOMENT),
        Column(name="author", title="comments.author_id", width=24, on_page=False),
        Column(name="id", title="word.id", width=24, on_page=False),
    ),
    sheet=SheetPlace(name="sheet.comments"),
)  # fmt: skip

SECTION: Final = Section(
    id="comments",
    positions={ReportType.AUDIT: 84},
    is_shown=lambda document: COMMENTS.of(document) is not None,
    contents=(COMMENTS,),
    tables=(ROWS,),
    view=lambda document: {"comment_rows": comment_rows(document)},
    page_widths={"grid.comments": {"id": 13, "text": 45, "person": 20, "day": 10, "moment": 12}},
)
