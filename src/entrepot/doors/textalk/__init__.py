"""The Textalk door: a webshop over JSON-RPC 2.0, on HTTP and WebSocket."""

from entrepot.doors.textalk.door import Textalk
from entrepot.doors.textalk.failures import CODES

__all__ = ["CODES", "Textalk"]
