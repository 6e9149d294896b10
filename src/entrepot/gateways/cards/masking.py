"""Takes ids, tokens, keys and card numbers out of a provider's sentences (decision bonsai second reading 6)."""

import re
from collections.abc import Iterable

REDACTED = "<redacted>"
LONGEST_SENTENCE = 500

_ID = re.compile(
    r"\b(?:tok|pm|pi|seti|sk|pk|rk|ek|whsec|ch|py|cus|acct|src|ba|btok|re|pyr|trr?|po|txn|req|evt)"
    r"_[A-Za-z0-9_*.-]*[A-Za-z0-9_*]|\bcard_(?=\w*\d)\w+"
)
_CARD_NUMBER = re.compile(r"\b\d(?:[ -]?\d){11,18}\b")


def masked(sentence: str, secrets: Iterable[str] = ()) -> str:
    """The sentence fit to be shown and logged; `secrets` are masked whatever their shape."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        sentence = sentence.replace(secret, REDACTED)
    sentence = _CARD_NUMBER.sub(REDACTED, _ID.sub(REDACTED, sentence))
    return sentence[:LONGEST_SENTENCE]
