"""Messages about errors in framework files: path, problem, allowed values, nearest spelling."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from policycortex.errors import ConfigurationError, Problem

_SHOWN: Final = 50
_KEPT: Final = 500
"""Limits the size of an API response about a file with a million mistakes."""
_KINDS: Final[Mapping[type, str]] = {
    type(None): "empty", bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list",
    dict: "a group of fields",
}  # fmt: skip
_WANTED: Final[Mapping[str, str]] = {
    "string_type": "text", "list_type": "a list", "dict_type": "a group of fields", "model_type": "a group of fields",
    "model_attributes_type": "a group of fields", "float_type": "a number",
}  # fmt: skip


def file_error(name: str, problems: Sequence[Problem]) -> ConfigurationError:
    """One error that names the file and all its problems: fifty in the message, five hundred in its details."""
    shown = "; ".join(f"{p.field}: {p.message}" if p.field else p.message for p in problems[:_SHOWN])
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return ConfigurationError(
        f"the framework file {name} cannot be used: {shown}{more}", details=tuple(problems[:_KEPT])
    )


def explain(error: ValidationError, *, fields: Mapping[tuple[str, ...], Collection[str]]) -> tuple[Problem, ...]:
    """Pydantic's errors as problems of this product, in the file's order.

    ``fields`` are the allowed fields by place, list positions left out: ``("requirements",)`` for each requirement.
    """
    return tuple(
        Problem(field=path_text([p for p in item["loc"] if p != "[key]"]), message=_message(dict(item), fields))
        for item in error.errors(include_url=False)
    )


def path_text(parts: Sequence[str | int]) -> str:
    """``("requirements", 3, "title")`` as ``requirements[3].title``."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def one_message_for(wanted: str) -> WrapValidator:
    """For fields of several types: one problem that names them all, instead of one per type."""

    def check(value: object, inner: ValidatorFunctionWrapHandler) -> object:
        try:
            checked: object = inner(value)
        except ValidationError:
            raise PydanticCustomError("several_types", "must be {wanted}, not {kind}", _named(wanted, value)) from None
        return checked

    return WrapValidator(check)


def _named(wanted: str, value: object) -> dict[str, str]:
    return {"wanted": wanted, "kind": _KINDS.get(type(value), f"a {type(value).__name__}")}


def nearest(word: str, allowed: Collection[str]) -> str:
    """`` Did you mean "x"?`` or "", to be put at the end of a message."""
    close = get_close_matches(word.casefold(), {a.casefold(): a for a in allowed}, n=1, cutoff=0.6)
    spelled = {a.casefold(): a for a in allowed}
    return f' Did you mean "{spelled[close[0]]}"?' if close else ""


def _message(item: Mapping[str, Any], fields: Mapping[tuple[str, ...], Collection[str]]) -> str:
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            allowed = fields.get(tuple(p for p in item["loc"][:-1] if isinstance(p, str)), ())
            word = str(item["loc"][-1])
            return f"is not known here; allowed are {', '.join(allowed)}.{nearest(word, allowed)}"
        case "string_too_short" | "too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters, has {len(value)}"
        case "too_long":
            return f"must have at most {context['max_length']} entries, has {len(value)}"
        case "string_pattern_mismatch":
            return _pattern_message(value, context["pattern"])
        case "string_unicode":
            return "contains half a character pair (a lone surrogate), which is not text"
        case "greater_than_equal" | "less_than_equal" | "finite_number":
            return f"{item['msg'].removeprefix('Input ').lower()}, got {value}"
        case "literal_error":
            allowed = context["expected"].replace("' or '", "', '").replace("'", "")
            return f"must be one of {allowed}, not {value!r}{nearest(str(value), allowed.split(', '))}"
        case _ if kind in _WANTED:
            return _type_message(_WANTED[kind], value)
        case _:
            return str(item["msg"])


def _type_message(wanted: str, value: object) -> str:
    is_scalar = wanted == "text" and not isinstance(value, list | dict | type(None))
    quotes = f" ({value}); write it in quotes" if is_scalar else ""
    return f"must be {wanted}, not {_KINDS.get(type(value), f'a {type(value).__name__}')}{quotes}"


def _pattern_message(value: str, pattern: str) -> str:
    if pattern.startswith("^[a-z"):
        return f"{value!r} must be lower-case letters, digits, dots, dashes and underscores, a letter or digit first"
    if "A-Z" in pattern:
        return f"{value[:40]!r} must be a provider in lower case without spaces (aws, azure, gcp...), or * for any"
    return f"{value[:40]!r} contains a control character"
