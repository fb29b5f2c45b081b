"""The environment of custom templates: a document to read, words to write it with, and nothing else within reach.

Jinja's own sandbox stops underscores and mutation, but would still call any public method it meets, such as a data
frame's ``write_csv``. Here only methods of plain values, of the locale and of templates themselves can be called, and
only fields of documents can be read. What could fill the memory in one expression is bounded.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import BuiltinFunctionType, MethodType
from typing import Any, Final

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace
from markupsafe import Markup

from policycortex.documents.locales import Locale
from policycortex.documents.model import FindingsTable
from policycortex.rendering.counted_syntax import COUNTED_FILTERS, add_counting
from policycortex.rendering.template_limits import check_size, count_step

LONGEST: Final = 100_000
"""Characters or members that one operation of a custom template may make."""

_PLAIN: Final = (str, int, float, bool, date, timedelta, list, tuple, set, frozenset, Mapping)
_OF_TEMPLATES: Final = (Macro, LoopContext, BlockReference, Context, Cycler, Joiner, Namespace)
_READABLE: Final = ("builtins", "datetime", "jinja2.", "markupsafe", "policycortex.")
"""Modules whose values may be read field by field."""
_WIDENING: Final = frozenset({"format", "format_map", "ljust", "rjust", "center", "zfill", "expandtabs", "indent"}) | {
    *("join", "replace", "translate", "to_bytes")
}
"""Methods that pad text to any width asked for."""


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Refuses with SecurityError what a template has no business with."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - Jinja's own settings
        super().__init__(**settings)
        for name in ("center", "indent", "format", "attr", "map", "xmlattr", "pprint", "wordwrap", "tojson"):
            self.filters.pop(name, None)
        self.filters.update(COUNTED_FILTERS)
        self.globals.pop("lipsum", None)
        self._own = tuple(self.globals.values())

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return add_counting(super()._parse(source, name, filename))

    def call(self, context: Context, obj: Any, *args: Any, **named: Any) -> Any:  # noqa: ANN401 - Jinja's signature
        """As Jinja's; each call is a step, and its result has a limited size."""
        count_step()
        result = super().call(context, obj, *args, **named)
        check_size(result)
        return result

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ANN401 - Jinja's signature
        """Fields of documents and plain values; of the findings table only its size."""
        if isinstance(obj, FindingsTable):
            return attr == "total"
        if isinstance(obj, str | int) and attr in _WIDENING:
            return False
        module = type(obj).__module__
        is_readable = module.startswith(_READABLE) or isinstance(obj, _PLAIN)
        return is_readable and bool(super().is_safe_attribute(obj, attr, value))

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ANN401 - Jinja's signature
        """Words of the locale, methods of plain values, and what templates define."""
        if isinstance(obj, _OF_TEMPLATES) or any(obj is known for known in (*self._own, *self.globals.values())):
            return True
        if isinstance(obj, Undefined):
            return True  # calling it raises, and says what was undefined or unsafe
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, LoopContext | Context | Locale):
            return True
        is_method = isinstance(obj, BuiltinFunctionType | MethodType)
        return is_method and isinstance(owner, _PLAIN) and bool(super().is_safe_callable(obj))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - Jinja's
        """``*`` makes nothing longer than LONGEST, ``**`` no endless number, ``%`` formats no text."""
        if operator == "%" and isinstance(left, str):
            raise SecurityError("text cannot be formatted with % in a custom template; use ~ and the number filter")
        if operator == "**" and not (abs(left) <= LONGEST and abs(right) <= 8):
            raise SecurityError("a power this high is not needed in a report")
        if operator == "*" and _length(left, right) > LONGEST:
            raise SecurityError(f"this product would be longer than {LONGEST:,}")
        result = super().call_binop(context, operator, left, right)
        if operator == "+":
            check_size(result)
        return result


def _length(left: object, right: object) -> int:
    """Members of ``left * right`` where one is a sequence; 0 for a product of numbers."""
    for many, times in ((left, right), (right, left)):
        if isinstance(many, str | Markup | list | tuple) and isinstance(times, int):
            return len(many) * max(times, 0)
    return 0
