"""The simulated register of residents. Only `entrepot.gateways.addresses.simulated` reads or writes it."""

from entrepot.store.tables._base import json, table, text

residents = table("residents", ("country", "identity"), text("country"), text("identity"), json("address"))
"""Where a person or company lives, by the number that its country gave it."""
