"""An API's description as its door serves it."""

from __future__ import annotations

from functools import lru_cache

from entrepot.doors.kit.describing import Api
from entrepot.doors.kit.endpoint import Bodiless, Door
from entrepot.doors.kit.messages import Reply, Request
from entrepot.doors.kit.observing.keeps import NOTHING
from entrepot.doors.kit.wire import encode


def described(door: Door, api: Api) -> Bodiless:
    """The operation that answers the description, whose server is where the reader found it: a prefix, or the root."""

    @lru_cache(maxsize=4)
    def document(server: str) -> bytes:
        return encode(api.document(server))

    def answer(request: Request) -> Reply:
        return Reply(200, document(request.scope.get("root_path", "").lower() or "/"))

    return Bodiless(door, "openapi", answer, keeps=NOTHING)
