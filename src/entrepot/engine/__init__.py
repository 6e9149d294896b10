"""The engine: runs commands in batches, exactly once each, and drives attempts to their end."""

from entrepot.engine.clock import Clock
from entrepot.engine.engine import Engine, Outcome

__all__ = ["Clock", "Engine", "Outcome"]
