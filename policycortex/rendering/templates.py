"""The Jinja environments of templates: one for the built-in templates, a sandbox for those of an installation.

Autoescape is on, and unknown names are errors. All printed values pass ``show_controls``, so that no external text can
act in a page.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from types import CodeType, TracebackType
from typing import Final

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.bccache import Bucket
from markupsafe import Markup

from policycortex.documents.catalogues import FALLBACK
from policycortex.documents.locales import Locale, open_locale
from policycortex.documents.scope_text import write_scope
from policycortex.documents.template_files import read_inside, templates_folder
from policycortex.errors import RenderingError
from policycortex.rendering.marked_markup import breakable, marked, marked_line, marked_words
from policycortex.rendering.sandbox import TemplateSandbox
from policycortex.rendering.template_limits import count_characters, template_limits
from policycortex.rendering.visible_text import show_controls
from policycortex.shortening import shorten

BUILT_IN: Final = "built_in"
"""Prefix of built-in templates for custom ones that extend them: ``{% extends "built_in/report/print.html" %}``."""

_OF_REPORTS: Final = ("report/", "charts/")

# What a template's own expressions can raise, beside Jinja's errors.
_SLIPS: Final = (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


def render_template(name: str, locale: Locale, own: Path | None = None, **values: object) -> str:
    """The text of template ``name``, from folder ``own`` where that has it.

    Raises RenderingError with the file, the line and the template's own complaint.
    """
    try:
        with template_limits() if own is not None else nullcontext():
            return page_environment(locale, own).get_template(name).render(**values)
    except _SLIPS as error:
        raise RenderingError(f"{_place(error, name, own)} could not be rendered: {_complaint(error)}") from error


def own_text(own: Path | None, name: str) -> str:
    """A file of the custom template's folder as text; empty where there is none. Raises RenderingError."""
    path = read_inside(own, name) if own is not None else None
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RenderingError(
            f"{path.name} of custom template {path.parent.name!r} could not be read: {error}"
        ) from error


class _BuiltInCode(BytecodeCache):
    """The code of built-in templates, once for all locales. Kept beside the digest of the text that it came from."""

    def __init__(self) -> None:
        self._code: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the bucket the code of its template where that has not changed since."""
        checksum, code = self._code.get(bucket.key, (None, None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template that was compiled."""
        if bucket.code is not None:
            self._code[bucket.key] = (bucket.checksum, bucket.code)


_BUILT_IN_CODE: Final = _BuiltInCode()


def compile_templates() -> None:
    """Compile the built-in templates of reports, so that forks of this process need not."""
    environment = page_environment(open_locale(FALLBACK), None)
    for name in environment.list_templates(extensions=["html"]):
        if name.startswith(_OF_REPORTS):
            environment.get_template(name)


@cache
def page_environment(locale: Locale, own: Path | None) -> Environment:
    """The environment of HTML pages in one locale; ``t`` gives texts, filters write numbers and dates."""
    make: Callable[..., Environment] = Environment if own is None else TemplateSandbox
    environment = make(
        loader=_loader(own),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
        auto_reload=own is not None,
        bytecode_cache=_BUILT_IN_CODE if own is None else None,  # a sandbox compiles otherwise
    )
    environment.globals["t"] = locale.text
    environment.globals["locale"] = locale
    environment.filters.update(
        number=locale.number,
        score=locale.score,
        points=locale.points,
        day=locale.day,
        day_mark=locale.day_mark,
        month_mark=locale.month_mark,
        days=locale.days,
        moment=locale.moment,
        shorten=shorten,
        breakable=breakable,
        marked=marked,
        marked_line=marked_line,
        marked_words=marked_words,
        scope_words=write_scope,
    )
    return environment


class _OwnLoader(BaseLoader):
    """``report/print.html`` is ``print.html`` in the custom folder; nothing outside it is read, links included."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_source(
        self,
        environment: Environment,  # noqa: ARG002 - Jinja's signature
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """Text, path, and whether both still hold. Raises TemplateNotFound."""
        path = read_inside(self._folder, template.removeprefix("report/"))
        if path is None or path.suffix != ".html":
            raise TemplateNotFound(template)
        written_at = path.stat().st_mtime_ns
        text = own_text(self._folder, template.removeprefix("report/"))
        return text, str(path), lambda: path.is_file() and path.stat().st_mtime_ns == written_at


def _loader(own: Path | None) -> BaseLoader:
    built_in = FileSystemLoader(templates_folder())
    if own is None:
        return built_in
    return ChoiceLoader([_OwnLoader(own), built_in, PrefixLoader({BUILT_IN: built_in})])


def _finalize(value: object) -> object:
    if isinstance(value, str):
        count_characters(len(value))
    return show_controls(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _complaint(error: BaseException) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    message = str(error) or type(error).__name__
    return message if isinstance(error, TemplateError) else f"{type(error).__name__}: {message}"


def _place(error: BaseException, name: str, own: Path | None) -> str:
    """The template and the line an error comes from; the outermost template where none is known."""
    file, line = name, None
    if isinstance(error, TemplateSyntaxError):
        file, line = error.filename or error.name or name, error.lineno
    else:
        for path, number in _frames(error.__traceback__):
            if path.endswith(".html"):
                file, line = path, number
    where = f" line {line}" if line else ""
    if own is not None and Path(file).is_relative_to(own.resolve()):
        return f"custom template {own.name!r}, {Path(file).relative_to(own.resolve())}{where},"
    folder = templates_folder()
    shown = Path(file).relative_to(folder) if Path(file).is_relative_to(folder) else file
    return f"template {shown}{where}"


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return frames
