"""The price memory's rule: what is written, and what is left alone."""

from uuid import UUID

from entrepot.domain.catalogue.products import Offer, OfferKey, SeenPrice
from entrepot.domain.catalogue.seen_prices import CHUNK, RememberPrices, ShownPrice, in_chunks, news
from entrepot.domain.kernel.commands import Decided
from tests.support.deciding import FixedIds, view_of
from tests.support.shop import AT

NAME = OfferKey(5, "live", UUID(int=1), 7, "USD")
SHOWN = ShownPrice(NAME, 100)


def offer(price: int | None = 100, remembered: int | None = None) -> Offer:
    return Offer(NAME, product_id=1, variant_id=7, price=price, remembered=remembered)


def remembered(*offers: Offer, shown: tuple[ShownPrice, ...] = (SHOWN,)) -> list[SeenPrice]:
    decided = RememberPrices(shown).decide(view_of(*offers), AT, FixedIds())
    assert isinstance(decided, Decided)
    return decided.changes.records(SeenPrice)


def test_only_what_differs_is_news() -> None:
    assert news([offer(), offer(remembered=90), offer(remembered=100)]) == (SHOWN, SHOWN)
    assert news([offer(None), offer(0), offer(-1, 90)]) == ()


def test_the_rule_looks_again() -> None:
    price = SeenPrice(5, "live", 7, "USD", 100)
    assert remembered(offer()) == [price]
    assert remembered(offer(remembered=90)) == [price]
    assert remembered(offer(remembered=100)) == []
    assert remembered() == []


def test_commands_of_one_batch_see_each_other() -> None:
    view = view_of(offer(remembered=90))
    results: list[object] = []
    for _ in range(2):
        decided = RememberPrices((SHOWN,)).decide(view, AT, FixedIds())
        assert isinstance(decided, Decided)
        view.apply(decided.changes)
        results.append(decided.result)
    assert results == [1, 0]


def test_many_prices_are_remembered_in_chunks() -> None:
    shown = tuple(ShownPrice(NAME, amount) for amount in range(CHUNK + 1))
    assert [command.weight for command in in_chunks(shown)] == [CHUNK, 1]
    assert in_chunks(()) == []
