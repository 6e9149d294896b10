"""The catalogue is complete, and cannot become incomplete."""

from __future__ import annotations

import pkgutil
from typing import ClassVar

import msgspec
import pytest

import entrepot.failures as failures
from entrepot.failures import Failure, MethodNotAllowed, Overloaded, Retry, TemporaryFailure, catalogue
from entrepot.failures.examples import WORKED, example, without_example


def subclasses(of: type[Failure]) -> list[type[Failure]]:
    return [each for child in of.__subclasses__() for each in (child, *subclasses(child))]


@pytest.mark.parametrize("failure", catalogue().values(), ids=lambda failure: failure.name)
def test_every_failure_says_what_it_is_and_what_to_do(failure: type[Failure]) -> None:
    assert failure.title
    assert not failure.title.endswith(".")
    assert isinstance(failure.retry, Retry)
    assert failure.advice.endswith(".")
    assert isinstance(failure.shopper, bool)


@pytest.mark.parametrize("failure", catalogue().values(), ids=lambda failure: failure.name)
def test_what_passes_by_itself_says_when(failure: type[Failure]) -> None:
    has_time = "retry_after" in failure.__struct_fields__
    assert has_time == issubclass(failure, TemporaryFailure)
    if has_time:
        assert failure.retry is Retry.LATER


def test_whoever_others_keep_waiting_is_told_how_long() -> None:
    """Three are to be sent again later without a time: our own fault, a caller's line, and a provider that said no."""
    untimed = {
        failure.name
        for failure in catalogue().values()
        if failure.retry is Retry.LATER and not issubclass(failure, TemporaryFailure)
    }
    assert untimed == {"internal", "request-timeout", "card-provider-failed"}


def test_the_package_imports_every_area() -> None:
    areas = {module.name for module in pkgutil.iter_modules(failures.__path__)} - {
        "base",
        "examples",
        "packing",
        "service",
    }
    assert areas <= set(failures.__all__)


def test_every_class_is_in_the_catalogue_unless_it_is_a_common_base() -> None:
    listed = set(catalogue().values())
    leaves = {each for each in subclasses(Failure) if not each.__subclasses__()}
    assert {each for each in leaves if each.__module__.startswith("entrepot.")} <= listed
    assert TemporaryFailure not in listed
    assert "method-not-allowed" in catalogue()


def test_the_name_is_the_class_name_in_kebab_case() -> None:
    assert MethodNotAllowed.name == "method-not-allowed"
    assert MethodNotAllowed("PUT", ("GET",)).name == "method-not-allowed"


def test_a_failure_is_an_immutable_value() -> None:
    assert Overloaded(3) == Overloaded(retry_after=3) != Overloaded(4)
    with pytest.raises(AttributeError):
        Overloaded(3).retry_after = 4  # pyright: ignore[reportAttributeAccessIssue]
    assert msgspec.structs.asdict(Overloaded(3)) == {"retry_after": 3, "cause": "work"}


def test_a_name_is_taken_once() -> None:
    with pytest.raises(TypeError, match="already has a failure named 'overloaded'"):

        class Overloaded(Failure, frozen=True):  # pyright: ignore[reportUnusedClass]
            """Another one."""

            retry: ClassVar[Retry] = Retry.NEVER
            advice: ClassVar[str] = "None."

    assert catalogue()["overloaded"] is failures.Overloaded


def test_a_failure_without_advice_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="needs a docstring"):

        class Speechless(Failure, frozen=True):  # pyright: ignore[reportUnusedClass]
            """It says nothing."""

            retry: ClassVar[Retry] = Retry.NEVER

    assert "speechless" not in catalogue()


def test_a_field_cannot_hide_what_the_catalogue_says() -> None:
    with pytest.raises(TypeError, match=r"reserved field names \['title'\]"):

        class Hidden(Failure, frozen=True):  # pyright: ignore[reportUnusedClass]
            """It hides its title."""

            retry: ClassVar[Retry] = Retry.NEVER
            advice: ClassVar[str] = "None."
            title: str  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride]

    assert "hidden" not in catalogue()


def test_every_failure_has_one_worked_example() -> None:
    assert without_example() == []
    assert all(type(example(each)) is each for each in catalogue().values())


def test_a_failure_with_context_and_no_example_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = catalogue()["sold-out"]
    monkeypatch.delitem(WORKED, failure)  # pyright: ignore[reportArgumentType]
    assert without_example() == ["sold-out"]
    with pytest.raises(LookupError, match="sold-out"):
        example(failure)
