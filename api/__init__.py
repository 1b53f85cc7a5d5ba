"""The service, a Flask application. `create_app` builds it.

Flask and the routes are imported only when `create_app` or `App` is used: the commands about the
record do without them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.app import App, create_app

__all__ = ["App", "create_app"]


def __getattr__(name: str) -> Any:
    """Return `App` or `create_app` from `api.app`, which is imported now."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from api import app

    return getattr(app, name)
