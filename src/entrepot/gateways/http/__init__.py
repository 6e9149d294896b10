"""HTTP to places that somebody else chose: one guarded client for all gateways."""

from entrepot.gateways.http.addresses import Resolve, is_public, resolve
from entrepot.gateways.http.client import GuardedClient, NoReply, Reply

__all__ = ["GuardedClient", "NoReply", "Reply", "Resolve", "is_public", "resolve"]
