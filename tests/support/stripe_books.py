"""What a Stripe account knows and answers: intents, charges, refunds, transfers, idempotency keys."""

import re
from dataclasses import dataclass, field
from itertools import count

Form = dict[str, str]
Answer = tuple[int, dict[str, object]]

MARK = re.compile(r"metadata\['([^']*)'\]:'([^']*)'")
CARDS = {
    "tok_visa": ("visa", "4242", None),
    "tok_mastercard": ("mastercard", "4444", None),
    "pm_card_visa": ("visa", "4242", None),
    "tok_chargeDeclined": ("visa", "0002", ("card_declined", "generic_decline", "Your card was declined.")),
    "tok_chargeDeclinedInsufficientFunds": (
        "visa",
        "9995",
        ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ),
    "tok_chargeDeclinedExpiredCard": ("visa", "0069", ("expired_card", None, "Your card has expired.")),
}
NEEDS_AUTHENTICATION = "tok_threeDSecure2Required"
SINGLE_USE = "tok_once_"
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def error(status: int, message: str, code: str | None = None, **more: object) -> Answer:
    kind = "card_error" if status == 402 else "invalid_request_error"
    return status, {"error": {"type": kind, "code": code, "message": message, **more}}


def _metadata(form: Form) -> dict[str, str]:
    return {k[9:-1]: v for k, v in form.items() if k.startswith("metadata[")}


