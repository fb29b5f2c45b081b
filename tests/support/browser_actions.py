"""What a person does in a browser, by mouse or by keyboard: find by what is shown, act, wait until it has happened.

Nothing here sleeps for a fixed time: each step is tried until it succeeds, or until its patience ends.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.support.browser import Browser, BrowserCommandError

PATIENCE_SECONDS: Final = 60.0
"""Until a step counts as failed; the machine may be busy."""
_STEP_SECONDS: Final = 0.05
_MOST_TABS: Final = 150
_KEYS: Final[Mapping[str, tuple[str, int, str]]] = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": ("Space", 32, " "),
    "ArrowDown": ("ArrowDown", 40, ""),
}
"""Name: code, virtual key code, text. The name of Space as a key is a blank."""
_FINDERS: Final = """
globalThis.nameOf = (element) => {
  const label = element.closest("label") || element.labels?.[0];
  const own = ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName)
    ? [...(label?.childNodes || [])].filter((node) => node.nodeType === 3).map((node) => node.data).join(" ")
    : element.innerText;
  return (element.getAttribute("aria-label") || own || "").replace(/\\s+/g, " ").trim();
};
globalThis.findShown = (selector, name) => [...document.querySelectorAll(selector)].find(
  (element) => element.checkVisibility() && element.getClientRects().length && nameOf(element).startsWith(name));
