"""One module per screen: its routes, the calls of the API it makes, and what its template gets.

A module has ``ROUTES``; ``policycortex_console.app`` lists the screens. Markup is in ``templates/console``, what
several screens share in ``policycortex_console``, and rules are behind the API.
"""
