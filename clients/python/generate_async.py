"""Writes ``policycortex_client/aio`` from the modules above it: ``python clients/python/generate_async.py``.

Only classes that send requests are rewritten; values, errors and functions are imported from the module that has them.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeGuard

FOLDER: Final = Path(__file__).parents[2] / "policycortex_client"
NOT_GENERATED: Final = frozenset({"__init__.py", "walking.py"})
_PACKAGE: Final = "policycortex_client"
_SENT: Final = frozenset({"request", "get", "close"})
"""Methods of the connection pool that become coroutines."""
_RENAMED: Final = {
    "close": "aclose",
    "read": "aread",
    "iter_bytes": "aiter_bytes",
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
}
"""Attributes, and methods with underscores on both sides."""
_NAMES: Final = {"Iterator": "AsyncIterator", "RepeatableFile": "AsyncRepeatableFile"}


def generate() -> dict[str, str]:
    """Content by file name, before it is formatted."""
    trees = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py"))}
    classes = {node.name: stem for stem, tree in trees.items() for node in tree.body if _sends(node)}
    methods = {
        method.name
        for tree in trees.values()
        for node in tree.body
        if _sends(node)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and not _hands_on(method)
    }
    return {
        f"{stem}.py": _module(stem, tree, classes, methods)
        for stem, tree in trees.items()
        if any(map(_sends, tree.body))
    }


def _sends(node: ast.stmt) -> TypeGuard[ast.ClassDef]:
    """Whether it is a class that sends requests."""
    return isinstance(node, ast.ClassDef) and node.name.endswith(("Client", "Transport"))


def _hands_on(method: ast.FunctionDef) -> bool:
    """Whether it only returns an iterator, which is not awaited."""
    last = method.body[-1]
    return isinstance(last, ast.Return) and isinstance(last.value, ast.Call) and ast.unparse(last.value.func) == "walk"


def _module(stem: str, tree: ast.Module, classes: dict[str, str], methods: set[str]) -> str:
    rewritten = [_Rewriting(classes, methods).visit(node) for node in tree.body if _sends(node)]
    body = "\n\n\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in rewritten)
    used = {node.id for each in rewritten for node in ast.walk(each) if isinstance(node, ast.Name)}
    imports = sorted(set(_imports(stem, tree, classes, used)))
    text = f"Generated from ``{_PACKAGE}/{stem}.py`` by ``clients/python/generate_async.py``."
    return "\n".join([f'"""{text}"""', "", *imports, "", "", body, ""])


def _imports(stem: str, tree: ast.Module, classes: dict[str, str], used: set[str]) -> Iterator[str]:
    """A line for each name that the classes use."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (f"import {each.name}" for each in node.names if each.name in used)
        if isinstance(node, ast.ImportFrom):
            for each in node.names:
                name = _NAMES.get(each.name, each.name)
                if name in used and each.name not in classes:
                    source = f"{_PACKAGE}.aio.walking" if name == "walk" else node.module
                    yield f"from {source} import {name}"
        defined = [node.name] if isinstance(node, ast.ClassDef | ast.FunctionDef) else _assigned(node)
        yield from (f"from {_PACKAGE}.{stem} import {name}" for name in defined if name in used)
    yield from (["import asyncio"] if "asyncio" in used else [])
    for name, module in classes.items():
        if f"Async{name}" in used and module != stem:
            yield f"from {_PACKAGE}.aio.{module} import Async{name}"


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


class _Rewriting(ast.NodeTransformer):
    """One class with its methods as coroutines."""

    def __init__(self, classes: dict[str, str], methods: set[str]) -> None:
        self._classes, self._methods = classes, methods

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = f"Async{node.name}"
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        is_coroutine = node.name != "__init__" and not _hands_on(node)
        self.generic_visit(node)
        node.name = _RENAMED.get(node.name, node.name) if node.name.startswith("__") else node.name
        return ast.AsyncFunctionDef(**vars(node)) if is_coroutine else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = f"Async{node.id}" if node.id in self._classes else _NAMES.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if ast.unparse(node) in {"httpx.Client", "httpx.BaseTransport"}:
            node.attr = f"Async{node.attr}"
        return self.generic_visit(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        is_stream = "self._http.stream" in ast.unparse(node.items[0])
        self.generic_visit(node)
        return ast.AsyncWith(**vars(node)) if is_stream else node

    def visit_For(self, node: ast.For) -> ast.AST:
        is_stream = ast.unparse(node.iter).startswith("response.iter_")
        self.generic_visit(node)
        return ast.AsyncFor(**vars(node)) if is_stream else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.YieldFrom):
            return ast.parse(f"for item in {ast.unparse(node.value.value)}:\n    yield item").body[0]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = ast.unparse(node.func)
        self.generic_visit(node)
        if name == "time.sleep":
            return ast.Await(ast.Call(ast.parse("asyncio.sleep", mode="eval").body, node.args, []))
        owner, _, method = name.rpartition(".")
        is_request = (owner == "self" and method in self._methods) or (owner == "self._http" and method in _SENT)
        if isinstance(node.func, ast.Attribute) and (
            name in {"response.read", "response.iter_bytes"} or (owner == "self._http" and method == "close")
        ):
            node.func.attr = _RENAMED[method]
        return ast.Await(node) if is_request or name == "response.read" else node


if __name__ == "__main__":
    for file_name, content in generate().items():
        (FOLDER / "aio" / file_name).write_text(content, encoding="utf-8")
