"""The engine: runs commands in batches, exactly once each, and drives attempts to their end."""

from entrepot.engine.batches.engine import Engine, Outcome
from entrepot.engine.clock import Clock

__all__ = ["Clock", "Engine", "Outcome"]
