"""Tables of the simulators and of the sandbox: what lives in our database as if it were somebody else's."""

from entrepot.store.tables.simulated import bank, carrier, hub, labels, mailbox, partner, residents, sandbox

__all__ = ["bank", "carrier", "hub", "labels", "mailbox", "partner", "residents", "sandbox"]
