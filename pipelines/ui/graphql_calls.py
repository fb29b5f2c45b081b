"""GraphQL calls as Dagster's webserver will understand them: one parser, and the call is written anew for Dagster.

So nothing that was not checked reaches Dagster: no second value of a field, no other type of body, no list of calls.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)
from graphql.utilities import value_from_ast_untyped

from policycortex.errors import RequestError

MAX_CALL_BYTES: Final = 1 << 20
_MAX_TOKENS: Final = 20_000  # the largest query of Dagster's pages has some 4,000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One field of a mutation: what Dagster would do."""

    name: str
    """The field, not its alias: ``launchRun``."""
    arguments: Mapping[str, Any]
    """With the values of variables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlCall:
    """A parsed call."""

    body: Mapping[str, Any]
    """What Dagster gets."""
    operations: frozenset[OperationType]
    """Of all operations in the document, also of those that are not named."""
    mutations: tuple[Mutation, ...]
    """Of all mutations in the document."""

    def to_json(self) -> bytes:
        """The call for Dagster."""
        return json.dumps(self.body).encode()


def parse_call(content: bytes) -> GraphqlCall:
    """The call in the body of a request. Raises RequestError on anything but one JSON object with a valid document."""
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        raise RequestError("the body is no JSON") from None
    return call_of(given)


def call_of(given: object) -> GraphqlCall:
    """The call in a JSON object. Raises RequestError."""
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        raise RequestError("a call is one object with the field query")
    variables, name = given.get("variables"), given.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        raise RequestError("variables must be an object, and operationName a text")
    try:
        document = parse(given["query"], no_location=True, max_tokens=_MAX_TOKENS)
    except (GraphQLError, RecursionError) as error:
        raise RequestError(f"the query is not valid: {error}") from None
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return GraphqlCall(
        body={"query": given["query"], "variables": variables, "operationName": name},
        operations=frozenset(operation.operation for operation in operations),
        mutations=tuple(_mutations(document, operations, variables or {})),
    )


def _mutations(
    document: DocumentNode, operations: list[OperationDefinitionNode], variables: Mapping[str, Any]
) -> Iterator[Mutation]:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    for operation in operations:
        if operation.operation is OperationType.MUTATION:
            for node in _fields(operation.selection_set, fragments, frozenset()):
                arguments = {
                    each.name.value: value_from_ast_untyped(each.value, dict(variables)) for each in node.arguments
                }
                yield Mutation(name=node.name.value, arguments=arguments)


def _fields(
    selection: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], above: frozenset[str]
) -> Iterator[FieldNode]:
    """The fields of the mutation itself, through fragments; a fragment inside itself is not followed."""
    for node in selection.selections:
        match node:
            case FieldNode():
                yield node
            case InlineFragmentNode():
                yield from _fields(node.selection_set, fragments, above)
            case FragmentSpreadNode() if node.name.value in fragments and node.name.value not in above:
                inner = fragments[node.name.value].selection_set
                yield from _fields(inner, fragments, above | {node.name.value})
