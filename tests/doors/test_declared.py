"""Every operation says what logs may keep of it; one that says nothing keeps no body, and is named here."""

from __future__ import annotations

import pytest

from entrepot.doors.kit import NOTHING, Operation, services_of
from entrepot.doors.kit.observing.exchanges import observers
from entrepot.doors.textalk.page import method_table
from entrepot.engine import Clock
from entrepot.engine.worker import Worker
from entrepot.registry import DOORS, doors


@pytest.fixture
async def operations(monkeypatch: pytest.MonkeyPatch) -> list[Operation]:
    made: list[Operation] = []
    make = Operation.__init__

    def noted(self: Operation, *arguments: object, **named: object) -> None:
        make(self, *arguments, **named)  # pyright: ignore[reportArgumentType]
        made.append(self)

    monkeypatch.setattr(Operation, "__init__", noted)
    services = services_of(Worker("postgresql://nowhere/none", Clock()), observers())
    for door in doors(services).values():
        await door._made()  # pyright: ignore
    return made


async def test_every_operation_declares_what_may_be_kept_of_it(operations: list[Operation]) -> None:
    assert {each.door.name for each in operations} == {*DOORS}
    assert sorted({f"{each.door.name} {each.name}" for each in operations if each.keeps is None}) == []


async def test_whatever_gives_out_tokens_keeps_no_body(operations: list[Operation]) -> None:
    tokens = [each for each in operations if each.name == "token"]
    assert {each.door.name for each in tokens} >= {"walmart", "rebound"}
    assert all(each.keeps == NOTHING for each in tokens)


def test_every_method_of_textalk_declares_what_may_be_kept_of_it() -> None:
    assert [name for name, method in method_table().items() if method.keeps is None] == []


def test_a_method_with_a_parameter_that_is_called_secret_says_so() -> None:
    told = {
        f"{name}: {param.name}"
        for name, method in method_table().items()
        for param in method.params
        if param.name in ("password", "token", "secret", "auth", "session") and not param.secret
    }
    assert told == set()
    secret = {name for name, method in method_table().items() if any(each.secret for each in method.params)}
    assert secret >= {"Admin.login", "Customer.login", "Customer.resetPassword", "Order.checkout"}
    assert method_table()["Session.getToken"].hidden == ("",)
