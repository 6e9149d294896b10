"""The simulated bank: accounts with balances, cards with states, and the intents that move the money."""

from entrepot.gateways.cards.bank.books import BuiltInBooks
from entrepot.gateways.cards.bank.seed import AccountSeed, BankSeed, CardSeed, PayoutSeed, seed
from entrepot.gateways.cards.bank.store import BankCards

__all__ = ["AccountSeed", "BankCards", "BankSeed", "BuiltInBooks", "CardSeed", "PayoutSeed", "seed"]
