"""Names that only one may have, of what a file describes: buyers' e-mail addresses and codes, as references. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from entrepot.domain.channels.accounts import Reference
from entrepot.domain.customers import email_claims
from entrepot.domain.customers.records import Customer
from entrepot.domain.kernel.records import Record
from entrepot.domain.pricing import code_names
from entrepot.domain.pricing.discounts import Discount
from entrepot.domain.pricing.gift_certificates import Certificate

NAMED = (Customer, Discount, Certificate)


class Names(msgspec.Struct, frozen=True):
    """Which names are taken and freed, and the records that want one that is another's."""

    takes: list[Reference]
    frees: list[Reference]
    refused: list[Record]


def claim_of(record: Record) -> Reference | None:
    """The name by which buyers find the record, as its own."""
    match record:
        case Customer(state="confirmed"):
            return email_claims.claim_of(record.channel, record.email, record.id)
        case Discount() | Certificate():
            return code_names.claim_of(record.channel, record.code, record.id)
        case _:
            return None


def claims_of(records: Iterable[Record]) -> Iterator[Reference]:
    """The names of these records."""
    for record in records:
        if (claim := claim_of(record)) is not None:
            yield claim


def names_after(
    creates: Sequence[Record],
    updates: Sequence[tuple[Record, Record]],
    deletes: Sequence[Record],
    taken: Mapping[Any, Reference],
) -> Names:
    """What becomes of names when these records are made, changed and deleted; `taken` is who has them now."""
    moved = [(before, after) for before, after in updates if claim_of(before) != claim_of(after)]
    frees = {claim.key: claim for claim in claims_of([*deletes, *(before for before, _ in moved)])}
    names = Names([], list(frees.values()), [])
    for record in (*creates, *(after for _, after in moved)):
        claim = claim_of(record)
        if claim is None:
            continue
        holder = None if claim.key in frees else taken.get(claim.key)
        if holder is None:
            names.takes.append(claim)
        elif holder.target != claim.target:
            names.refused.append(record)
    return names
