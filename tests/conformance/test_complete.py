"""Every documented row is proven, every case of it, and no test claims a row that there is not."""

import inspect

import pytest

from tests.conformance.harness.fidelity import COLUMNS as OF_FIDELITY
from tests.conformance.harness.fidelity import FIDELITY, read_fidelity
from tests.conformance.harness.rows import COLUMNS, ROWS, marked_tests, read_rows, row_of


def test_every_mark_names_a_documented_row_and_case_and_its_test_proves_it() -> None:
    for name, mark, function in marked_tests():
        row_of(mark)
        assert "prove" in inspect.signature(function).parameters, name


@pytest.mark.parametrize("row_id", sorted(ROWS))
def test_row_is_proven_in_every_case(row_id: str) -> None:
    proven = {part for row, part in (row_of(mark) for _, mark, _ in marked_tests()) if row.id == row_id}
    assert proven == set(ROWS[row_id].parts)


def test_all_documented_rows_are_there() -> None:
    assert len(ROWS) == 138


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nodoor.X,nodoor,submit,c,400,X,,", "door nodoor"),
        ("bonsai.X,textalk,submit,c,400,X,,", "door textalk"),
        ("bonsai.X,bonsai,submit,c,four,X,,", "four"),
        ("bonsai.X,bonsai,submit,c,400,X", "too few fields"),
        ("bonsai.X,bonsai,submit,c,400,X,,,extra", "too many"),
    ],
)
def test_wrong_line_is_refused(line: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_rows(f"{','.join(COLUMNS)}\n{line}\n")


def test_unknown_columns_and_doubled_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="columns"):
        read_rows(f"{','.join(COLUMNS)},more\n")
    line = "bonsai.X,bonsai,submit,c,400,X,,"
    with pytest.raises(ValueError, match="two rows"):
        read_rows(f"{','.join(COLUMNS)}\n{line}\n{line}\n")


def test_unknown_row_or_case_is_refused() -> None:
    for mark in (
        pytest.mark.row("bonsai.NOBODY").mark,
        pytest.mark.row("bonsai.OUT_OF_STOCK", case="any").mark,
        pytest.mark.row("bonsai.PAYMENT_METHOD_NOT_SUPPORTED").mark,
    ):
        with pytest.raises(LookupError):
            row_of(mark)


def test_every_row_has_its_fidelity_and_a_status_that_nobody_printed_is_not_called_documented() -> None:
    assert FIDELITY.keys() == ROWS.keys()
    for row in ROWS.values():
        known = FIDELITY[row.id]
        assert (known.status == "-") is (row.http is None), row.id
        assert "HTTP status is ours" not in row.note or known.status != "documented", row.id


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("", "differ in"),
        (
            "bonsai.X,documented,documented,documented,documented,a page,,\nbonsai.Y,ours,-,-,-,a page,why,",
            "differ in",
        ),
        ("bonsai.X,certain,documented,documented,documented,a page,,", "are not all of"),
        ("bonsai.X,-,documented,documented,documented,a page,,", "are not all of"),
        ("bonsai.X,documented,ours,documented,documented,a page,,", "nothing said"),
        ("bonsai.X,documented,documented,documented,documented,,,", "no source"),
    ],
)
def test_a_row_that_nobody_judged_or_misjudged_is_refused(line: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_fidelity(f"{','.join(OF_FIDELITY)}\n{line}\n", ["bonsai.X"])
    good = "bonsai.X,documented,ours,inferred,documented,a page,why,"
    assert read_fidelity(f"{','.join(OF_FIDELITY)}\n{good}\n", ["bonsai.X"])["bonsai.X"].status == "ours"
