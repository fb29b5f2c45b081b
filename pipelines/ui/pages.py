"""The pages of the sign-in. They need no script and load nothing."""

from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from pipelines.ui.access import Caller

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">{head}<title>Sign in</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}}
label{{display:block;margin-top:1rem}}input[type=password]{{width:100%;padding:.4rem}}
button{{margin-top:1rem;padding:.4rem 1rem}}
code{{background:#eee;color:#111;padding:0 .2rem}}</style></head>
<body><main><h1>Dagster UI</h1>{body}</main></body></html>
"""
_FORM: Final = """{problem}<p>Open the link that <code>policycortex serve</code> printed, or make a new one with
<code>policycortex ui link</code>. A link signs in once.</p>
<form method="post" action="/sign-in"><label>Or an API key with the scope <code>admin</code>:
<input type="password" name="key" autocomplete="off" required></label>
<label><input type="checkbox" name="role" value="viewer"> only look, change nothing</label>
<button>Sign in</button></form>
"""
_ACCOUNT: Final = """<p>You are signed in as {role}.</p><p><a href="/">Open the Dagster UI</a></p>
<form method="post" action="/sign-out"><button>Sign out</button></form>
"""


def sign_in_page(status: int, problem: str = "") -> HTMLResponse:
    """The form, with what was wrong with the last attempt."""
    shown = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return _page(_FORM.format(problem=shown), status=status)


def account_page(caller: Caller) -> HTMLResponse:
    """What a person who is signed in sees instead of the form."""
    return _page(_ACCOUNT.format(role=escape(caller.role.value)))


def signed_in_page() -> HTMLResponse:
    """Goes on to the UI. No redirect: after a link on another site, browsers would send it without the new cookie."""
    return _page('<p><a href="/">Open the Dagster UI</a></p>', head='<meta http-equiv="refresh" content="0;url=/">')


def _page(body: str, *, status: int = 200, head: str = "") -> HTMLResponse:
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(_PAGE.format(head=head, body=body), status_code=status, headers=headers)
