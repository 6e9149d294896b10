"""For the tests of a client: a server for as long as they run, and its clock, faults and books at hand.

pytest finds the fixtures `entrepot` and `entrepot_server` by itself (`entrepot.testing.plugin`). Every other runner
starts a server with `running`, or names one that runs already: `Entrepot("http://127.0.0.1:8600")`.
"""

from entrepot.testing.client import Delivery, Entrepot, Mail, Snapshot
from entrepot.testing.clock import Clock
from entrepot.testing.faults import Fault, Quota
from entrepot.testing.line import ControlPlaneError
from entrepot.testing.requests import Received, Requests
from entrepot.testing.server import StartError, running

__all__ = [
    "Clock",
    "ControlPlaneError",
    "Delivery",
    "Entrepot",
    "Fault",
    "Mail",
    "Quota",
    "Received",
    "Requests",
    "Snapshot",
    "StartError",
    "running",
]
