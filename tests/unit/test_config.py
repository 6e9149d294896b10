"""Settings: precedence, and faults that name the value and what was expected."""

from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.config import ConfigError, Settings, load_settings
from entrepot.domain.channels.retention import Retention


def faults_of(
    flags: dict[str, object], environ: dict[str, str] | None = None, toml: Path | None = None
) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(flags, environ or {}, toml)
    return list(caught.value.faults)


def test_flag_wins_over_environment_wins_over_file(tmp_path: Path) -> None:
    file = tmp_path / "entrepot.toml"
    file.write_text('host = "::1"\nport = 1\nworkers = 2\n', "utf-8")
    settings = load_settings(
        {"host": "127.0.0.2"}, {"ENTREPOT_HOST": "127.0.0.3", "ENTREPOT_PORT": "3"}, file
    )
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.2", 3, 2)


def test_defaults() -> None:
    settings = load_settings({"port": None, "door_hosts": []}, {})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.workers, settings.sandbox) == ("127.0.0.1", 8600, 1, False)


def test_door_hosts_map_a_host_to_its_door() -> None:
    flags = load_settings({"door_hosts": ["bonsai=Bonsai.example", "textalk=w.example"]}, {})
    environment = load_settings({}, {"ENTREPOT_DOOR_HOSTS": "bonsai=bonsai.example, textalk=w.example"})
    assert flags.door_hosts == environment.door_hosts == {"bonsai.example": "bonsai", "w.example": "textalk"}


def test_what_is_over_is_kept_for_so_many_days() -> None:
    flags = load_settings({"keep": ["sessions=0", "attempts=90"]}, {})
    environment = load_settings({}, {"ENTREPOT_KEEP": "sessions=0, attempts=90"})
    month = timedelta(days=30)
    assert flags.keep == environment.keep == Retention(sessions=timedelta(), attempts=3 * month)
    assert (flags.keep.customers, Settings().keep.attempts) == (month, month)


def test_orders_stay_for_good_where_nothing_else_is_said() -> None:
    assert Settings().keep.orders is None
    assert load_settings({"keep": ["orders=90"]}, {}).keep.orders == timedelta(days=90)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sessions",
        "sessions=",
        "sessions=-1",
        "payments=1",
        "orders=89",
        "carts=1,carts=2",
        "tries=0",
        "carts=9999",
    ],
)
def test_what_cannot_be_kept_so(value: str) -> None:
    assert "days 0 to 3650" in faults_of({"keep": [value]})[0]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("port", "65536", "from 1 to 65535"),
        ("port", "8_600", "from 1 to 65535"),
        ("port", True, "from 1 to 65535"),
        ("workers", "0", "from 1 to 64"),
        ("host", "a b", "an address or host name"),
        ("door_hosts", ["shop=a.example"], "door is one of bonsai"),
        ("door_hosts", ["bonsai=a.example", "walmart=a.example"], "each host once"),
        ("door_hosts", ["bonsai"], "door=host.name"),
        ("sandbox", "maybe", "true or false"),
        ("log_format", "xml", "json or text"),
        ("log_level", "loud", "debug, info"),
        ("tls_cert", "/no/such/file", "existing file"),
        ("trusted_proxies", ["10.0.0.0/33"], "networks"),
    ],
)
def test_wrong_value_is_named_with_what_was_expected(name: str, value: object, expected: str) -> None:
    fault = faults_of({name: value})[0]
    assert written(value) in fault
    assert expected in fault


def test_all_faults_are_told_with_where_they_come_from(tmp_path: Path) -> None:
    file = tmp_path / "entrepot.toml"
    file.write_text("workres = 2\nport = 'x'\n", "utf-8")
    faults = faults_of({"log_level": "loud"}, {"ENTREPOT_WORKERS": "many"}, file)
    assert [fault.split(":")[0] for fault in faults] == [
        str(file),
        str(file),
        "ENTREPOT_WORKERS",
        "--log-level",
    ]
    assert "did you mean workers?" in faults[0]


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/d", "postgresql://u:hunter2@h", "hunter2", "postgresql://[x/d"]
)
def test_wrong_database_url_is_told_without_its_password(url: str) -> None:
    (fault,) = faults_of({"database_url": url})
    assert "hunter2" not in fault
    assert "postgresql://user:password@host:port/database" in fault


def test_password_stays_out_of_the_settings_text() -> None:
    assert "hunter2" not in repr(load_settings({"database_url": "postgresql://u:hunter2@h/d"}, {}))


def test_sandbox_is_one_process_on_loopback() -> None:
    assert load_settings({"sandbox": True, "host": "::1", "workers": 1}, {}).sandbox
    workers, host = faults_of({"sandbox": True, "host": "0.0.0.0", "workers": 2})
    assert workers.startswith("--workers: 2")
    assert host.startswith("--host: '0.0.0.0'")


def test_certificate_and_key_go_together(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.touch()
    assert faults_of({"tls_cert": str(file)}) == [
        "--tls-key: missing; a certificate and its key go together."
    ]
    assert load_settings({"tls_cert": str(file), "tls_key": str(file)}, {}).scheme == "https"


@pytest.mark.parametrize("content", ["port = ", "\xff"])
def test_file_that_is_not_toml_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "entrepot.toml"
    file.write_bytes(content.encode("latin-1"))
    assert faults_of({}, {}, file)[0].startswith(f"{file}: is not TOML")
    assert faults_of({}, {}, tmp_path / "absent.toml")[0].startswith(
        f"{tmp_path / 'absent.toml'}: cannot be read"
    )


def test_a_wrong_value_is_shown_as_it_was_written() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({"tls_cert": Path("/nope"), "keep": ["carts=x", "codes=1"]}, {})
    told = " ".join(refused.value.faults)
    assert "--tls-cert: '/nope' is wrong" in told
    assert "--keep: 'carts=x,codes=1' is wrong" in told


def written(value: object) -> str:
    """A wrong value as its owner wrote it: of a list its items, with commas."""
    return repr(",".join(value)) if isinstance(value, list) else repr(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
