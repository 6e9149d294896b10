"""What the methods of a class ask of whoever changes state."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Uid
from entrepot.doors.textalk.query.fetch import Near
from entrepot.doors.textalk.wire.errors import Problem, RpcError
from entrepot.doors.textalk.wire.json import Json


class Written(msgspec.Struct, frozen=True):
    """A change that was made. `known` holds own properties in wire form, `near` records that these lead to; asking for
    these alone costs no read.

    `unseen` says that there was nothing to change, so that nobody has looked yet whether the object is there.
    """

    uid: Uid
    known: Mapping[str, Json] = {}
    unseen: bool = False
    near: Near = {}


class Writer(Protocol):
    """Runs the commands behind set, create and delete. Patches come in normal form and fit the schema."""

    async def write(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Written | RpcError:
        """Changes the object, or creates one if `uid` is None; 9003 if the caller cannot see it."""
        ...

    async def delete(self, context: Context, decl: ClassDecl, uid: Uid) -> RpcError | None:
        """Deletes the object; 9003 if the caller cannot see it."""
        ...

    async def problems(
        self, context: Context, decl: ClassDecl, uid: Uid | None, patch: Mapping[str, Json]
    ) -> Sequence[Problem] | RpcError:
        """What state has against the patch that no schema can say; nothing is stored."""
        ...
