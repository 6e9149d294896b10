"""The image and the compose files without a container engine: read, checked, and done step by step."""

from __future__ import annotations

import fnmatch
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from tests.platform.containerfile import Stage, stages

from entrepot.config import load_settings
from entrepot.serving.supervisor import END_LIMIT

ROOT = Path(__file__).parents[2]
BUILD, IMAGE = stages(ROOT / "Containerfile")
COMPOSE = sorted((ROOT / "containers").glob("*.yaml"))
SCHEMA = json.loads((Path(__file__).with_name("compose.schema.json")).read_text("utf-8"))
PORT = "8600"
ENTRY = (sys.executable, "-c", "from entrepot.cli import main; main()")
KEEP_READING = "+dac_read_search"
"""What an unprivileged account needs to run an interpreter that lies in root's folders."""


def compose(name: str) -> Any:
    return yaml.safe_load((ROOT / "containers" / f"{name}.yaml").read_text("utf-8"))


def test_image_runs_as_somebody_who_is_not_root_and_keeps_one_volume() -> None:
    made = shlex_last(next(each.text for each in IMAGE.all("RUN") if each.text.startswith("useradd")))
    assert IMAGE.last("USER").text == made
    assert [each.text for each in IMAGE.all("VOLUME")] == ["/data"]
    folders = {
        value
        for name, value in IMAGE.environment().items()
        if name.endswith("_DIR") and name.startswith("ENTREPOT")
    }
    assert folders
    assert all(Path(each).is_relative_to("/data") for each in folders)


def shlex_last(text: str) -> str:
    return text.split()[-1]


def test_signals_reach_the_server_and_it_is_given_its_time() -> None:
    assert IMAGE.last("STOPSIGNAL").text == "SIGTERM"
    for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
        assert IMAGE.last(name).exec_form(), (
            f"{name} has no shell before it, which would keep signals to itself"
        )
    for file in COMPOSE:
        grace = compose(file.stem)["services"]["entrepot"]["stop_grace_period"]
        assert float(grace.removesuffix("s")) > END_LIMIT


def test_bases_have_a_version_and_name_no_registry() -> None:
    assert {each.base for each in (BUILD, IMAGE)} == {"python:3.13-slim"}
    images = [each["image"] for file in COMPOSE for each in compose(file.stem)["services"].values()]
    assert images
    assert all(re.fullmatch(r"[a-z]+:[a-z0-9.-]+", each) for each in images)


def test_what_is_copied_stands_there_and_is_not_kept_out() -> None:
    allowed = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert allowed[0] == "*"
    for each in BUILD.all("COPY"):
        *sources, _ = each.text.split()
        assert all((ROOT / source).exists() for source in sources)
        assert all(any(fnmatch.fnmatch(source, f"{one[1:]}*") for one in allowed[1:]) for source in sources)
    (taken,) = IMAGE.all("COPY")
    assert taken.flags() == {"from": BUILD.name}


def test_shell_takes_every_step() -> None:
    for step in (*BUILD.all("RUN"), *IMAGE.all("RUN")):
        done = subprocess.run(
            ["sh", "-n", "-c", step.text], capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr


def test_environment_of_the_image_is_of_settings_that_there_are() -> None:
    given = {name: value for name, value in IMAGE.environment().items() if name.startswith("ENTREPOT_")}
    settings = load_settings({}, given)
    assert (settings.host, str(settings.data_dir)) == ("0.0.0.0", "/data/server")
    assert settings.port == int(IMAGE.last("EXPOSE").text) == int(PORT)


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.stem)
def test_compose_file_is_one_and_names_what_it_has(file: Path) -> None:
    told = compose(file.stem)
    assert [each.message for each in jsonschema_rs.validator_for(SCHEMA).iter_errors(told)] == []
    services: dict[str, Any] = told["services"]
    for service in services.values():
        volumes = {each.partition(":")[0] for each in service.get("volumes", ())}
        assert volumes <= told.get("volumes", {}).keys()
        assert set(service.get("secrets", ())) <= told.get("secrets", {}).keys()
        assert service.get("depends_on", {}).keys() <= services.keys()
        assert all("healthcheck" in services[each] for each in service.get("depends_on", {}))
        if "build" in service:
            context = (file.parent / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).is_file()


def test_schema_refuses_what_compose_does_not_know() -> None:
    for wrong in (
        {"services": {"a": {"image": "a:1", "ports": ["8600:8600"]}}},
        {"services": {"a": {"image": "a:1", "stop_grace_period": "90"}}},
        {"services": {"a": {"image": "a:1", "healthcheck": {"test": ["curl"]}}}},
        {"services": {"a": {"image": "a:1", "restarts": "always"}}},
    ):
        assert not jsonschema_rs.validator_for(SCHEMA).is_valid({"name": "a", **wrong})


