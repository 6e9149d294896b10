"""The laws, as statements that return what breaks them.

The parameter `$1` is the workspace, `$2` (where a law looks at the time) the moment of the check, in real time;
`says` is filled with the columns of a row.
"""

from __future__ import annotations

import msgspec

from entrepot.checks.findings import Severity
from entrepot.domain.channels.accounts import GONE
from entrepot.domain.orders.records import ALSO_KNOWN_AS, EXTERNAL_ID, SOLD_AS
from entrepot.domain.placing.basket import PAYMENT_TOKEN


class Law(msgspec.Struct, frozen=True):
    """Something that holds in every workspace at every moment."""

    name: str
    sql: str
    says: str
    severity: Severity = "violation"

    @property
    def timed(self) -> bool:
        """Whether the moment of the check matters."""
        return "$2" in self.sql


STOCK = (
    Law(
        "stock-balance",
        """
        select variant, location from stock where workspace = $1 and (
          received + returned + adjusted <> available + reserved + shipped + scrapped - owed
          or least(received, returned, adjusted, available, reserved, shipped, scrapped, owed) < 0)
        """,
        "variant {variant} at location {location}: the terms do not balance, or one is negative",
    ),
    Law(
        "stock-owed",
        "select variant, location from stock where workspace = $1 and available <> 0 and owed <> 0",
        "variant {variant} at location {location}: units are owed while others are available",
    ),
    Law(
        "stock-reserved",
        """
        select coalesce(s.variant, h.variant) variant, coalesce(s.location, h.location) location,
          coalesce(s.reserved, 0) reserved, coalesce(h.held, 0) held
        from (select variant, location, reserved from stock where workspace = $1) s
        full join (
          select variant, location, sum(quantity) held from holds where workspace = $1 group by variant, location
        ) h on h.variant = s.variant and h.location = s.location
        where coalesce(s.reserved, 0) <> coalesce(h.held, 0)
        """,
        "variant {variant} at location {location}: {reserved} reserved, but holds add up to {held}",
    ),
    Law(
        "stranded-holds",
        """
        select h."order", h.line, h.quantity from holds h
        left join orders o on o.workspace = h.workspace and o.id = h."order"
        left join attempts a on a.workspace = h.workspace and a."order" = h."order" and a.state = 'open'
        where h.workspace = $1 and o.id is null and a.id is null
        """,
        "{quantity} units are held for order {order} line {line}, which neither exists nor is being placed",
    ),
    Law(
        # The lines of an order that is being placed come with the order.
        "holds-of-lines",
        """
        select l."order", l.no, l.new + l.acknowledged promised, sum(h.quantity) held from holds h
        join order_lines l on l.workspace = h.workspace and l."order" = h."order" and l.no = h.line
        where h.workspace = $1 group by l."order", l.no, l.new, l.acknowledged
        having sum(h.quantity) <> l.new + l.acknowledged
        """,
        "order {order} line {no}: {promised} units wait to be shipped, but {held} are held",
    ),
)

_ORDERS_NAMES = ", ".join(f"'{kind}'" for kind in (EXTERNAL_ID, SOLD_AS, ALSO_KNOWN_AS, PAYMENT_TOKEN))
"""The kinds of names that orders take."""
_STAGES = ("new", "cancelled", "acknowledged", "shipped", "delivered", "return_initiated", "returned")
_REACHED = " ".join(f"when sum({stage}) > 0 then '{stage}'" for stage in reversed(_STAGES))
_SHARES = " + ".join(
    f"div(2 * ({cost})::numeric * cancelled + quantity, 2 * quantity)"
    for cost in ("coalesce(amount, price * quantity)", "tax", "duties")
)
_CANCELLED = f"""(
  coalesce((select sum({_SHARES}) from order_lines where workspace = $1 and "order" = o.id and cancelled > 0), 0)
  + coalesce((
    select sum(shipping + shipping_tax) from order_parts c
    where c.workspace = $1 and c."order" = o.id and not exists (
      select from order_lines l
      where l.workspace = $1 and l."order" = o.id and l.part = c.no and l.cancelled < l.quantity
    )
  ), 0)
)"""  # noqa: S608  (constants of ours)
"""What the cancelled units of order `o` cost, each share rounded half up, with the shipping of parts that are gone."""
_SEVERAL = " + ".join(f"(sum({stage}) > 0)::integer" for stage in _STAGES)

