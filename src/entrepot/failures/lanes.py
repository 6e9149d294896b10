"""Failures of the ways by which goods come back: flows, countries, types of parcels."""

from __future__ import annotations

from typing import ClassVar

from entrepot.failures.base import Failure, Retry


class FlowUnknown(Failure, frozen=True):
    """The account has no flow of this key."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Name a flow that is set up for the account, or none for its main flow."


class CountryUnknown(Failure, frozen=True):
    """The country is none of ISO 3166-1."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Write the country as two capital letters of ISO 3166-1."


class CountryMissing(Failure, frozen=True):
    """A type of parcel is named, and neither the address nor the flow says from which country it comes."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Send the address with its country, or no type of parcel."


class ParcelTypeUnsupported(Failure, frozen=True):
    """The flow takes no parcels of this type from the country."""

    retry: ClassVar[Retry] = Retry.AFTER_CHANGE
    advice: ClassVar[str] = "Name a type of parcel that the flow takes from the country."
    parcel_type: str
    country: str
