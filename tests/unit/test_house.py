"""The rules of the house, read off the source: arrows, rooms, sizes, purity, workspace in every key."""

import ast
import functools
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from entrepot.store.tables import metadata

SOURCE = Path(__file__).parents[2] / "src" / "entrepot"
FILES = sorted(SOURCE.rglob("*.py"))
LONGEST_FUNCTION = 60  # a migration is a list of statements, not logic, and is exempt
MEDIAN_FUNCTION = 6
MOST_MODULES = 16
WITHOUT_WORKSPACE = {"directory", "workspaces"}

# Who may import what of ours. Areas not named here are the outer shell, which nobody below may import.
ARROWS = {
    "failures": {"failures", "domain"},
    "domain": {"domain", "failures"},
    "store": {"store", "domain", "failures"},
    "gateways": {"gateways", "store", "domain", "failures", "loading"},
    "engine": {"engine", "store", "gateways", "domain", "failures", "loading"},
    "doors": {"doors", "engine", "store", "gateways", "domain", "failures", "loading"},
    "observe": {"observe"},
    "loading": set(),
    "config": {"config", "store", "domain", "registry"},  # of the registry the doors' names
}
# The rooms of `domain/`, from the ground up. A room imports itself and rooms on lower floors, none beside it.
# `fulfilment` is below `placing`: what was sold elsewhere may come in as delivered, and then placing writes a shipment.
FLOORS: tuple[set[str], ...] = (
    {"kernel"},
    {"channels", "outbox", "mapping"},
    {"catalogue", "pricing"},
    {"stock", "customers"},
    {"orders"},
    {"payments"},
    {"fulfilment"},
    {"placing"},
    {"carts"},
    {"checkout", "sessions", "upkeep"},
)
CLOCK_AND_CHANCE = {"time", "random", "secrets", "os", "asyncio", "threading", "socket"}
FORBIDDEN_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7", "urandom", "open", "print", "input"}

DATABASE_CLOCK = re.compile(
    r"(?i)\b(?:(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday) *\( *\)"
    r"|current_(?:date|time|timestamp)\b(?: *\( *\))?|localtimestamp\b)"
)


def area_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports_of(path: Path) -> Iterator[str]:
    """Absolute names of all imported modules, those inside functions included."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def breaches(paths: Sequence[Path], of: Callable[[Path], Any]) -> Mapping[str, Any]:
    """File by file what is against a rule, of all files that it is for."""
    assert paths, "a rule for no file"
    return {str(path.relative_to(SOURCE)): found for path in paths if (found := of(path))}


def breaches_of_arrows(area: str, imported: list[str]) -> list[str]:
    allowed = ARROWS.get(area)
    ours = [name.split(".")[1] for name in imported if name.startswith("entrepot.")]
    return [name for name in ours if allowed is not None and name not in allowed and name != "__version__"]


def test_arrows_run_one_way() -> None:
    assert breaches(FILES, lambda path: breaches_of_arrows(area_of(path), list(imports_of(path)))) == {}


def test_arrows_are_noticed_when_broken() -> None:
    assert breaches_of_arrows("domain", ["entrepot.store.upkeep.migrate"]) == ["store"]
    assert breaches_of_arrows("engine", ["entrepot.doors.kit"]) == ["doors"]


def test_no_door_imports_another() -> None:
    assert breaches([path for path in FILES if area_of(path) == "doors"], other_doors_of) == {}


def other_doors_of(path: Path) -> list[str]:
    door = path.relative_to(SOURCE / "doors").parts[0]
    others = [name.split(".")[2] for name in imports_of(path) if name.startswith("entrepot.doors.")]
    return [other for other in others if other not in (door, "kit", "manifest")]


def test_rooms_of_the_domain_import_downwards() -> None:
    assert breaches([path for path in FILES if area_of(path) == "domain"], wrong_rooms_of) == {}


def wrong_rooms_of(path: Path) -> list[str]:
    within = path.relative_to(SOURCE / "domain").parts[:-1]
    if not within:
        return [] if path.name == "__init__.py" else ["stands in no room"]
    return breaches_of_floors(within[0], imports_of(path))


def breaches_of_floors(room: str, imported: Iterable[str]) -> list[str]:
    """The rooms that a room imports and must not; the room itself where it stands on no floor."""
    floor = next((no for no, rooms in enumerate(FLOORS) if room in rooms), None)
    if floor is None:
        return [room]
    below = set[str]().union(*FLOORS[:floor])
    named = {name.split(".")[2] for name in imported if name.startswith("entrepot.domain.")}
    return sorted(named - below - {room})


def test_wrong_rooms_are_noticed() -> None:
    assert breaches_of_floors("stock", ["entrepot.domain.stock.levels", "entrepot.domain.kernel.ids"]) == []
    assert breaches_of_floors("stock", ["entrepot.domain.orders.records"]) == ["orders"]
    assert breaches_of_floors("pricing", ["entrepot.domain.catalogue.products"]) == ["catalogue"]
    assert breaches_of_floors("attic", []) == ["attic"]


def test_no_import_goes_in_a_circle() -> None:
    modules = {module_of(path): path for path in FILES}
    graph = {module: set(edges(modules, path)) - {module} for module, path in modules.items()}
    assert sum(map(len, graph.values())) > len(graph), "imports were not read"
    assert circles(graph) == []


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def edges(modules: Mapping[str, Path], path: Path) -> Iterator[str]:
    """The modules that a file imports from. Of a package it is the part that is named, where that is a module."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = (f"{node.module}.{alias.name}" for alias in node.names)
            named = {part if part in modules else node.module for part in parts}
            yield from (name for name in named if name in modules)


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which leads to every other of its group, and so back to itself."""
    reached = {module: reach(graph, module) for module in graph}
    groups = {
        frozenset(other for other in reached[module] if module in reached[other])
        for module in graph
        if module in reached[module]
    }
    return sorted(map(sorted, groups))


def reach(graph: Mapping[str, set[str]], start: str) -> set[str]:
    seen = set[str]()
    ahead = [*graph[start]]
    while ahead:
        if (module := ahead.pop()) not in seen:
            seen.add(module)
            ahead += graph[module]
    return seen


def test_circles_are_noticed() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str](), "e": {"f"}, "f": {"e"}}
    assert circles(graph) == [["b", "c"], ["e", "f"]]


# Of migrations there are ever more, since none that was released is rewritten.
LOGIC = [path for path in FILES if path.parent.name != "versions"]


def test_no_folder_is_crowded() -> None:
    assert crowded(LOGIC) == {}


def crowded(files: Iterable[Path]) -> dict[str, int]:
    # Migrations only ever become more, and are found by number.
    counts = Counter(
        path.parent for path in files if path.name != "__init__.py" and path.parent.name != "versions"
    )
    return {str(folder): count for folder, count in counts.items() if count > MOST_MODULES}


def test_crowded_folders_are_noticed() -> None:
    files = [Path("room", f"part{no}.py") for no in range(MOST_MODULES)] + [Path("room", "__init__.py")]
    assert crowded(files) == {}
    assert crowded([*files, Path("room", "more.py")]) == {"room": MOST_MODULES + 1}


def test_no_function_is_longer_than_a_screen() -> None:
    assert breaches(LOGIC, lambda path: long_functions(tree_of(path))) == {}


def test_functions_are_short_on_the_whole() -> None:
    lengths = [length for path in LOGIC for _, length in functions(tree_of(path))]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION


def functions(tree: ast.Module) -> list[tuple[str, int]]:
    """The name of each function with its lines, decorators not counted."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [(each.name, (each.end_lineno or 0) - each.lineno + 1) for each in found]


