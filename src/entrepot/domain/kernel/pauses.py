"""How long to wait before what failed is tried again."""


def doubling(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row: none after none, `first` after one, then twice as long each."""
    return min(longest, first * 2.0 ** min(failures - 1, 64)) if failures else 0.0
