"""What somebody can try at a door of the demo world: commands as a shell takes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Try(NamedTuple):
    """A sentence, and the commands that do what it says, one after another."""

    says: str
    commands: tuple[str, ...]


def posting(url: str, body: Mapping[str, Any], *headers: str) -> str:
    """The command that posts a JSON body. Headers stand in double quotes: variables of the shell count in them."""
    said = "".join(f' -H "{each}"' for each in (*headers, "Content-Type: application/json"))
    return f"curl -s '{url}'{said} -d '{json.dumps(body)}'"


def taking_token(url: str, client: str, secret: str) -> str:
    """The command that puts an access token for client credentials into `$TOKEN`; replies begin with it."""
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    asked = f"curl -s '{url}' -H 'Authorization: Basic {basic}' -d grant_type=client_credentials"
    return f"TOKEN=$({asked} | cut -d '\"' -f 4)"
