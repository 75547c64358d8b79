"""The options of the server: defaults, environment, command line, and what is said when one is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from aistudio.settings import Settings, options_table, parse


def test_defaults() -> None:
    settings = parse([], {})
    assert settings.workspace == Path.cwd() / "workspace"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.data_root == (Path.home(),)
    assert settings.weights_dir is None
    assert settings.state_dir == Path.home() / ".local/state/aistudio"
    assert (settings.open, settings.no_auth, settings.share, settings.allow_host) == (False, False, False, ())


def test_every_option_can_be_typed_and_set_in_the_environment(tmp_path: Path) -> None:
    typed = parse(
        f"--workspace {tmp_path}/w --host ::1 --port 9000 --open --data-root {tmp_path} --data-root / "
        f"--weights-dir {tmp_path} --state-dir {tmp_path}/s --no-auth --allow-host GPU1 --allow-host gpu2 "
        "--stop-workers-on-exit".split(),
        {},
    )
    environ = {
        "AISTUDIO_WORKSPACE": f"{tmp_path}/w",
        "AISTUDIO_HOST": "::1",
        "AISTUDIO_PORT": "9000",
        "AISTUDIO_OPEN": "1",
        "AISTUDIO_DATA_ROOT": os.pathsep.join([str(tmp_path), "/"]),
        "AISTUDIO_WEIGHTS_DIR": str(tmp_path),
        "AISTUDIO_STATE_DIR": f"{tmp_path}/s",
        "AISTUDIO_NO_AUTH": "true",
        "AISTUDIO_ALLOW_HOST": os.pathsep.join(["gpu1", "gpu2"]),
        "AISTUDIO_STOP_WORKERS_ON_EXIT": "yes",
    }
    assert parse([], environ) == typed
    assert (typed.port, typed.open, typed.no_auth, typed.stop_workers_on_exit) == (9000, True, True, True)
    assert typed.data_root == (tmp_path, Path("/"))
    assert typed.allow_host == ("gpu1", "gpu2")


def test_the_command_line_wins(tmp_path: Path) -> None:
    environ = {"AISTUDIO_PORT": "9000", "AISTUDIO_OPEN": "1", "AISTUDIO_DATA_ROOT": "/nowhere"}
    settings = parse(["--port", "9001", "--no-open", "--data-root", str(tmp_path)], environ)
    assert (settings.port, settings.open, settings.data_root) == (9001, False, (tmp_path,))


def test_an_empty_variable_is_no_value() -> None:
    assert parse([], {"AISTUDIO_PORT": ""}).port == 8080


def test_paths_are_expanded_and_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = parse(["--workspace", "here/../there", "--data-root", "~"], {})
    assert settings.workspace == tmp_path / "there"
    assert settings.data_root == (tmp_path,)


@pytest.mark.parametrize(
    ("argv", "environ", "said"),
    [
        (["--port", "0"], {}, "--port 0: give a number from 1 to 65535."),
        (["--port", "abc"], {}, "--port abc: give a number from 1 to 65535."),
        (["--port", "65536"], {}, "--port 65536: give a number from 1 to 65535."),
        (["--port"], {}, "--port: expected one argument; see --help."),
        ([], {"AISTUDIO_PORT": "-1"}, "AISTUDIO_PORT -1: give a number from 1 to 65535."),
        ([], {"AISTUDIO_OPEN": "perhaps"}, "AISTUDIO_OPEN perhaps: give true or false."),
        (
            ["--weights-dir", "/nowhere"],
            {},
            "--weights-dir /nowhere: this folder does not exist; create it or name another",
        ),
        (
            ["--data-root", "/", "--data-root", "/nowhere"],
            {},
            "--data-root /nowhere: this folder does not exist; create",
        ),
        ([], {"AISTUDIO_DATA_ROOT": "/:/nowhere"}, "AISTUDIO_DATA_ROOT /nowhere: this folder does not exist; create"),
        (["--allow-host", "http://gpu1"], {}, "--allow-host http://gpu1: give a bare host name"),
        (["--wrokspace", "w"], {}, "--wrokspace is not an option; see --help."),
        (["--host", "0.0.0.0"], {}, "--host 0.0.0.0 is refused because access control does not exist yet: keep --host"),
        (["--host", "0.0.0.0", "--no-auth"], {}, "--host 0.0.0.0 is refused"),
        (["--host", "gpu1", "--port", "9000"], {}, "ssh -L 9000:127.0.0.1:9000 server."),
        (["--share"], {}, "--share is refused because access control does not exist yet"),
        ([], {"AISTUDIO_HOST": "::"}, "--host :: is refused"),
    ],
)
def test_a_wrong_value_gives_one_sentence(
    argv: list[str], environ: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        parse(argv, environ)
    assert leaving.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_python_code_may_build_settings_and_meets_the_same_rules(tmp_path: Path) -> None:
    settings = Settings(workspace=tmp_path, port=9000)
    assert not settings.open
    with pytest.raises(ValidationError, match="SSH tunnel"):
        Settings(host="0.0.0.0")
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_the_browser_opens_only_for_somebody_who_sits_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.platform", "linux")
    assert parse([], {"DISPLAY": ":0"}).open is True
    assert parse([], {}).open is False
    assert parse([], {"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}).open is False
    assert parse([], {"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22", "AISTUDIO_OPEN": "1"}).open is True
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert parse([], {"DISPLAY": ":0"}).open is False


def test_help_and_table_name_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        parse(["--help"], {})
    assert leaving.value.code == 0
    shown, table = capsys.readouterr().out, options_table().splitlines()
    assert len(table) == 2 + len(Settings.model_fields)
    for name, line in zip(Settings.model_fields, table[2:], strict=True):
        assert f"--{name.replace('_', '-')}" in shown
        assert f"`AISTUDIO_{name.upper()}`" in line
    assert "| `--port PORT` | `AISTUDIO_PORT` | `8080` | Port to listen on, 1 to 65535. |" in table


def test_settings_load_without_torch_and_nicegui() -> None:
    code = "import sys, aistudio.settings; print({'torch', 'nicegui', 'fastapi'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
