"""In which type of parcel goods come back: the order's or the flow's, if the flow takes it from the country."""

import pytest

from entrepot.domain.fulfilment.lanes import ReturnFlow, parcel_type_for
from entrepot.failures.lanes import CountryMissing, CountryUnknown, ParcelTypeUnsupported

TYPES = {"DE": ("SMALL", "LARGE"), "FR": ("LARGE",)}
FLOW = ReturnFlow(country="DE", parcel_type="SMALL", parcel_types=TYPES)
NOWHERE = ReturnFlow(parcel_types=TYPES)


@pytest.mark.parametrize(
    ("flow", "given", "country", "comes"),
    [
        (FLOW, None, None, "SMALL"),
        (FLOW, "", "DE", "SMALL"),
        (FLOW, "LARGE", "FR", "LARGE"),
        (FLOW, None, "FR", ParcelTypeUnsupported("SMALL", "FR")),
        (FLOW, "PALLET", "DE", ParcelTypeUnsupported("PALLET", "DE")),
        (FLOW, "small", "DE", ParcelTypeUnsupported("small", "DE")),
        (FLOW, "SMALL", "IT", ParcelTypeUnsupported("SMALL", "IT")),
        (FLOW, "SMALL", "ZZ", CountryUnknown()),
        (FLOW, "SMALL", "de", CountryUnknown()),
        (NOWHERE, None, None, None),
        (NOWHERE, None, "FR", None),
        (NOWHERE, None, "IT", ParcelTypeUnsupported("", "IT")),
        (ReturnFlow(country="IT", parcel_types=TYPES), None, None, ParcelTypeUnsupported("", "IT")),
        (ReturnFlow(country="DE"), None, "IT", None),
        (NOWHERE, None, "ZZ", CountryUnknown()),
        (NOWHERE, "LARGE", "FR", "LARGE"),
        (NOWHERE, "LARGE", None, CountryMissing()),
        (NOWHERE, "LARGE", "", CountryMissing()),
        (ReturnFlow(parcel_type="SMALL"), None, None, "SMALL"),
    ],
)
def test_the_type_of_parcel(flow: ReturnFlow, given: str | None, country: str | None, comes: object) -> None:
    assert parcel_type_for(flow, given, country) == comes
