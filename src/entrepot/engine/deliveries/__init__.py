"""Who delivers what: one handler for each kind of listener of the outbox."""

from entrepot.engine.deliveries.events import EventDeliveries, EventListeners
from entrepot.engine.deliveries.handler import Delivered, Failed, Handler, Job, Outcome
from entrepot.engine.deliveries.mails import MailDeliveries
from entrepot.engine.deliveries.payouts import PayoutDeliveries, ReversalDeliveries

__all__ = [
    "Delivered",
    "EventDeliveries",
    "EventListeners",
    "Failed",
    "Handler",
    "Job",
    "MailDeliveries",
    "Outcome",
    "PayoutDeliveries",
    "ReversalDeliveries",
]
