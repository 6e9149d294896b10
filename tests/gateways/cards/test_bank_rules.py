from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from entrepot.gateways.cards.bank import rules
from entrepot.gateways.cards.bank.rules import BankIntent, Card, CardState, Change, Funds
from entrepot.gateways.cards.port import CallFailed, Declined, TokenUsed

INTENT = BankIntent("pi_1", "requires_payment_method", 1000, "USD", "pi_1_secret_x")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FUNDS = Funds("ada", "USD", balance=5000)


def card(state: CardState = "ok", *, reusable: bool = False, used_by: str | None = None) -> Card:
    return Card(b"hash", "ada", "visa", "4242", state, reusable, used_by)


def confirmed(intent: BankIntent = INTENT, funds: Funds = FUNDS) -> Change:
    change = rules.confirm(intent, card(), funds, NOW)
    assert isinstance(change, Change)
    return change


def refusal(outcome: object) -> Declined:
    assert isinstance(outcome, Change)
    assert outcome.refusal is not None
    assert outcome.card is None
    assert outcome.funds is None
    return outcome.refusal


def test_a_good_card_reserves_and_its_token_is_taken():
    change = confirmed()
    assert (change.intent.status, change.intent.description) == ("requires_capture", "visa ending in 4242")
    assert change.funds == replace(FUNDS, reserved=1000)
    assert change.card is not None
    assert change.card.used_by == "pi_1"


def test_a_reusable_token_stays_free():
    change = rules.confirm(INTENT, card(reusable=True), FUNDS, NOW)
    assert isinstance(change, Change)
    assert change.card is None


def test_the_last_cent_can_be_spent_and_one_more_cannot():
    exact = Funds("ada", "USD", balance=1500, reserved=500)
    assert confirmed(funds=exact).funds == replace(exact, reserved=1500)
    short = replace(exact, reserved=501)
    assert refusal(rules.confirm(INTENT, card(), short, NOW)).message == "Your card has insufficient funds."


def test_card_states_decline_in_stripes_words():
    said = {s: refusal(rules.confirm(INTENT, card(s), FUNDS, NOW)) for s in ("declined", "expired", "lost")}
    assert said["declined"] == Declined("Your card was declined.", "generic_decline")
    assert said["expired"] == Declined("Your card has expired.", "expired_card")
    assert said["lost"] == Declined("Your card was declined.", "lost_card")


def test_an_account_without_the_currency_declines():
    assert refusal(rules.confirm(INTENT, card(), None, NOW)).code == "currency_not_supported"


def test_unknown_tokens_and_spent_tokens():
    unknown = rules.confirm(INTENT, None, None, NOW)
    assert unknown == CallFailed("No such token: '<redacted>'", in_doubt=False, code="resource_missing")
    assert rules.confirm(INTENT, card(used_by="pi_0"), FUNDS, NOW) == TokenUsed()


def test_authentication_is_demanded_then_approved_or_not():
    asked = rules.confirm(INTENT, card("requires_authentication"), FUNDS, NOW)
    assert refusal(asked).message == "Your card requires authentication."
    assert isinstance(asked, Change)
    assert asked.intent.status == "requires_action"
    approved = rules.answer_challenge(asked.intent, True, card("requires_authentication"), FUNDS, NOW)
    assert isinstance(approved, Change)
    assert approved.intent.status == "requires_capture"
    failed = rules.answer_challenge(asked.intent, False, card("requires_authentication"), FUNDS, NOW)
    assert refusal(failed).code == "payment_intent_authentication_failure"


def test_nothing_to_authenticate_is_a_failed_call():
    assert isinstance(rules.answer_challenge(INTENT, True, card(), FUNDS, NOW), CallFailed)


def test_a_partial_capture_frees_the_rest():
    reserved = confirmed()
    captured = rules.capture(reserved.intent, reserved.funds, 400, NOW)
    assert isinstance(captured, Change)
    assert captured.funds == replace(FUNDS, balance=4600)
    assert (captured.intent.status, captured.intent.captured) == ("succeeded", 400)


def test_capture_knows_its_limits():
    reserved = confirmed()
    for amount in (0, -1, 1001):
        assert isinstance(rules.capture(reserved.intent, reserved.funds, amount, NOW), CallFailed)
    assert isinstance(rules.capture(INTENT, FUNDS, None, NOW), CallFailed)


def test_cancel_frees_money_and_token():
    reserved = confirmed()
    gone = rules.cancel(reserved.intent, reserved.card, reserved.funds, NOW)
    assert isinstance(gone, Change)
    assert (gone.intent.status, gone.funds) == ("canceled", FUNDS)
    assert gone.card == card()


def test_cancel_after_capture_changes_nothing():
    reserved = confirmed()
    captured = rules.capture(reserved.intent, reserved.funds, None, NOW)
    assert isinstance(captured, Change)
    assert rules.cancel(captured.intent, reserved.card, captured.funds, NOW) == Change(captured.intent)


