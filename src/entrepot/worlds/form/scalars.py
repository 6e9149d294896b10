"""What tables of a world file are made of: names, amounts, quantities, secrets.

Amounts are in major units, as a string (`"25.00"`) or a whole number; binary fractions are not accepted.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from entrepot.domain.channels.accounts import Environment

Name: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$",
        description="a name of small letters, digits, `-`, `_` and `.`, at most 63 of them",
    ),
]
Text: TypeAlias = Annotated[str, Meta(max_length=255, description="text of at most 255 characters")]
Currency: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Z]{3}$", description="an ISO 4217 currency such as `CAD`")
]
Country: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}$", description="an ISO 3166-1 country such as `CA`")
]
Identity: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 +./-]{0,39}$",
        description="a number that a country gave a person or company, such as `19121212-1212`",
    ),
]
Region: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="a country (`CA`) or one of its regions (`CA-ON`)"
    ),
]
Amount: TypeAlias = Annotated[
    Annotated[str, Meta(pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$")]
    | Annotated[int, Meta(ge=-(10**12), le=10**12)],
    Meta(description='an amount in major units, such as "25.00" or 25'),
]
Money: TypeAlias = Annotated[
    Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")] | Annotated[int, Meta(ge=0, le=10**12)],
    Meta(description='an amount in major units that is not negative, such as "5.00" or 5'),
]
Quantity: TypeAlias = Annotated[
    Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$")] | Annotated[int, Meta(ge=0, le=10**9)],
    Meta(description='a quantity that is not negative, such as 12 or, with a scale, "1.5"'),
]
Percentage: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?%$", description='a percentage such as "13%" or "9.975%"')
]
GivenId: TypeAlias = Annotated[
    int,
    Meta(
        ge=1,
        le=2**53 - 1,
        description="a whole number from 1 to 9,007,199,254,740,991; what has none is given one by the server",
    ),
]
Digits: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9]{1,16}$", description="an id, as a key of a table")]
Language: TypeAlias = Annotated[
    str, Meta(pattern=r"^[a-z]{2}$", description="a language of ISO 639-1 such as `sv`")
]
Texts: TypeAlias = dict[Language, Text]
Variable: TypeAlias = Annotated[
    str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$", description="the name of an environment variable")
]
Path: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=1000, description="a path such as `header.lines[0].number`")
]
Token: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=255, description="a token of 1 to 255 characters")
]


Literally: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=255, description="the secret itself; only where `sandbox = true`")
]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every table of the file is: fixed keys, and none besides them."""


class FromEnvironment(Table, frozen=True, kw_only=True):
    """A secret that stands in an environment variable of the command that applies the file."""

    env: Variable


class KeySource(Table, frozen=True, kw_only=True):
    """A key: a variable that has it, one that is made on the first apply and shown once, or in a sandbox its `value`.

    It holds until it `expires` (ISO 8601), and while it is `suspended` it opens nothing. Where a door has `scopes`, a
    key without any may do all; where it names its keys freely, `environment` is that of a generated one.
    """

    value: Literally | None = None
    env: Variable | None = None
    generate: bool = False
    environment: Environment = "live"
    scopes: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=50)] | None = None
    expires: Text | None = None
    suspended: bool = False


Secret: TypeAlias = Annotated[
    Literally | FromEnvironment,
    Meta(description='`{ env = "NAME" }`, or in a sandbox the secret itself'),
]
Key: TypeAlias = Annotated[
    Literally | KeySource,
    Meta(description='`{ env = "NAME" }`, `{ generate = true }`, or in a sandbox the key itself'),
]
