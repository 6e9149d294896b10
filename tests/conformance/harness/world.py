"""A workspace of its own for each test, made by the same code that applies an operator's world file."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from entrepot.engine.clock import real_now
from entrepot.store.connections import Connection
from entrepot.worlds import World, apply_world, find_workspace, load_world

Tree: TypeAlias = dict[str, Any]
Edits: TypeAlias = Mapping[str, Any]
"""Values by their place, written as `products/lamp/stock/main`; numbers lead into lists."""

REMOVED: Any = object()
"""Instead of a value: the place shall be empty."""


def edited(tree: Tree, edits: Edits) -> Tree:
    """A copy of the tree with these values in it."""
    # Through JSON, so that no two places share what is in them, as they would in a deep copy.
    changed: Tree = json.loads(json.dumps(tree))
    for place, value in edits.items():
        *steps, last = place.split("/")
        node: Any = changed
        for step in steps:
            node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
        key: Any = int(last) if isinstance(node, list) else last
        if value is REMOVED:
            del node[key]
        else:
            node[key] = value
    return changed


class Tenant:
    """One workspace, as a part of a world file and as what the database makes of it."""

    def __init__(self, connection: Connection, name: str, tree: Tree) -> None:
        self.connection = connection
        self.name = name
        self.tree = tree

    async def change(self, edits: Edits) -> None:
        """Apply the world with these edits; stock is counted anew only where an edit names it."""
        self.tree = edited(self.tree, edits)
        await self.apply(set_stock=any("/stock/" in place for place in edits))

    async def apply(self, *, set_stock: bool = False) -> None:
        """Make the database what the tree says."""
        text = json.dumps({"sandbox": True, "workspaces": {self.name: self.tree}})
        world = load_world(text)
        assert isinstance(world, World), world
        report = await apply_world(
            self.connection, world, now=real_now(), set_stock=set_stock, prune=True, environ={}
        )
        assert not report.conflicts, report.conflicts

    async def id(self) -> int:
        """The number of the workspace."""
        number = await find_workspace(self.connection, self.name)
        assert number is not None
        return number