def _miscounted(amount: int, currency: str) -> Answer | None:
    """The special cases of Stripe's page on currencies."""
    step = {"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}.get(currency, 1)
    if currency in ("iqd", "lyd", "clf"):
        return error(400, f"Invalid currency: {currency}.", param="currency")
    return (
        error(400, "Invalid integer.", "parameter_invalid_integer", param="amount") if amount % step else None
    )


@dataclass
class Books:
    """One account's books, in memory; they outlive the platform that a test kills."""

    intents: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])
    refunds: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])
    transfers: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])
    reversals: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])
    accounts: dict[str, str] = field(default_factory=lambda: {"acct_ready": "active", "acct_new": "pending"})
    spent: set[str] = field(default_factory=set[str])
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def create(self, form: Form) -> Answer:
        if any(name.startswith("payment_method_types") for name in form):
            return error(400, "No longer supported.", "payment_method_types_no_longer_supported")
        if int(form["amount"]) < 50:
            return error(400, "Amount must be at least $0.50 usd", "amount_too_small", param="amount")
        if fault := _miscounted(int(form["amount"]), form["currency"]):
            return fault
        name = f"pi_{next(self.numbers):024d}"
        self.intents[name] = {
            "id": name,
            "object": "payment_intent",
            "status": "requires_payment_method",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "currency": form["currency"],
            "capture_method": form.get("capture_method", "automatic"),
            "client_secret": f"{name}_secret_{next(self.numbers):08d}",
            "payment_method": None,
            "latest_charge": None,
            "transfer_group": form.get("transfer_group"),
            "metadata": _metadata(form),
        }
        return 200, self.intents[name]

    def confirm(self, name: str, form: Form) -> Answer:
        if (intent := self.intents.get(name)) is None:
            return self._missing("payment_intent", name)
        if intent["status"] not in CONFIRMABLE:
            return self._unexpected("confirm", intent)
        token = form.get("payment_method_data[card][token]") or form.get("payment_method")
        if token is None:
            return error(400, "You cannot confirm this PaymentIntent because it's missing a payment method.")
        if token == NEEDS_AUTHENTICATION:
            intent["status"] = "requires_action"
            return 200, intent
        return self._charge(intent, token)

    def _charge(self, intent: dict[str, object], token: str) -> Answer:
        if token in self.spent:
            message = f"You cannot use a Stripe token more than once: {token}."
            return error(400, message, "token_already_used")
        card = CARDS["tok_visa"] if token.startswith(SINGLE_USE) else CARDS.get(token)
        if card is None:
            return self._missing("token", token)
        brand, last4, decline = card
        if decline is not None:
            code, decline_code, message = decline
            return error(402, message, code, decline_code=decline_code, charge="ch_declined1")
        if token.startswith(SINGLE_USE):
            self.spent.add(token)
        method = {"id": f"pm_{next(self.numbers):024d}", "card": {"brand": brand, "last4": last4}}
        charge = f"ch_{next(self.numbers):024d}"
        intent.update(status="requires_capture", payment_method=method, latest_charge=charge)
        return 200, intent

    def capture(self, name: str, form: Form) -> Answer:
        if (intent := self.intents.get(name)) is None:
            return self._missing("payment_intent", name)
        if intent["status"] != "requires_capture":
            return self._unexpected("capture", intent)
        taken = int(form.get("amount_to_capture", str(intent["amount"])))
        intent.update(status="succeeded", amount_received=taken)
        return 200, intent

    def cancel(self, name: str) -> Answer:
        if (intent := self.intents.get(name)) is None:
            return self._missing("payment_intent", name)
        if intent["status"] in ("succeeded", "canceled"):
            return self._unexpected("cancel", intent)
        intent["status"] = "canceled"
        return 200, intent

    def lapse(self, name: str) -> None:
        """What Stripe does by itself with an authorisation that nobody captured in time."""
        self.intents[name].update(status="canceled", cancellation_reason="automatic")

    def search(self, query: str) -> Answer:
        marks = dict(MARK.findall(query))
        found = [intent for intent in self.intents.values() if intent["metadata"] == marks]
        return 200, {"object": "search_result", "url": "/v1/payment_intents/search", "data": found}

    def listed(self, kind: str, wanted: Form) -> Answer:
        known = {"refunds": self.refunds, "transfers": self.transfers, "reversals": self.reversals}
        rows = known[kind].values()
        asked = {"intent" if name == "payment_intent" else name: value for name, value in wanted.items()}
        named = {name: value for name, value in asked.items() if name != "limit"}
        found = [row for row in rows if named.items() <= row.items()]
        return 200, {"object": "list", "url": f"/v1/{kind}", "has_more": False, "data": found}

    def read(self, name: str) -> Answer:
        intent = self.intents.get(name)
        return (200, intent) if intent else self._missing("payment_intent", name)

    def refund(self, form: Form) -> Answer:
        intent, amount = self.intents.get(form["payment_intent"]), int(form["amount"])
        if intent is None or intent["status"] != "succeeded":
            return error(
                400, f"This PaymentIntent ({form['payment_intent']}) does not have a successful charge."
            )
        given = sum(int(str(r["amount"])) for r in self.refunds.values() if r["intent"] == intent["id"])
        if given + amount > int(str(intent["amount_received"])):
            return error(400, "Refund amount ($2.00) is greater than unrefunded amount on charge ($1.00)")
        name = f"re_{next(self.numbers):024d}"
        if fault := _miscounted(amount, str(intent["currency"])):
            return fault
        self.refunds[name] = {"id": name, "intent": intent["id"], "amount": amount, "status": "succeeded"}
        self.refunds[name].update(metadata=_metadata(form), currency=intent["currency"])
        return 200, self.refunds[name]

    def transfer(self, form: Form) -> Answer:
        if self.accounts.get(form["destination"]) != "active":
            return self._missing("destination", form["destination"])
        groups = {intent["latest_charge"]: intent["transfer_group"] for intent in self.intents.values()}
        if form["source_transaction"] not in groups:
            return self._missing("charge", form["source_transaction"])
        if fault := _miscounted(int(form["amount"]), form["currency"]):
            return fault
        name = f"tr_{next(self.numbers):024d}"
        self.transfers[name] = {
            "id": name,
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "destination": form["destination"],
            "transfer_group": groups[form["source_transaction"]],
            "metadata": _metadata(form),
        }
        return 200, self.transfers[name]

    def reverse(self, name: str, form: Form) -> Answer:
        if (made := self.transfers.get(name)) is None:
            return self._missing("transfer", name)
        taken = sum(int(str(r["amount"])) for r in self.reversals.values() if r["transfer"] == name)
        if taken + int(form["amount"]) > int(str(made["amount"])):
            message = f"Transfer reversal amount is greater than the unreversed amount of {name}."
            return error(400, message)
        reversal = f"trr_{next(self.numbers):024d}"
        self.reversals[reversal] = {
            "id": reversal,
            "object": "transfer_reversal",
            "currency": made["currency"],
            "transfer": name,
            "amount": int(form["amount"]),
            "metadata": _metadata(form),
        }
        return 200, self.reversals[reversal]

    def account(self, name: str) -> Answer:
        if name not in self.accounts:
            message = f"The provided key 'sk_test_****1234' does not have access to account '{name}'"
            return error(403, message, "account_invalid")
        return 200, {"id": name, "object": "account", "capabilities": {"transfers": self.accounts[name]}}

    @staticmethod
    def _missing(kind: str, name: str) -> Answer:
        return error(404 if kind != "token" else 400, f"No such {kind}: '{name}'", "resource_missing")

    @staticmethod
    def _unexpected(verb: str, intent: dict[str, object]) -> Answer:
        message = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}: {intent['id']}"
        return error(400, message, "payment_intent_unexpected_state")
