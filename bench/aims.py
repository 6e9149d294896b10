"""What is wanted of the figures of a run."""

from __future__ import annotations

import msgspec

from bench.figures import (
    CARD,
    HOT,
    HOT_MANY,
    MCS,
    PARTNERS,
    PGBENCH_HOT,
    PGBENCH_UNIFORM,
    PURCHASE,
    RETURNS,
    SPREAD,
    TEXTALK,
    UNIFORM,
    UNIFORM_MANY,
    Figures,
)


class Aim(msgspec.Struct, frozen=True):
    """What is wanted of one figure: at least or at most so much."""

    text: str
    wanted: float
    measured: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is as good as wanted, or better."""
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


def aims(figures: Figures) -> list[Aim]:
    """What is wanted of these figures; without wrk, only what its absence does not distort."""
    beside = [*_orders(figures), *_shop(figures), *_doors(figures)] if figures.comparable else []
    return [*beside, *_neighbours(figures), *_process(figures)]


def _orders(figures: Figures) -> list[Aim]:
    """What is wanted of orders at the Bonsai door."""
    many = figures.many
    spread = figures.of(SPREAD)
    uniform = figures.of(UNIFORM)
    return [
        _least("any variant beside pgbench", 1.2, figures.ratio(UNIFORM, PGBENCH_UNIFORM)),
        _least(f"… over {many} connections", 1.5, figures.ratio(UNIFORM_MANY, PGBENCH_UNIFORM)),
        _least("one variant beside pgbench", 5, figures.ratio(HOT, PGBENCH_HOT)),
        _least(f"… over {many} connections", 8, figures.ratio(HOT_MANY, PGBENCH_HOT)),
        _least("small workspaces beside pgbench", 0.6, figures.ratio(SPREAD, PGBENCH_UNIFORM)),
        Aim("… p99, ms", 60, spread.median("p99") or 0),
        Aim("any variant: p99, ms", 40, uniform.median("p99") or 0),
        Aim("… processor time of the worker, µs", 180, uniform.median("worker") or 0),
        Aim("… processor time of PostgreSQL, µs", 110, uniform.median("postgres") or 0),
        Aim("a card order, in external ones", 3, figures.ratio(UNIFORM, CARD)),
    ]


def _shop(figures: Figures) -> list[Aim]:
    """What is wanted of a webshop."""
    listing = figures.listing
    return [
        _least("whole purchases by card beside external orders", 0.25, figures.ratio(PURCHASE, UNIFORM)),
        _least("commands in a webshop beside Bonsai's orders", 1, figures.ratio(TEXTALK, UNIFORM)),
        Aim(f"Article.list of {listing.articles} beside one bare statement", 2, listing.ratio),
    ]


def _doors(figures: Figures) -> list[Aim]:
    """What is wanted of the other doors, beside those that were there before them."""
    wanted = {
        "Walmart, create, beside Bonsai's orders": (0.9, MCS["create"], UNIFORM),
        "Walmart, promise, beside Bonsai's orders": (2, MCS["promise"], UNIFORM),
        "Walmart, status, beside Bonsai's orders": (2, MCS["status"], UNIFORM),
        "Walmart, token, beside Bonsai's orders": (0.5, MCS["token"], UNIFORM),
        "DataMingle, orders, beside Bonsai's": (0.85, PARTNERS["create"], UNIFORM),
        "DataMingle, mapped orders, beside Bonsai's": (0.75, PARTNERS["mapped"], UNIFORM),
        "ReBound, sales orders with label and hub, beside card orders": (1, RETURNS["errands"], CARD),
        "ReBound, sales orders alone, beside Walmart's orders": (0.9, RETURNS["create"], MCS["create"]),
        "ReBound, sales orders read by id, beside Bonsai's orders": (2, RETURNS["get"], UNIFORM),
    }
    return [_least(text, least, figures.ratio(load, base)) for text, (least, load, base) in wanted.items()]


def _neighbours(figures: Figures) -> list[Aim]:
    """What is wanted of workers and tenants beside each other."""
    crews = [_least(f"two workers beside one, {crew.buyers} buyers", 1, crew.ratio) for crew in figures.crews]
    flood = figures.flood
    return crews if flood is None else [*crews, Aim("a calm tenant's p99 beside a flood", 3, flood.ratio)]


def _process(figures: Figures) -> list[Aim]:
    """What is wanted of a worker process."""
    folder = f"start on a folder with {figures.held:,} orders, seconds"
    return [Aim(folder, 0.8, figures.start), Aim("memory of the worker, MB", 110, figures.memory / 1e6)]


def _least(text: str, wanted: float, measured: float) -> Aim:
    return Aim(text, wanted, measured, at_least=True)
