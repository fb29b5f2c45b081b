"""Adds the counting of steps and sizes to a parsed template, and filters that cannot make endless texts."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from jinja2 import nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from policycortex.rendering.template_limits import MOST_MEMBERS, check_size, count_step

_STEP: Final = "_count_step"
_SIZE: Final = "_check_size"
_LARGEST_ARGUMENT: Final = 10_000


def add_counting(tree: nodes.Template) -> nodes.Template:
    """The same template; iterations, macros, blocks and templates count steps, new texts and lists their size."""
    _Sizes().visit(tree)
    counted: list[Any] = [*tree.find_all(nodes.For), *tree.find_all(nodes.Macro), *tree.find_all(nodes.CallBlock)]
    for node in [*counted, *tree.find_all(nodes.Block)]:
        node.body.insert(0, _step(node))
    tree.body.insert(0, _step(tree))
    return tree


class _Sizes(NodeTransformer):
    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        return _filtered(node, _SIZE)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        return _filtered(node, _SIZE)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        return _filtered(node, _SIZE)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        return _filtered(node, _SIZE) if node.ctx == "load" else node

    def visit_AssignBlock(self, node: nodes.AssignBlock) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.filter = _filtered(node.filter, _SIZE, lineno=node.lineno)
        return node


def _filtered(node: nodes.Expr | None, name: str, *, lineno: int | None = None) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=lineno or (node.lineno if node is not None else 1))


def _step(node: nodes.Node) -> nodes.ExprStmt:
    """A statement that counts one step, and the characters that the node's own text has."""
    texts = [len(text.data) for text in node.find_all(nodes.TemplateData)]
    texts += [len(text.value) for text in node.find_all(nodes.Const) if isinstance(text.value, str)]
    count = nodes.Filter(nodes.Const(sum(texts)), _STEP, [], [], None, None, lineno=node.lineno)
    return nodes.ExprStmt(count, lineno=node.lineno)


@pass_context
def _count(_context: Context, characters: int) -> str:
    count_step(characters)
    return ""


@pass_context
def _sized(_context: Context, value: object) -> object:
    check_size(value)
    return value


@pass_context
def _replace(context: Context, text: object, old: object, new: object, count: int | None = None) -> object:
    plain = str(text)
    if len(plain) + plain.count(str(old)) * len(str(new)) > MOST_MEMBERS:
        raise SecurityError(f"replace would make more than {MOST_MEMBERS:,} characters")
    return FILTERS["replace"](context.eval_ctx, text, old, new, count)


@pass_context
def _join(context: Context, values: Iterable[object], d: object = "", attribute: str | int | None = None) -> object:
    members = list(values)
    if attribute is None and sum(len(str(member)) + len(str(d)) for member in members) > MOST_MEMBERS:
        raise SecurityError(f"join would make more than {MOST_MEMBERS:,} characters")
    return FILTERS["join"](context.eval_ctx, members, d, attribute)


def _with_small_numbers(name: str) -> Callable[..., Any]:
    """The filter, which refuses numbers that would make an endless result."""
    original = FILTERS[name]

    @pass_context
    def bounded(_context: Context, value: object, *args: Any, **named: Any) -> Any:  # noqa: ANN401 - any filter's
        numbers = [n for n in (*args, *named.values()) if isinstance(n, int | float)]
        if any(abs(number) > _LARGEST_ARGUMENT for number in numbers):
            raise SecurityError(f"the filter {name} takes numbers up to {_LARGEST_ARGUMENT:,}")
        return original(value, *args, **named)

    return bounded


COUNTED_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    _STEP: _count,
    _SIZE: _sized,
    "replace": _replace,
    "join": _join,
    "batch": _with_small_numbers("batch"),
    "slice": _with_small_numbers("slice"),
    "round": _with_small_numbers("round"),
}
