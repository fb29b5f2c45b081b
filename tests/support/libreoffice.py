"""LibreOffice asked to open a workbook, its password prompt answered as a person would. Run by the system's Python.

Arguments: the pipe it listens on, and JSON: for each attempt the workbook and the passwords typed in turn, until
Cancel is pressed. Prints as JSON for each attempt how often it asked, and cell B2 of the first sheet; null: not opened.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.lang import IllegalArgumentException
from com.sun.star.task import XInteractionAbort, XInteractionHandler, XInteractionPassword

_START_SECONDS = 240


class Person(unohelper.Base, XInteractionHandler):  # type: ignore[misc] # pyuno has no types
    """Types the next password; presses Cancel when none is left."""

    def __init__(self, passwords: list[str]) -> None:
        self.passwords, self.prompts = passwords, 0

    def handle(self, request: Any) -> None:  # noqa: ANN401 - pyuno has no types
        """Called with each question that LibreOffice has."""
        choices = {kind: choice for choice in request.getContinuations() for kind in _kinds(choice)}
        if XInteractionPassword in choices and self.passwords:
            self.prompts += 1
            choices[XInteractionPassword].setPassword(self.passwords.pop(0))
            choices[XInteractionPassword].select()
            return
        choices[XInteractionAbort].select()


def _kinds(choice: Any) -> list[Any]:  # noqa: ANN401 - as above
    return [
        kind
        for kind in (XInteractionPassword, XInteractionAbort)
        if choice.queryInterface(uno.getTypeByName(kind.__pyunointerface__))
    ]


def main(pipe: str, attempts: str) -> None:
    """Open and tell."""
    desktop = _connect(pipe)
    print(json.dumps([_open(desktop, workbook, passwords) for workbook, passwords in json.loads(attempts)]))


def _open(desktop: Any, workbook: str, passwords: list[str]) -> tuple[int, str | None]:  # noqa: ANN401 - as above
    person = Person(passwords)
    wishes = (PropertyValue(Name="Hidden", Value=True), PropertyValue(Name="InteractionHandler", Value=person))
    try:
        book = desktop.loadComponentFromURL(Path(workbook).absolute().as_uri(), "_blank", 0, wishes)
    except IllegalArgumentException:  # Cancel, by some releases; others return None
        book = None
    if book is None:
        return person.prompts, None
    cell = book.Sheets.getByIndex(0).getCellRangeByName("B2").String
    book.close(True)
    return person.prompts, cell


def _connect(pipe: str) -> Any:  # noqa: ANN401 - as above
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)


if __name__ == "__main__":
    main(*sys.argv[1:])
