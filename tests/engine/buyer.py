"""A buyer in a process of its own: orders one unit again and again, and asks anew until each answer is certain.

    python -m tests.engine.buyer URL KEY NAME ATTEMPTS HELD

The first line of the input is the body. Before attempt HELD it waits for a second line.

One line of JSON per attempt: the external id, what it came to, and the order's number where the reply told it.
A connection that breaks says nothing of the order's fate, so the same order is sent again under the same external id:
`DUPLICATE_EXTERNAL_ORDER` then means that it exists.
"""

import json
import sys
import time

import httpx

PATIENCE = 120.0
PAUSE = 0.03


def main() -> None:
    """Buy, and print each outcome as soon as it is certain."""
    url, key, name, attempts, held = sys.argv[1:]
    body = json.loads(sys.stdin.readline())
    with httpx.Client(
        base_url=url, headers={"API-Key": key}, verify=False, trust_env=False, timeout=60
    ) as client:
        for number in range(int(attempts)):
            if number == int(held):
                sys.stdin.readline()
            body |= {"external_order_id": f"{name}-{number}"}
            body["payment"] |= {"token": f"{name}-{number}"}
            outcome = buy(client, body)
            print(json.dumps({"id": body["external_order_id"], **outcome}), flush=True)
            time.sleep(PAUSE)


def buy(client: httpx.Client, body: dict[str, object]) -> dict[str, object]:
    """What one order came to: its number, or a code; raises TimeoutError when no answer becomes certain."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            reply = client.post("/bonsai/orders/V1/submit", json=body)
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if reply.status_code == 503:
            time.sleep(0.05)
            continue
        told = reply.json()
        return (
            {"order": told["data"]["orderNumber"]} if "data" in told else {"code": told["errors"][0]["code"]}
        )
    raise TimeoutError(f"no certain answer for {body['external_order_id']}")


if __name__ == "__main__":
    main()