"""
_CONTROLS: Final = "a[href], button, summary, input:not([type=hidden]), select, textarea"


class Person:
    """One person at one browser window."""

    def __init__(self, browser: Browser, base_url: str, cookies: Mapping[str, str], **view: Any) -> None:  # noqa: ANN401
        self._browser, self._base, self._cookies, self._view = browser, base_url.rstrip("/"), dict(cookies), view
        self.clicks = 0

    def open(self, path: str) -> "Person":
        """Load a page of this server, or any address, with the person's cookies alone."""
        self._browser.clear_cookies()
        self._browser.set_cookies(self._base, self._cookies)
        self._browser.open_url(path if path.startswith("http") else f"{self._base}{path}", **self._view)
        return self

    def click(self, name: str, *, selector: str = "a[href], button, summary, label") -> None:
        """Click the first shown element whose name begins so, in its middle, as the mouse does."""
        point = self._until(lambda: self._evaluate(f"{_FINDERS}{_point_of(selector, name)}"), f"a shown {name!r}")
        for kind in ("mousePressed", "mouseReleased"):
            self._browser.call(
                "Input.dispatchMouseEvent", type=kind, x=point[0], y=point[1], button="left", clickCount=1
            )
        self.clicks += 1

    def fill(self, name: str, value: str) -> None:
        """Write into a field with this label, choose an option by its text, or set a date (``2027-06-30``)."""
        script = f"""{_FINDERS}(() => {{
            const field = findShown("input, select, textarea", {json.dumps(name)});
            if (!field) return false;
            field.focus();
            if (field.tagName === "SELECT") {{
                const option = [...field.options].find((each) => each.text.startsWith({json.dumps(value)}));
                if (!option) return false;
                field.value = option.value;
            }} else if (field.type === "date") field.value = {json.dumps(value)};
            else {{ field.select(); return "type"; }}
            for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, {{bubbles: true}}));
            return "set";
        }})()"""
        if self._until(lambda: self._evaluate(script), f"a field {name!r} that takes {value!r}") == "type":
            self._browser.call("Input.insertText", text=value)

    def choose(self, name: str, file: Path) -> None:
        """Choose a file in the field with this label."""
        script = f'{_FINDERS}findShown("input[type=file]", {json.dumps(name)})'
        self._until(lambda: self._chosen(script, file), f"a field {name!r} for files")

    def press(self, key: str) -> None:
        """One key of the keyboard: a named one, or the key of a character."""
        code, number, text = _KEYS.get(key, (key, ord(key.upper()[0]), key))
        given: dict[str, Any] = {"key": " " if key == "Space" else key, "code": code, "windowsVirtualKeyCode": number}
        self._browser.call("Input.dispatchKeyEvent", type="keyDown", text=text, **given)
        self._browser.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def tab_to(self, name: str) -> None:
        """Go on by Tab to the control of this name. Each stop shows where the focus is."""
        for _ in range(_MOST_TABS):
            self.press("Tab")
            shown, found, is_clear = self._evaluate(
                f"""{_FINDERS}(() => {{ const at = document.activeElement; const style = getComputedStyle(at);
                return [at.outerHTML.slice(0, 120), at.matches({json.dumps(_CONTROLS)}) && nameOf(at),
                    at === document.body || at.tagName === "IFRAME" || parseFloat(style.outlineWidth) >= 2]; }})()"""
            )
            assert is_clear, f"the focus cannot be seen on {shown}"
            if found is not False and found.startswith(name):
                return
        raise AssertionError(f"Tab does not reach {name!r}")

    def write(self, text: str) -> None:
        """Type into what has the focus, key by key."""
        for character in text:
            self.press(character)

    def sees(self, text: str) -> None:
        """Wait until the page shows the text."""
        shown = f"document.body?.innerText.replace(/\\s+/g, ' ').includes({json.dumps(text)})"
        try:
            self._until(lambda: self._evaluate(shown), "")
        except AssertionError:
            found = self._evaluate("[location.href, document.body.innerText]")
            raise AssertionError(f"{text!r} is not shown at {found[0]}:\n{found[1][:3000]}") from None

    def arrives(self, start: str) -> str:
        """Wait until the address begins with this path and the page has loaded; the path."""
        script = "document.readyState === 'complete' && location.pathname + location.search"
        found = self._until(lambda: (at := self._evaluate(script)) and at.startswith(start) and at, f"at {start}")
        return str(found)

    def value(self, script: str) -> Any:  # noqa: ANN401 - JSON
        """What a script in the page gives, once it gives something true."""
        return self._until(lambda: self._evaluate(f"{_FINDERS}{script}"), script)

    def shows(self, name: str) -> bool:
        """Whether a link or button whose name begins so is shown now."""
        return bool(self._evaluate(f'{_FINDERS}findShown("a[href], button, summary", {json.dumps(name)}) ? 1 : 0'))

    def frame_text(self, path: str) -> str:
        """The text of the frame whose address ends so, once it has loaded."""
        return str(self._until(lambda: self._browser.read_frame(path), f"a frame {path}"))

    def fits(self) -> bool:
        """Whether the page is not wider than its window."""
        return bool(self._evaluate("document.documentElement.scrollWidth <= innerWidth"))

    def download(self, name: str, folder: Path) -> Path:
        """Click a link that gives a file; the file, under the name that the browser gave it."""
        folder.mkdir(exist_ok=True)
        self._browser.keep_downloads(folder)
        self.click(name)
        begun = self._until(lambda: self._browser.find_event("Browser.downloadWillBegin"), f"a download of {name!r}")
        guid = begun["guid"]
        self._until(
            lambda: self._browser.find_event("Browser.downloadProgress", guid=guid, state="completed"), "the whole file"
        )
        return (folder / str(guid)).rename(folder / str(begun["suggestedFilename"]))

    def _chosen(self, script: str, file: Path) -> bool:
        try:
            return self._browser.choose_file(script, file)
        except BrowserCommandError:
            return False

    def _evaluate(self, script: str) -> Any:  # noqa: ANN401 - JSON
        """None while the page is being replaced by another one."""
        try:
            return self._browser.evaluate(script)
        except BrowserCommandError:
            return None

    def _until(self, attempt: Callable[[], Any], wanted: str) -> Any:  # noqa: ANN401 - what the attempt gives
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := attempt()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not {wanted} at {self._evaluate('location.href')}")
            time.sleep(_STEP_SECONDS)
        return found


def _point_of(selector: str, name: str) -> str:
    """A script for the middle of the element, once it is in view, is where the mouse hits it, and does not move."""
    return f"""(async () => {{
        const element = document.readyState === "complete" && findShown({json.dumps(selector)}, {json.dumps(name)});
        if (!element) return null;
        element.scrollIntoView({{block: "center", behavior: "instant"}});
        await new Promise((done) => setTimeout(done, 20));
        const box = element.getClientRects()[0];
        const point = [box.x + box.width / 2, box.y + box.height / 2];
        return element.contains(document.elementFromPoint(...point)) ? point : null;
    }})()"""
