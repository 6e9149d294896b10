"""References in patches: each must lead to an object that the caller can see, or it is 9001 where it stands.

Only a few of them are foreign keys; and no foreign key knows to which shop of a workspace a row belongs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from entrepot.doors.textalk.caller.context import Context
from entrepot.doors.textalk.declare.declaration import ClassDecl, Classes, Uid
from entrepot.doors.textalk.declare.shapes import Array, Mapped, Record, Scalar, Shape
from entrepot.doors.textalk.query.reads import Reads
from entrepot.doors.textalk.query.statements import objects_by_uid
from entrepot.doors.textalk.wire.errors import Problem
from entrepot.doors.textalk.wire.json import Json, escape, is_array, is_object
from entrepot.doors.textalk.wire.sentences import say

Found: TypeAlias = tuple[str, Uid, str]
"""The class of a reference, the uid, and the pointer to where it stands."""


async def unknown_references(
    reads: Reads, context: Context, decl: ClassDecl, classes: Classes, patch: Mapping[str, Json]
) -> Sequence[Problem]:
    """The references of a patch in normal form that lead nowhere: one statement for each class that they name."""
    found = [
        each
        for name, value in patch.items()
        for each in _references(value, decl.by_name[name].shape, f"/{escape(name)}")
    ]
    if decl.checks_references or not found:
        return ()
    known: set[tuple[str, Uid]] = set()
    async with reads.snapshot() as snapshot:
        for name in {each[0] for each in found}:
            uids = list({uid for class_name, uid, _ in found if class_name == name})
            statement = objects_by_uid(classes[name], (), context, uids)
            known |= {(name, row[0]) for row in await snapshot.fetch(statement.sql, statement.arguments)}
    return [
        Problem(pointer, say("patch.reference")) for name, uid, pointer in found if (name, uid) not in known
    ]


def _references(value: Json, shape: Shape, pointer: str) -> Iterator[Found]:
    if isinstance(shape, Scalar):
        if shape.reference is not None and isinstance(value, int | str):
            yield shape.reference, value, pointer
    elif isinstance(shape, Array) and is_array(value):
        for place, item in enumerate(value):
            yield from _references(item, shape.items, f"{pointer}/{place}")
    elif isinstance(shape, Record | Mapped) and is_object(value):
        for name, inner in value.items():
            below = shape.properties.get(name) if isinstance(shape, Record) else shape.values
            if below is not None:
                yield from _references(inner, below, f"{pointer}/{escape(name)}")
