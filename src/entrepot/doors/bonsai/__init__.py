"""The Bonsai door: the submit-orders API, its carts, products and reads."""

from entrepot.doors.bonsai.failures import CODES
from entrepot.doors.bonsai.routes import Bonsai

__all__ = ["CODES", "Bonsai"]