def test_production_has_its_secrets_in_files_and_nowhere_else(tmp_path: Path) -> None:
    services = compose("production")["services"]
    told = services["entrepot"]["environment"]
    assert not any(
        re.search("password|url|key", f"{name}={value}", re.IGNORECASE) for name, value in told.items()
    )
    head = (ROOT / "containers" / "production.yaml").read_text("utf-8")
    line = re.search(r"database_url = \S+", head)
    assert line is not None
    file = tmp_path / "entrepot.toml"
    file.write_text(line[0], "utf-8")
    given = {name: value for name, value in told.items() if name != "ENTREPOT_CONFIG"}
    settings = load_settings({}, {**IMAGE.environment(), **given}, file)
    assert tomllib.loads(line[0])["database_url"] == settings.database_url
    database = services["postgres"]["environment"]
    assert settings.database_url == (
        f"postgresql://{database['POSTGRES_USER']}:THE-PASSWORD@postgres:5432/{database['POSTGRES_DB']}"
    )
    assert not settings.sandbox


def test_entry_command_answers_as_an_ordinary_user_is_healthy_and_ends_on_term(open_folder: Path) -> None:
    with contained(open_folder, [sys.executable, "-c", "from entrepot.cli import main; main()"]) as (
        process,
        url,
        volume,
    ):
        assert healthy(url)
        assert [each.name for each in volume.iterdir()] == ["demo"]
        if os.geteuid() == 0:
            assert (volume / "demo").stat().st_uid == pwd.getpwnam("nobody").pw_uid
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_LIMIT) in (0, -signal.SIGTERM)
    assert not healthy(url)


@contextmanager
def contained(folder: Path, entry: Sequence[str]) -> Generator[tuple[subprocess.Popen[str], str, Path]]:
    """The image's own command in its environment; its volume is a folder here, and its account `nobody` for root."""
    volume = folder / "volume"
    volume.mkdir(mode=0o700)
    as_nobody: list[str] = []
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(volume, nobody.pw_uid, nobody.pw_gid)
        ids = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        as_nobody = ["setpriv", *ids, f"--inh-caps={KEEP_READING}", f"--ambient-caps={KEEP_READING}"]
    told = {name: value.replace("/data", str(volume)) for name, value in IMAGE.environment().items()}
    told |= {"ENTREPOT_PORT": "0", "ENTREPOT_LOG_LEVEL": "warning"}
    command = [*as_nobody, *entry, *IMAGE.last("CMD").exec_form()]
    process = subprocess.Popen(command, env=told, cwd=volume, stdout=subprocess.PIPE, encoding="utf-8")
    try:
        yield process, _answers_on(process), volume
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(END_LIMIT)
        assert process.stdout is not None
        process.stdout.close()
        shutil.rmtree(volume)


def _answers_on(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"answers on (http://[0-9.]+:[0-9]+)", line):
            return found[1]
    raise AssertionError(f"it ended with {process.wait()}")


def healthy(url: str) -> bool:
    """Whether the image's health check finds the server, as the engine asks it."""
    program = [each.replace(f"127.0.0.1:{PORT}", url.removeprefix("http://")) for each in check()]
    return subprocess.run([sys.executable, *program[1:]], capture_output=True, check=False).returncode == 0


def check() -> list[str]:
    program = IMAGE.last("HEALTHCHECK").exec_form()
    assert program[0] == "python"
    return program


class Engine:
    """Does the steps of the image below a folder, which stands for its root; the account and the volume are ours."""

    def __init__(self, root: Path, build: Path) -> None:
        self.root = root
        self._places = {"/opt/": f"{root}/opt/", "/data": f"{root}/data"}
        self._build = build

    def do(self, stage: Stage) -> None:
        for each in stage.instructions:
            if each.name == "COPY" and "from" not in each.flags():
                self._copy(each.text.split())
            elif each.name == "RUN" and not each.text.startswith(("useradd", "install ")):
                self._run(each.text)

    def _copy(self, words: Sequence[str]) -> None:
        *sources, target = words
        for source in sources:
            place = self._build / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (place if target.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / source, place / Path(source).name if place.is_dir() else place)

    def _run(self, text: str) -> None:
        for place, here in self._places.items():
            text = text.replace(place, here)
        done = subprocess.run(
            ["sh", "-e", "-c", text],
            cwd=self._build,
            env=_plain(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def _plain() -> dict[str, str]:
    """An environment in which `python` is this interpreter, as the base image has one."""
    path = f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path}


@pytest.mark.torture
def test_steps_of_the_image_done_one_by_one_come_to_a_server(open_folder: Path) -> None:
    """Takes packages from where pip finds them; what it is skipped for is a machine without."""
    build = open_folder / "build"
    build.mkdir()
    engine = Engine(open_folder / "root", build)
    began = time.monotonic()
    try:
        engine.do(BUILD)
    except AssertionError as error:
        if "No matching distribution" in str(error) or "Max retries" in str(error):
            pytest.skip("there is no package registry here")
        raise
    print(f"the steps took {time.monotonic() - began:.0f} s")
    with contained(open_folder, [str(engine.root / "opt/entrepot/bin/entrepot")]) as (_, url, _volume):
        assert healthy(url)
