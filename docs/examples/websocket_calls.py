"""Several calls at once over a WebSocket: python websocket_calls.py ws://localhost:8600"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect

PATH = "/textalk/backend/jsonrpc/v1?webshop=22222&language=en"


async def main(server: str) -> None:
    """Get a session's token, then open a socket with it and let three calls run side by side."""
    async with connect(server + PATH) as socket:
        await socket.send(request(1, "Session.getToken"))
        token = json.loads(await socket.recv())["result"]
    async with connect(f"{server}{PATH}&session={token}") as socket:
        await socket.send(request("count", "Article.count"))
        await socket.send(request("missing", "Article.get", 999))
        await socket.send(request("shirt", "Article.get", 101, {"name": "en"}))
        answers = [json.loads(await socket.recv()) for _ in range(3)]
    for answer in sorted(answers, key=lambda answer: answer["id"]):
        print(answer["id"], answer.get("result", answer.get("error")))


def request(number: int | str, method: str, *params: object) -> str:
    """A call as a text frame."""
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
