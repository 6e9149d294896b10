"""By which way goods may come back: a flow says from which countries, and in which types of parcels."""

from __future__ import annotations

import msgspec

from entrepot.domain.kernel.regions import country_exists
from entrepot.failures import Failure
from entrepot.failures.lanes import CountryMissing, CountryUnknown, ParcelTypeUnsupported


class ReturnFlow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way back. `country` and `parcel_type` count where an order names none; types are listed by country."""

    country: str = ""
    parcel_type: str = ""
    parcel_types: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict[str, tuple[str, ...]])


def parcel_type_for(flow: ReturnFlow, given: str | None, country: str | None) -> str | Failure | None:
    """The type of parcel in which an order comes back, None where there is none to speak of.

    `given` and `country` are the order's own; empty texts say nothing. A flow that names countries takes parcels from
    no others, whatever their type; one that names none takes what comes without a type from anywhere.
    """
    wanted, place = given or flow.parcel_type, country or flow.country
    if country and not country_exists(country):
        return CountryUnknown()
    if not place:
        return CountryMissing() if given else wanted or None
    if not (wanted or flow.parcel_types):
        return None
    types = flow.parcel_types.get(place, ())
    if types and not wanted:
        return None
    return wanted if wanted in types else ParcelTypeUnsupported(wanted, place)
