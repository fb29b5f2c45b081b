"""Which comments a caller may see."""

from collections.abc import Collection

from api.platform.auth import Principal
from policycortex.documents.comments import RequirementComment
from policycortex.storage.registry.comments import CommentFilter


def visible_to(caller: Principal, frameworks: Collection[str] | None, requirement: str | None) -> CommentFilter:
    """Comments on ``frameworks``, for an auditor only within the grant; None: on all."""
    grant = caller.key.grant
    if grant is None:
        return CommentFilter(frameworks=frameworks, requirement=requirement)
    reached = set(grant.frameworks) if frameworks is None else set(frameworks) & set(grant.frameworks)
    return CommentFilter(frameworks=reached, requirement=requirement, about=grant.period)


def is_visible_to(caller: Principal, comment: RequirementComment) -> bool:
    """Whether a comment of the caller's organisation is within the caller's grant, or there is no grant."""
    grant = caller.key.grant
    if grant is None:
        return True
    return comment.framework in grant.frameworks and grant.period.start < comment.as_of <= grant.period.end
