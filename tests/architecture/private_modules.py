"""An import-linter contract: private modules of a library are imported in one package only.

import-linter's own contracts see external libraries as a whole. The import graph also has the source line of each
import, which names the module.
"""

import re

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PrivateModulesContract(Contract):
    """``library``'s modules with a leading underscore may be imported only within ``allowed_modules``."""

    type_name = "private_modules"

    library = fields.StringField()
    allowed_modules = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        """Find every import of a private module outside the allowed packages."""
        library = str(self.library)
        private = re.compile(rf"\b{re.escape(library)}(?:\.\w+)*\._|\bfrom {re.escape(library)}(?:\.\w+)* import _")
        allowed = tuple(str(name) for name in self.allowed_modules)  # type: ignore[attr-defined]
        broken = [
            f"{importer} (line {detail['line_number']}): {detail['line_contents']}"
            for importer in sorted(graph.find_modules_that_directly_import(library) if library in graph.modules else ())
            if not any(importer == name or importer.startswith(f"{name}.") for name in allowed)
            for detail in graph.get_import_details(importer=importer, imported=library)
            if private.search(detail["line_contents"])
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line per import."""
        for line in check.metadata["broken"]:
            output.print_error(line)
