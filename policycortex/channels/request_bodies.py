"""Base models and field types of what a request writes for one channel in its ``delivery`` object."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from policycortex.channels.connection_settings import Connection
from policycortex.channels.model import Target
from policycortex.channels.patterns import pattern_problem
from policycortex.field_types import Line, Strict, Text, refuse


def _check_line(value: str) -> str:
    return _checked(value, is_one_line=True)


def _check_text(value: str) -> str:
    return _checked(value, is_one_line=False)


def _checked(value: str, *, is_one_line: bool) -> str:
    problem = pattern_problem(value, is_one_line=is_one_line)
    if problem:
        raise refuse(problem)
    return value


PatternLine = Annotated[Line, AfterValidator(_check_line)]
PatternText = Annotated[Text, AfterValidator(_check_text)]


class ChannelBody(Strict):
    """Fields of every channel."""

    connection: str | None = Field(
        default=None,
        max_length=63,
        description="Name of a connection of the installation; needed if there are several of this type",
    )

    @abstractmethod
    def targets(self) -> Iterator[Target]:
        """One target per delivery, in the order of the request."""

    def targets_over(self, connection: Connection | None) -> Iterator[Target]:  # noqa: ARG002 - bodies that name lists of a connection override it
        """``targets``, with lists of the connection replaced by their members. None: no connection exists yet."""
        return self.targets()

    def problem_with(self, connection: Connection | None) -> str | None:  # noqa: ARG002 - bodies that depend on it override it
        """Why the body cannot be used over this connection; None if it can. None: no connection exists yet."""
        return None


class FilesBody(ChannelBody):
    """Files under names made from a pattern; each format's extension is added."""

    path: PatternLine | None = Field(default=None, max_length=500, examples=["compliance/{{framework}}/{{date}}"])

    def targets(self) -> Iterator[Target]:
        """One target: the pattern of the object names."""
        yield Target(address=self.path or "")
