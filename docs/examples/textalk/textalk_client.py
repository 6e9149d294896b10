"""A client of the Textalk API: a buyer's cart and checkout, and a shop's administrator, over HTTP or a WebSocket."""

import itertools
import json
from typing import Any

import httpx
from websockets.sync.client import connect

PATH = "/backend/jsonrpc/v1"
PLACED_BEFORE = 2090


class TextalkError(Exception):
    """What a call was answered with instead of a result; `link` leads to a page about it, where there is one."""

    def __init__(self, error: dict[str, Any], link: str = "") -> None:
        self.code: int = error["code"]
        self.data = error.get("data")
        self.link = link
        super().__init__(f"{self.code} {error['message']}: {self.data}")


class Textalk:
    """One shop, seen by one visitor or administrator: the context of every call."""

    def __init__(self, url: str, webshop: int, *, language: str = "en", tries: int = 3) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)
        self._context: dict[str, str | int] = {"webshop": webshop, "language": language}
        self._numbers = itertools.count(1)
        self._tries = tries

    def begin_session(self) -> None:
        """Come in as a new visitor."""
        self._context["session"] = self.call("Session.getToken")

    def log_in(self, name: str, password: str) -> None:
        """Be an administrator, for a day."""
        self._context.pop("auth", None)  # one whose time is over would be refused with the call
        self._context["auth"] = self.call("Admin.login", name, password)

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call. Raises TextalkError, and httpx.TransportError where no answer comes."""
        reply = self._http.post(PATH, params=self._context, json=self._message(method, params))
        return _result(reply.json(), reply.headers.get("Link", ""))

    def call_all(self, *calls: tuple[Any, ...]) -> list[Any]:
        """Several calls in one request, in their order; a refused one is its TextalkError."""
        batch = [self._message(method, params) for method, *params in calls]
        answers = {
            each["id"]: each for each in self._http.post(PATH, params=self._context, json=batch).json()
        }
        return [_result_or_error(answers[each["id"]]) for each in batch]

    def over_socket(self, *calls: tuple[Any, ...]) -> list[Any]:
        """The same over a WebSocket, where they run side by side."""
        messages = [self._message(method, params) for method, *params in calls]
        url = str(self._http.base_url.copy_merge_params(self._context)).replace("http", "ws", 1)
        with connect(url.replace("/?", f"{PATH}?")) as socket:
            for each in messages:
                socket.send(json.dumps(each))
            answers = {each["id"]: each for each in (json.loads(socket.recv()) for _ in messages)}
        return [_result_or_error(answers[each["id"]]) for each in messages]

    def check_out(self, cart: int, token: str) -> dict[str, Any]:
        """Make an order of a cart, once: where an answer is lost, ask what became of it."""
        wanted = {"uid": True, "paymentStatus": True, "totalcost": "incVat"}
        for left in reversed(range(self._tries)):
            try:
                return self.call("Order.checkout", cart, wanted, {"token": token})
            except httpx.TransportError:
                if not left:
                    raise
            except TextalkError as error:
                if error.code != PLACED_BEFORE:
                    raise
                return self.call("Order.get", cart, wanted)
        raise AssertionError

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _message(self, method: str, params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": list(params)}


def _result(answer: dict[str, Any], link: str = "") -> Any:
    if "error" in answer:
        raise TextalkError(answer["error"], link)
    return answer["result"]


def _result_or_error(answer: dict[str, Any]) -> Any:
    try:
        return _result(answer)
    except TextalkError as error:
        return error
