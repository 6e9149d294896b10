"""The servers that a database URL names."""

import pytest

from entrepot.config import ConfigError, load_settings
from entrepot.store.places import Place, narrowed, places_of

A, B = Place("a", 5432), Place("b", 5433)


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("postgresql://u:p@a:5432,b:5433/d", [A, B]),
        ("postgresql://u:p@a,b:5433/d?sslmode=require", [A, B]),
        ("postgresql:///d?host=a,b&port=5432,5433", [A, B]),
        ("postgresql://u@/d?host=/x,/y&port=1", [Place("/x", 1), Place("/y", 1)]),
        (
            "postgresql://u@%2Fx,[::1]:2/d?target_session_attrs=read-write",
            [Place("/x", 5432), Place("::1", 2)],
        ),
        ("postgresql://a/d?target_session_attrs=any", [A]),
        ("postgresql:///d", []),
    ],
)
def test_servers_are_read_off_the_url_in_its_order(url: str, places: list[Place]) -> None:
    assert places_of(url) == places
    assert [places_of(narrowed(url, place)) for place in places] == [[place] for place in places]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a:0/d",
        "postgresql://a:b/d",
        "postgresql://a,/d",
        "postgresql://a,b:65536/d",
        "postgresql:///d?host=a,b&port=1,2,3",
        "postgresql://a,b/d?target_session_attrs=standby",
        "postgresql://a,b/d?target_session_attrs=any",
    ],
)
def test_what_cannot_be_reached_or_need_not_write_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="postgresql://user:password@host:port/database"):
        load_settings({"database_url": url}, {})


def test_all_but_the_servers_stays_when_one_is_chosen() -> None:
    url = "postgresql://u:p%40@a:5432,b:5433/d?sslmode=require"
    assert narrowed(url, B) == "postgresql://u:p%40@b:5433/d?sslmode=require"