def test_an_authorisation_lapses():
    reserved = confirmed()
    last = NOW + rules.AUTHORISED_FOR - timedelta(microseconds=1)
    assert isinstance(rules.capture(reserved.intent, reserved.funds, None, last), Change)
    assert isinstance(rules.cancel(reserved.intent, reserved.card, reserved.funds, last), Change)
    over = NOW + rules.AUTHORISED_FOR
    assert rules.capture(reserved.intent, reserved.funds, None, over) == rules.LAPSED
    assert rules.cancel(reserved.intent, reserved.card, reserved.funds, over) == rules.LAPSED
    prepared = rules.confirm_prepared(reserved.intent, over)
    assert isinstance(prepared, Change)
    assert prepared.refusal == Declined("The payment intent has been canceled.", "canceled")


def test_a_charge_is_paid_out_one_day():
    reserved = confirmed()
    captured = rules.capture(reserved.intent, reserved.funds, None, NOW)
    assert isinstance(captured, Change)
    over = NOW + rules.REFUNDABLE_FOR
    assert isinstance(rules.refund(captured.intent, captured.funds, 1, over - timedelta(seconds=1)), Change)
    assert rules.refund(captured.intent, captured.funds, 1, over) == rules.PAID_OUT


def test_refunds_never_exceed_what_was_captured():
    reserved = confirmed()
    captured = rules.capture(reserved.intent, reserved.funds, None, NOW)
    assert isinstance(captured, Change)
    first = rules.refund(captured.intent, captured.funds, 600, NOW)
    assert isinstance(first, Change)
    assert isinstance(rules.refund(first.intent, first.funds, 401, NOW), CallFailed)
    last = rules.refund(first.intent, first.funds, 400, NOW)
    assert isinstance(last, Change)
    assert last.funds == FUNDS
    assert isinstance(rules.refund(last.intent, last.funds, 1, NOW), CallFailed)


def test_transfers_never_exceed_what_was_captured():
    reserved = confirmed()
    captured = rules.capture(reserved.intent, reserved.funds, None, NOW)
    assert isinstance(captured, Change)
    shop = Funds("shop", "USD", 0)
    paid = rules.transfer(captured.intent, shop, 1000)
    assert isinstance(paid, Change)
    assert paid.funds == Funds("shop", "USD", 1000)
    assert isinstance(rules.transfer(paid.intent, paid.funds, 1), CallFailed)
    assert rules.transfer(captured.intent, None, 1) == rules.NO_SUCH_ACCOUNT


def test_amounts_have_limits():
    assert rules.check_amount(1) is None
    assert rules.check_amount(rules.LARGEST_AMOUNT) is None
    assert isinstance(rules.check_amount(0), CallFailed)
    assert isinstance(rules.check_amount(rules.LARGEST_AMOUNT + 1), CallFailed)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["confirm", "challenge", "capture", "cancel", "refund", "transfer"]),
        st.integers(0, 3),
        st.integers(-10, 1500),
    ),
    max_size=40,
)


class Bank:
    """A whole bank in memory: four intents, two single-use cards, one account and a merchant."""

    def __init__(self) -> None:
        self.intents = [replace(INTENT, id=f"pi_{n}", amount=300 * (n + 1)) for n in range(4)]
        states: list[CardState] = ["ok", "requires_authentication", "ok", "declined"]
        self.cards = [card(state) for state in states]
        self.funds = Funds("ada", "USD", balance=1700)
        self.shop = Funds("shop", "USD", balance=0)

    def step(self, name: str, n: int, amount: int) -> None:
        intent, held = self.intents[n], self.cards[n]
        outcomes = {
            "confirm": lambda: rules.confirm(intent, held, self.funds, NOW),
            "challenge": lambda: rules.answer_challenge(intent, amount > 0, held, self.funds, NOW),
            "capture": lambda: rules.capture(intent, self.funds, amount, NOW),
            "cancel": lambda: rules.cancel(intent, held, self.funds, NOW),
            "refund": lambda: rules.refund(intent, self.funds, amount, NOW),
            "transfer": lambda: rules.transfer(intent, self.shop, amount),
        }
        change = outcomes[name]()
        if not isinstance(change, Change):
            return
        self.intents[n] = change.intent
        self.cards[n] = change.card or held
        if name == "transfer":
            self.shop = change.funds or self.shop
        else:
            self.funds = change.funds or self.funds


@given(STEPS)
def test_money_is_conserved_and_never_overdrawn(steps: list[tuple[str, int, int]]):
    bank = Bank()
    for step in steps:
        bank.step(*step)
        held = sum(i.captured - i.refunded - i.transferred for i in bank.intents)
        assert bank.funds.balance + bank.shop.balance + held == 1700
        reserved = sum(i.amount for i in bank.intents if i.status == "requires_capture")
        assert bank.funds.reserved == reserved <= bank.funds.balance
        for intent in bank.intents:
            assert 0 <= intent.refunded <= intent.captured <= intent.amount
            assert 0 <= intent.transferred <= intent.captured
