"""The running server, fresh shops and webshops, as the proofs of the doors have them."""

from collections.abc import Sequence

import pytest

from entrepot.domain.kernel.commands import Command
from entrepot.domain.kernel.records import View
from entrepot.engine.batches import batch
from entrepot.store.batches.stages import FINDS, Reader, load
from tests.conformance.harness.fixtures import bonsai, connection, open_bonsai_shop, open_webshop, textalk

__all__ = ["bonsai", "connection", "open_bonsai_shop", "open_webshop", "textalk"]


@pytest.fixture(autouse=True)
def nothing_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stages lead to each other is declared; with the whole view at hand, no command may want more."""

    async def loaded(reader: Reader, commands: Sequence[Command], view: View) -> None:
        await load(reader, commands, view)
        for stage in FINDS:
            for command in commands:
                missed = [key for key in command.wants(stage, view) if not view.asked(stage, key)]
                assert not missed, (command, stage, missed)

    monkeypatch.setattr(batch, "load", loaded)
