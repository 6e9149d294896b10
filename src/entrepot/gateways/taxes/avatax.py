"""AvaTax, through the vendor's SDK: a SalesOrder document per quote, which AvaTax does not keep."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from entrepot import __version__
from entrepot.domain.pricing.taxes import TaxQuery
from entrepot.failures.payments import ASK_AGAIN, TaxUnavailable
from entrepot.gateways.extras import lacking
from entrepot.gateways.taxes.avatax_document import sales_order
from entrepot.gateways.taxes.avatax_reply import TOO_MANY, read_reply, unavailable_because
from entrepot.gateways.taxes.port import TaxAnswer
from entrepot.loading import loaded

if TYPE_CHECKING:
    import requests

AVATAX_URL = "https://rest.avatax.com"
LIMIT_SECONDS = 10.0
THREADS = 8
PAUSE_SECONDS = 1.0
"""How long to wait after a 429 that does not say."""


class AvataxGateway:
    """Asks AvaTax. The SDK blocks, so that calls run, and wait their turn, on a few threads.

    `today` dates the documents. The limit is for the whole call, waiting included; a call that was given up
    holds its thread until the line falls silent, since the SDK limits only the time between two bytes.
    A base URL with a private address is asked only if `private`. Raises ValueError when made with one that is not http
    or https.
    """

    in_process: bool = False

    def __init__(
        self,
        account_id: str,
        license_key: str,
        today: Callable[[], date],
        *,
        base_url: str = AVATAX_URL,
        limit_seconds: float = LIMIT_SECONDS,
        private: bool = False,
    ) -> None:
        self._private = private
        self._account_id = account_id
        self._license_key = license_key
        self._today = today
        self._base_url = _without_credentials(base_url)
        self._limit = limit_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="avatax")
        self._opened: tuple[requests.Session, Any] | None = None

    @property
    def url(self) -> str:
        """The address that is asked, as errors name it."""
        return f"{self._base_url}/api/v2/transactions/create"

    async def quote(self, query: TaxQuery) -> TaxAnswer:
        """Ask AvaTax; what it refuses and what goes wrong on the way are answers."""
        if why := lacking("avalara"):
            return TaxUnavailable(ASK_AGAIN, why)
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._threads, self._ask, query, time.monotonic() + self._limit)
        try:
            return await asyncio.wait_for(call, self._limit)
        except TimeoutError:
            return self._timed_out()

    def close(self) -> None:
        """Let the threads end, without waiting for calls that are still out."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, query: TaxQuery, deadline: float) -> TaxAnswer:
        if time.monotonic() >= deadline:
            # Nobody waits for the answer any more: on a busy loop a thread is sooner free than the call cancelled.
            return self._timed_out()
        call = partial(self._create_transaction, *(self._opened or loaded(self._open)))
        import requests

        document = sales_order(query, self._today())
        try:
            reply = call(document)
            while reply.status_code == TOO_MANY and (pause := _pause(reply)) < deadline - time.monotonic():
                time.sleep(pause)
                reply = call(document)
        except requests.RequestException as error:
            return unavailable_because(error, self.url)
        return read_reply(reply.content, query, self.url, reply.status_code)

    def _timed_out(self) -> TaxUnavailable:
        return TaxUnavailable(ASK_AGAIN, f"FetchError: network timeout at: {self.url}")

    def _create_transaction(
        self, session: "requests.Session", client: Any, document: dict[str, Any]
    ) -> "requests.Response":
        """Send what the SDK would, over a guarded session. Its own call connects to anywhere, and its logging decorator
        loses a reply without `x-correlation-id`.
        """
        return session.post(
            self.url, auth=client.auth, headers=client.client_header, json=document, timeout=self._limit
        )

    def _open(self) -> "tuple[requests.Session, Any]":
        """Make the client at the first call, on its thread: to import the SDK takes a while."""
        if self._opened is not None:
            return self._opened
        import avalara

        from entrepot.gateways.taxes.avatax_session import session

        sdk = cast("Any", avalara)
        client = sdk.AvataxClient(
            "entrepot", __version__, "entrepot", self._base_url, timeout_limit=self._limit
        )
        # The SDK's own calls put its version in; what it holds before that is a placeholder.
        told = client.client_id.replace("API_VERSION", version("avalara"))
        client.client_header["X-Avalara-Client"] = told
        client.add_credentials(self._account_id, self._license_key)
        self._opened = session(private=self._private), client
        return self._opened


def _pause(reply: "requests.Response") -> float:
    """How many seconds AvaTax asks to wait before the next request; it may name none, or a date."""
    asked = reply.headers.get("Retry-After", "")
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else PAUSE_SECONDS


def _without_credentials(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("the AvaTax base URL must be an http or https address")
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
