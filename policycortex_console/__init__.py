"""The console: pages for people, rendered by the server, over the HTTP API in the same process.

A page reads and changes everything by calls of the API as the person who signed in (``backend``), so that the console
can do nothing that the API cannot. It imports the sign-in and the sessions of the core, and no other part of it.
Belongs here: which calls a page needs, and how their answers are shown. Markup is in ``templates/console``.
"""
