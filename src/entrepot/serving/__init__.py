"""The server as processes: the parent owns PostgreSQL and the socket, the workers answer."""

from entrepot.serving.parent import ServeError, serve

__all__ = ["ServeError", "serve"]