ORDERS = (
    Law(
        "line-counters",
        """
        select "order", no, quantity from order_lines where workspace = $1 and (
          new + acknowledged + shipped + delivered + cancelled + return_initiated + returned <> quantity
          or least(new, acknowledged, shipped, delivered, cancelled, return_initiated, returned) < 0)
        """,
        "order {order} line {no}: the counters do not add up to {quantity}, or one is negative",
    ),
    Law(
        "order-progress",
        f"""
        select o.id, o.progress, coalesce(l.progress, 'new') reached from orders o
        left join (
          select "order",
            case when {_SEVERAL} > 1 then 'partially_' else '' end || case {_REACHED} else 'new' end as progress
          from order_lines where workspace = $1 group by "order"
        ) l on l."order" = o.id
        where o.workspace = $1 and o.progress <> coalesce(l.progress, 'new')
        """,  # noqa: S608  (constants of ours)
        "order {id}: it is said to be {progress}, but its lines are {reached}",
    ),
    Law(
        "line-parts",
        """
        select l."order", l.no, l.part from order_lines l
        left join order_parts p on p.workspace = l.workspace and p."order" = l."order" and p.no = l.part
        where l.workspace = $1 and p.no is null
        """,
        "order {order} line {no}: the order has no part {part}",
    ),
    Law(
        "order-totals",
        """
        select o.id from orders o
        left join (
          select "order", sum(coalesce(amount, price * quantity)) goods, sum(tax) tax, sum(duties) duties
          from order_lines where workspace = $1 group by "order"
        ) l on l."order" = o.id
        left join (
          select "order", sum(shipping) shipping, sum(shipping_tax) tax
          from order_parts where workspace = $1 group by "order"
        ) p on p."order" = o.id
        where o.workspace = $1 and (
          o.goods <> coalesce(l.goods, 0) or o.goods_tax <> coalesce(l.tax, 0)
          or o.duties <> coalesce(l.duties, 0) or o.shipping <> coalesce(p.shipping, 0)
          or o.shipping_tax <> coalesce(p.tax, 0)
          or o.total <> o.goods + o.goods_tax + o.shipping + o.shipping_tax + o.duties + o.fee + o.fee_tax + o.rounding)
        """,
        "order {id}: its totals are not the sums of its lines and parts",
    ),
    Law(
        "order-events",
        """
        select o.id, o.events, count(e.seq) stored from orders o
        left join order_events e on e.workspace = o.workspace and e."order" = o.id
        where o.workspace = $1 group by o.id, o.events
        having count(e.seq) <> o.events or coalesce(max(e.seq), 0) <> o.events
        """,
        "order {id}: it counts {events} events, but {stored} are stored or their numbers have gaps",
    ),
    Law(
        "order-paid",
        # What was cancelled before it was paid was not collected; what was cancelled afterwards was.
        f"""
        select o.id, o.total, coalesce(p.paid, 0) paid, {_CANCELLED} cancelled from orders o
        left join (
          select "order", sum(amount) paid from payments where workspace = $1 and state = 'paid' group by "order"
        ) p on p."order" = o.id
        where o.workspace = $1 and o.state = 'placed'
          and o.payment_state in ('paid', 'partially_refunded', 'refunded')
          and coalesce(p.paid, 0) <> o.total
          and coalesce(p.paid, 0) not between o.total - {_CANCELLED} and o.total
        """,  # noqa: S608  (constants of ours)
        "order {id}: it counts as paid, but of {total}, {cancelled} of it cancelled, its payments add up to {paid}",
    ),
    Law(
        # What a certificate paid of an order that was discarded is back without a refund.
        "payment-refunds",
        """
        select p."order", p.no, p.refunded, coalesce(r.given, 0) given from payments p
        left join (
          select "order", payment, sum(amount) given from refunds where workspace = $1 group by "order", payment
        ) r on r."order" = p."order" and r.payment = p.no
        where p.workspace = $1 and p.kind <> 'certificate' and p.refunded <> coalesce(r.given, 0)
        """,
        "payment {no} of order {order} counts {refunded} as given back, but its refunds add up to {given}",
    ),
    Law(
        "order-ids",
        """
        select o.id, c.next from counters c, (select max(id) id from orders where workspace = $1) o
        where c.workspace = $1 and o.id >= c.next
        """,
        "order {id}: the next id is {next}, so its number would be given again",
    ),
    Law(
        "references",
        f"""
        select r.kind, r.channel, r.target from "references" r
        left join orders o on o.workspace = r.workspace and o.id = r.target
        left join attempts a on a.workspace = r.workspace and a."order" = r.target and a.state = 'open'
        where r.workspace = $1 and a.id is null and r.kind in ({_ORDERS_NAMES}) and o.id is null
          and not (r.target = {GONE} and r.kind <> '{EXTERNAL_ID}')
        """,  # noqa: S608  (constants of ours)
        "a reference ({kind}) of channel {channel} points to order {target}, which neither exists nor is being placed",
    ),
    Law(
        "invoice-lines",
        """
        select i."order" from invoice_lines i left join orders o on o.workspace = i.workspace and o.id = i."order"
        where i.workspace = $1 and ((o.id is null) <> i.order_gone or i.amount < 0)
        """,
        "the invoice line of order {order} is negative, or the order is not there and was not deleted",
    ),
)

_SENT = "shipped + delivered + return_initiated + returned"
_ARRIVED = "delivered + return_initiated + returned"

