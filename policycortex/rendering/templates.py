"""Where the built-in templates lie and the Jinja environment they run in. Autoescape on, unknown names are errors.

Everything a template prints passes ``show_controls``, so no text from outside can act in a page.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from policycortex.errors import ConfigurationError, RenderingError
from policycortex.rendering.locales import Locale
from policycortex.rendering.visible_text import shorten, show_controls


@cache
def templates_folder() -> Path:
    """``templates`` of a checkout, ``policycortex/_templates`` of an installed wheel. Raises ConfigurationError."""
    package = Path(str(files("policycortex")))
    for folder in (package / "_templates", package.parent / "templates"):
        if (folder / "report").is_dir():
            return folder
    raise ConfigurationError(f"the templates are missing beside {package}; install the package again")


def render_template(name: str, locale: Locale, **values: object) -> str:
    """The text of template ``name``. Raises RenderingError with the template's own complaint."""
    try:
        return page_environment(locale).get_template(name).render(**values)
    except TemplateError as error:
        raise RenderingError(f"template {name} could not be rendered: {error}") from error


@cache
def page_environment(locale: Locale) -> Environment:
    """The environment of HTML pages in one locale; ``t`` gives texts, filters write numbers and dates."""
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.globals["t"] = locale.text
    environment.globals["locale"] = locale
    environment.filters.update(
        number=locale.number,
        score=locale.score,
        points=locale.points,
        day=locale.day,
        moment=locale.moment,
        shorten=shorten,
    )
    return environment


def _finalize(value: object) -> object:
    return show_controls(value) if isinstance(value, str) and not isinstance(value, Markup) else value
