"""A headless Chromium, spoken to in its own protocol over pipes: no port, no driver, no network."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

AXE: Final = Path(__file__).parents[2] / ".test-tools/node_modules/axe-core/axe.min.js"
_FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--remote-debugging-pipe", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip


@contextmanager
def open_browser(profile: Path) -> Iterator["Browser"]:
    """A browser of its own, ended with the block."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    program = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
    process = subprocess.Popen(
        ["bash", "-c", program, "chromium", *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        with os.fdopen(ours_in, "rb") as answers, os.fdopen(ours_out, "wb") as commands:
            yield Browser(answers, commands)
    finally:
        process.terminate()
        process.wait(60)


class BrowserCommandError(Exception):
    """The browser refused a command, such as a script in a page that is being replaced by another one."""


class Browser:
    """One browser and the page it shows."""

    def __init__(self, answers: Any, commands: Any) -> None:  # noqa: ANN401 - binary streams of a pipe
        self._answers, self._commands = answers, commands
        self._number, self._session, self._target = 0, "", ""
        self.events: list[Mapping[str, Any]] = []
        """Every event that the browser sent since the page was opened."""

    def open_page(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Show the file at ``path`` in a window of this size; returns when it has loaded."""
        self.open_url(path.as_uri(), width=width, height=height, dark=dark)

    def open_url(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """The same for what a server on this machine says. The page before is closed."""
        before, self._target = self._target, self.call("Target.createTarget", url="about:blank", session="")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=self._target, flatten=True, session="")
        self._session = attached["sessionId"]
        if before:
            self.call("Target.closeTarget", targetId=before, session="")
        self.events = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.show_as(width=width, height=height, dark=dark)
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._read()

    def show_as(self, *, width: int, height: int, dark: bool) -> None:
        """Give the page a window of this size and a light or dark scheme, without loading it again."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def clear_cookies(self) -> None:
        """Be a browser that nobody has used."""
        self.call("Storage.clearCookies", session="")

    def keep_downloads(self, folder: Path) -> None:
        """Save downloads into the folder, under their identifier in the events."""
        given = {"behavior": "allowAndName", "downloadPath": str(folder), "eventsEnabled": True}
        self.call("Browser.setDownloadBehavior", session="", **given)

    def find_event(self, method: str, **wanted: object) -> Mapping[str, Any] | None:
        """The newest event of this kind with these values since the page was opened, as far as it has come by now."""
        self.call("Browser.getVersion", session="")  # reads what was sent before the answer
        found = (event["params"] for event in reversed(self.events) if event["method"] == method)
        return next((each for each in found if wanted.items() <= each.items()), None)

    def read_frame(self, ending: str) -> str | None:
        """The text of a frame by the end of its address; None until it has loaded."""
        targets = self.call("Target.getTargets", session="")["targetInfos"]
        frame = next((each for each in targets if each["type"] == "iframe" and each["url"].endswith(ending)), None)
        if frame is None:
            return None
        session = self.call("Target.attachToTarget", targetId=frame["targetId"], flatten=True, session="")["sessionId"]
        found = self.call(
            "Runtime.evaluate", expression="document.body?.innerText", returnByValue=True, session=session
        )
        return found["result"].get("value") or None

    def set_cookies(self, url: str, cookies: Mapping[str, str]) -> None:
        """Give the browser cookies of the server at ``url``, as its responses would."""
        for name, value in cookies.items():
            cookie = {"name": name, "value": value, "url": url, "httpOnly": True, "sameSite": "Strict"}
            self.call("Storage.setCookies", session="", cookies=[cookie])

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever the script gives
        """The value of ``script`` in the page, promises awaited."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def choose_file(self, script: str, path: Path) -> bool:
        """Choose the file in the input that ``script`` finds; False without one."""
        found = self.call("Runtime.evaluate", expression=script)["result"]
        if "objectId" not in found:
            return False
        self.call("DOM.setFileInputFiles", objectId=found["objectId"], files=[str(path)])
        return True

    def requested(self) -> list[str]:
        """Addresses the page asked for."""
        sent = (e for e in self.events if e["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]

    def call(self, method: str, *, session: str | None = None, **params: object) -> Any:  # noqa: ANN401 - JSON
        """One command and its answer."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        to = self._session if session is None else session
        self._commands.write(json.dumps(message | ({"sessionId": to} if to else {})).encode() + b"\0")
        self._commands.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserCommandError(method, answer["error"])
                return answer["result"]

    def _read(self) -> Mapping[str, Any]:
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser ended"
            message += byte
        answer: Mapping[str, Any] = json.loads(message)
        if "method" in answer:
            self.events.append(answer)
        return answer
