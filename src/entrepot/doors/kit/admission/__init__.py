"""Who calls: secrets found in requests, the callers behind them, and the access tokens that they get."""

from entrepot.doors.kit.admission.access_tokens import AccessTokens, Granted, RoutedTokens
from entrepot.doors.kit.admission.callers import Admitted, caller_of
from entrepot.doors.kit.admission.client_credentials import TokenRequest, client_of, token_request
from entrepot.doors.kit.admission.secrets import basic, bearer

__all__ = [
    "AccessTokens",
    "Admitted",
    "Granted",
    "RoutedTokens",
    "TokenRequest",
    "basic",
    "bearer",
    "caller_of",
    "client_of",
    "token_request",
]
