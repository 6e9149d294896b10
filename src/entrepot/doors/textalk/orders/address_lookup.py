"""Order.lookupAddress: the buyer's address from a register, if the chosen way of paying offers that (2040, 9005)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from entrepot.domain.carts.details import CartPatch, SetCart
from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import Uid
from entrepot.doors.textalk.orders.writer import may_name, whose
from entrepot.doors.textalk.pattern.arguments import argument
from entrepot.doors.textalk.pattern.dependencies import Parts
from entrepot.doors.textalk.pattern.methods import read_uid
from entrepot.doors.textalk.pattern.schemas import object_of
from entrepot.doors.textalk.pattern.signatures import QUERY_SCHEMA
from entrepot.doors.textalk.query import fetch
from entrepot.doors.textalk.rpc.methods import Method, Param
from entrepot.doors.textalk.wire.errors import Code, Problem, RpcError, invalid_params
from entrepot.doors.textalk.wire.failures import rpc_error
from entrepot.doors.textalk.wire.json import Json, is_object
from entrepot.doors.textalk.wire.sentences import say
from entrepot.failures.carts import AddressLookupUnavailable, AddressRegisterFailed
from entrepot.failures.orders import OrderLocked
from entrepot.failures.payments import ASK_AGAIN
from entrepot.gateways.addresses.port import AddressQuery, Found, FoundAddress, NotFound

LONGEST: Final = 40
_OFFERED: Final = """
select coalesce(m.address_lookup and m.active, false), c.buyer -> 'address' ->> 'country'
from carts c
left join payments p on p.workspace = $1 and p."order" = c.id and p.state = 'planned'
left join payment_methods m on m.workspace = $1 and m.id = p.method_id
where c.workspace = $1 and c.id = $2
"""


def methods(parts: Parts) -> Iterator[Method]:
    """Order.lookupAddress."""

    async def look_up(context: Context, params: Sequence[Json]) -> Json | RpcError:
        return await _look_up(parts, context, params)

    yield Method(
        "Order.lookupAddress",
        "Fills in the buyer's address by the number of a person or company",
        look_up,
        (
            Param("uid", {"type": ["integer", "string"]}),
            Param("params", {"type": "object"}, secret=True),
            Param("query", QUERY_SCHEMA, required=False),
        ),
        object_of("Order"),
        logged=True,
    )


def named_order(parts: Parts, context: Context, raw: Json) -> Uid | RpcError:
    """The order that a parameter names; a visitor without a session sees none."""
    uid = read_uid(raw, parts.classes["Order"].decl)
    return uid if isinstance(uid, RpcError) else may_name(context) or uid


async def _look_up(parts: Parts, context: Context, params: Sequence[Json]) -> Json | RpcError:
    """Of what is placed 2090; then 2040; nobody of that number is 9001 there; a register that fails is 9005."""
    order = named_order(parts, context, params[0])
    if isinstance(order, RpcError):
        return order
    asked = _asked(params[1])
    if isinstance(asked, RpcError):
        return asked
    projection = parts.classes["Order"].projection(context, argument(params, 2) or "uid")
    if isinstance(projection, RpcError):
        return projection
    reads = parts.classes["Order"].reads
    seen = await fetch.get(reads, context, projection, order)
    if isinstance(seen, RpcError):
        return seen
    found = await _found(parts, context, int(order), *asked)
    if isinstance(found, RpcError):
        return found
    command = SetCart(**whose(context), cart=int(order), patch=CartPatch(buyer={"address": _address(found)}))
    done = await parts.run(context, command)
    return done if isinstance(done, RpcError) else await fetch.get(reads, context, projection, order)


async def _found(
    parts: Parts, context: Context, order: int, identity: str, country: str | None
) -> FoundAddress | RpcError:
    shop = context.shop
    rows = await parts.read(_OFFERED, shop.workspace, order)
    if not rows:
        return rpc_error(OrderLocked(str(order)))
    looks_up, own_country = rows[0]
    if not looks_up:
        return rpc_error(AddressLookupUnavailable())
    where = country or own_country or shop.settings.shop.vat_country
    register = parts.services.gateways.addresses(shop.workspace, shop.settings.addresses)
    answer = await register.find(AddressQuery(where, identity))
    if isinstance(answer, Found):
        return answer.address
    if isinstance(answer, NotFound):
        return RpcError(Code.VALIDATION_ERROR, (Problem("/identity", say("patch.reference")),))
    return rpc_error(AddressRegisterFailed(ASK_AGAIN))


def _asked(params: Json) -> tuple[str, str | None] | RpcError:
    """`{"identity": number, "country"?: ISO 3166-1}`."""
    given: Mapping[str, Json] = params if is_object(params) else {}
    identity, country = given.get("identity"), given.get("country")
    if not isinstance(identity, str) or not 0 < len(identity) <= LONGEST:
        return invalid_params([Problem("/1/identity", say("patch.type", expected="string"))])
    if country is not None and not (isinstance(country, str) and len(country) == 2):
        return invalid_params([Problem("/1/country", say("patch.pattern"))])
    return identity, country if isinstance(country, str) else None


def _address(found: FoundAddress) -> dict[str, Any]:
    return {
        "company": found.company,
        "firstName": found.first_name,
        "lastName": found.last_name,
        "address": found.address1,
        "address2": found.address2,
        "postcode": found.zip,
        "town": found.city,
        "country": found.country,
        "state": found.province,
    }
