"""The Bonsai door: the submit-orders API, its carts, products and reads."""

from entrepot.doors.bonsai.door import Bonsai
from entrepot.doors.bonsai.failures import CODES

__all__ = ["CODES", "Bonsai"]
