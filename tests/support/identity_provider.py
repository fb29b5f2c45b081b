"""A real OpenID provider on loopback (npm's oidc-provider), and people who sign in at it."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

CLIENT_ID: Final = "policycortex"
CLIENT_SECRET: Final = "a secret: of & for tests"
"""Has characters that must be encoded."""
_PROGRAM: Final = Path(__file__).with_name("identity_provider.mjs")
_MODULES: Final = Path(__file__).parents[2] / ".test-tools" / "node_modules"


@dataclass
class RunningProvider:
    """The provider's process."""

    issuer: str
    process: "subprocess.Popen[str]"

    def configure(self, origin: str) -> None:
        """Send people back to this origin from now on, and sign with a new key; all sessions end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{origin}\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline()) != "ready\n":  # it also prints notices of its library
            assert line, "the provider has ended"


def run_provider(accounts: Mapping[str, Any]) -> Iterator[RunningProvider]:
    """A provider that knows the accounts; ``configure`` it before use."""
    client = json.dumps({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
    command = ["node", str(_PROGRAM), str(_MODULES), client, json.dumps(accounts)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        yield RunningProvider(issuer=f"http://127.0.0.1:{int(process.stdout.readline())}", process=process)
    finally:
        process.communicate()  # it ends with its input


def pass_provider(browser: httpx.Client, start: httpx.Response, login: str) -> str:
    """Sign in at the provider's pages as a person would; the address to which it sends the browser back."""
    answer = browser.get(start.headers["location"])
    for _ in range(12):
        if answer.is_redirect:
            address = str(httpx.URL(answer.url).join(answer.headers["location"]))
            if "/sign-in/callback" in address:
                return address
            answer = browser.get(address)
            continue
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
        action = re.search(r'action="([^"]+)"', answer.text)
        assert prompt is not None, answer.text
        assert action is not None, answer.text
        fields = {"prompt": prompt[1], "login": login, "password": "any"}
        answer = browser.post(str(httpx.URL(answer.url).join(action[1])), data=fields)
    raise AssertionError(f"the provider sent {login} in circles")