FULFILMENT = (
    Law(
        "line-shipments",
        f"""
        select coalesce(l."order", s."order") "order", coalesce(l.no, s.line) no, coalesce(l.sent, 0) sent,
          coalesce(l.arrived, 0) arrived, coalesce(s.sent, 0) sent_in, coalesce(s.arrived, 0) arrived_in
        from (select "order", no, {_SENT} sent, {_ARRIVED} arrived from order_lines where workspace = $1) l
        full join (
          select "order", line, sum(quantity) sent, sum(delivered) arrived from shipment_lines
          where workspace = $1 group by "order", line
        ) s on s."order" = l."order" and s.line = l.no
        where coalesce(l.sent, 0) <> coalesce(s.sent, 0) or coalesce(l.arrived, 0) <> coalesce(s.arrived, 0)
        """,  # noqa: S608  (constants of ours)
        "order {order} line {no}: {sent} units were sent and {arrived} arrived, but in its shipments it is {sent_in} "
        "and {arrived_in}",
    ),
    Law(
        "line-returns",
        """
        select coalesce(l."order", r."order") "order", coalesce(l.no, r.line) no,
          coalesce(l.coming, 0) coming, coalesce(l.back, 0) back, coalesce(r.coming, 0) coming_in,
          coalesce(r.back, 0) back_in
        from (
          select "order", no, return_initiated coming, returned back from order_lines where workspace = $1
        ) l
        full join (
          select "order", line, sum(initiated + in_transit + at_center) coming, sum(received) back
          from return_lines where workspace = $1 group by "order", line
        ) r on r."order" = l."order" and r.line = l.no
        where coalesce(l.coming, 0) <> coalesce(r.coming, 0) or coalesce(l.back, 0) <> coalesce(r.back, 0)
        """,
        "order {order} line {no}: {coming} units are said to come back and {back} to be back, but of its returns it is "
        "{coming_in} and {back_in}",
    ),
    Law(
        "return-lines",
        """
        select "order", return_id, no, quantity from return_lines where workspace = $1 and (
          initiated + in_transit + at_center + received + cancelled <> quantity
          or least(initiated, in_transit, at_center, received, cancelled, restocked, scrapped) < 0
          or restocked + scrapped > received)
        """,
        "return {return_id} line {no}: the counters do not add up to {quantity}, or more was looked at than came",
    ),
    Law(
        "return-orders",
        """
        select r.id, r."order" from returns r
        left join orders o on o.workspace = r.workspace and o.id = r."order"
        where r.workspace = $1 and o.id is null
        """,
        "return {id} is of order {order}, which does not exist",
    ),
    Law(
        "return-refunds",
        """
        select f."order", f.no, f.units, coalesce(l.returned, 0) returned from (
          select r."order", (e ->> 'line')::integer no, sum((e ->> 'quantity')::bigint) units
          from refunds r cross join lateral jsonb_array_elements(r.lines) e
          where r.workspace = $1 and r.return_id is not null group by 1, 2
        ) f
        left join order_lines l on l.workspace = $1 and l."order" = f."order" and l.no = f.no
        where f.units > coalesce(l.returned, 0)
        """,
        "order {order} line {no}: money went back by itself for {units} units, but {returned} came back",
    ),
)

IN_FLIGHT = (
    Law(
        "attempts-recovered",
        """
        select id, "order", lease_until from attempts
        where workspace = $1 and state = 'open' and lease_until < $2::timestamptz - interval '60 seconds'
        """,
        "attempt {id} to place or pay order {order} should have been brought to its end after {lease_until}",
    ),
    Law(
        "outbox-parked",
        """
        select listener, count(*) parked from outbox where workspace = $1 and state = 'parked' group by listener
        """,
        "{parked} messages to {listener} were given up; `entrepot outbox list` shows them",
        severity="warning",
    ),
)

CODES = (
    Law(
        "certificate-balances",
        """
        select c.id, c.original, c.balance, coalesce(u.spent, 0) spent from certificates c
        left join (
          select certificate, sum(amount) spent from certificate_uses where workspace = $1 group by certificate
        ) u on u.certificate = c.id
        where c.workspace = $1 and (c.balance <> c.original - coalesce(u.spent, 0) or c.balance < 0)
        """,
        "gift certificate {id}: of {original} orders spent {spent}, but {balance} is left",
    ),
    Law(
        "discount-uses",
        """
        select d.id, d.used, count(distinct u."order") stored from discounts d
        left join discount_uses u on u.workspace = d.workspace and u.discount = d.id
        where d.workspace = $1 group by d.id, d.used having d.used <> count(distinct u."order")
        """,
        "discount {id}: it counts {used} uses, but {stored} are stored",
    ),
)

PROVIDERS = (
    Law(
        "tax-addresses",
        """
        select m.name, m.country from merchants m
        where m.workspace = $1 and m.country in ('CA', 'US')
          and '' in (coalesce(m.address ->> 'province', ''), coalesce(m.address ->> 'zip', ''))
          and exists (
            select from channels c where c.workspace = $1 and c.settings -> 'taxes' ->> 'provider' = 'avatax'
          )
        order by m.ref
        """,
        "merchant {name} in {country}: AvaTax needs the province and the zip of its address, and refuses its orders",
        severity="warning",
    ),
)

LAWS = (*STOCK, *ORDERS, *FULFILMENT, *CODES, *IN_FLIGHT, *PROVIDERS)