def long_functions(tree: ast.Module) -> dict[str, int]:
    return {name: length for name, length in functions(tree) if length > LONGEST_FUNCTION}


def test_long_functions_are_noticed() -> None:
    body = "    pass\n" * (LONGEST_FUNCTION - 1)
    tree = ast.parse(f"def fits():\n{body}\nasync def grown():\n{body}    pass")
    assert functions(tree) == [("fits", LONGEST_FUNCTION), ("grown", LONGEST_FUNCTION + 1)]
    assert long_functions(tree) == {"grown": LONGEST_FUNCTION + 1}


def test_rules_have_no_clock_no_chance_and_no_io() -> None:
    rules = [path for path in FILES if area_of(path) in ("domain", "failures")]
    assert breaches(rules, impurities_of) == {}


def impurities_of(path: Path) -> list[str]:
    modules = {name.split(".")[0] for name in imports_of(path)}
    return sorted(modules & CLOCK_AND_CHANCE) + forbidden_calls(tree_of(path))


def test_clock_and_chance_are_noticed() -> None:
    assert forbidden_calls(ast.parse("import datetime as d\nd.datetime.now(d.UTC)\nuuid4()")) == [
        "now",
        "uuid4",
    ]


def forbidden_calls(tree: ast.Module) -> list[str]:
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [
        f.attr if isinstance(f, ast.Attribute) else f.id
        for f in called
        if isinstance(f, ast.Attribute | ast.Name)
    ]
    return [name for name in names if name in FORBIDDEN_CALLS]


def test_no_statement_asks_the_clock_of_the_database() -> None:
    """The time is always a parameter, so who shifts the clock of our processes shifts all that the product sees."""
    assert breaches(FILES, clocks_of) == {}


def test_clocks_of_the_database_are_noticed() -> None:
    source = (
        "a = 'select now( )'\nb = sa.func.current_timestamp()\nc = f'{x} < CURRENT_DATE'\nd = 'now and then'"
    )
    assert set(database_clocks(ast.parse(source))) == {"current_timestamp", "now( )", "CURRENT_DATE"}


def clocks_of(path: Path) -> list[str]:
    return database_clocks(tree_of(path))


def database_clocks(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            if node.value.attr == "func" and DATABASE_CLOCK.fullmatch(f"{node.attr}()"):
                found.append(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += DATABASE_CLOCK.findall(node.value)
    return found


def keys_of(table: Table) -> Iterator[tuple[str, list[str]]]:
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint | ForeignKeyConstraint):
            yield str(constraint.name), [column.name for column in constraint.columns]
            if isinstance(constraint, ForeignKeyConstraint):
                yield (
                    f"{constraint.name} (referred)",
                    [element.column.name for element in constraint.elements],
                )
    for index in table.indexes:
        if index.unique:
            yield str(index.name), leading_columns(index)


def leading_columns(index: Index) -> list[str]:
    return [each.name if isinstance(each, Column) else str(each) for each in index.expressions]


def test_every_key_starts_with_the_workspace() -> None:
    keys = {t.name: dict(keys_of(t)) for t in metadata.sorted_tables if t.name not in WITHOUT_WORKSPACE}
    assert keys
    assert [name for name, of_table in keys.items() if not of_table] == [], "tables without a key"
    assert [
        (name, columns)
        for of_table in keys.values()
        for name, columns in of_table.items()
        if columns[0] != "workspace"
    ] == []
