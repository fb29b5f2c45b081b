"""``policycortex keys``: making keys. The secret goes to stdout alone, so that a script can take it as it is."""

from contextlib import closing

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry


def print_new_key(settings: Settings, *, name: str, scopes: str, organization: str) -> None:
    """Make a key and print its secret. ``scopes`` are separated by commas; RequestError names an unknown one."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with closing(open_registry(settings)) as registry:
        _, secret = registry.create_key(organization=organization, name=name, scopes=wanted)
    print(secret)
