"""Every option of the server, declared once: the command line, the environment and the README table follow from it."""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence, Set
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo


def absolute(path: Path) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111 — as typed, symlinks and all; never fails


def existing(path: Path) -> Path:
    if not os.path.isdir(path):  # noqa: PTH112 — unlike Path.is_dir it never raises
        raise ValueError("this folder does not exist; create it or name another one")
    return path


def port_number(value: object) -> int:
    if not str(value).isdecimal() or not 1 <= int(str(value)) <= 65535:
        raise ValueError("give a number from 1 to 65535")
    return int(str(value))


def count(value: object) -> int:
    if not str(value).isdecimal() or not 1 <= int(str(value)) <= 64:
        raise ValueError("give a number from 1 to 64")
    return int(str(value))


def host_name(name: str) -> str:
    if not name or any(character in name for character in "/:@ "):
        raise ValueError("give a bare host name such as gpu1.example.org, without http:// and without a port")
    return name.lower()


def size(value: object) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?B?)", str(value).strip())
    if found is None or not float(found[1]):
        raise ValueError("give a size such as 500MB or 2GB")
    return int(float(found[1]) * 1024 ** " kMGT".index(found[2].removesuffix("B") or " "))


Folder = Annotated[Path, AfterValidator(absolute)]
ExistingFolder = Annotated[Folder, AfterValidator(existing)]
Count = Annotated[int, BeforeValidator(count)]
Port = Annotated[int, BeforeValidator(port_number)]
Size = Annotated[int, BeforeValidator(size)]
HostName = Annotated[str, AfterValidator(host_name)]


class Settings(BaseModel):
    """How one server runs. A field is an option: its title is the placeholder, its description the help."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    workspace: Folder = Field(Path("workspace"), title="DIR", description="Folder that holds all projects.")
    host: str = Field(
        "127.0.0.1", title="ADDRESS", description="Address to listen on; only loopback is possible today."
    )
    port: Port = Field(8080, title="PORT", description="Port to listen on, 1 to 65535.")
    open: bool | None = Field(
        None, description="Open the browser; without either only with a display and a terminal, and not over SSH."
    )
    data_root: tuple[ExistingFolder, ...] = Field(
        (Path("~"),),
        title="DIR",
        description="Folder below which data sets may be imported; can be given several times.",
    )
    weights_dir: ExistingFolder | None = Field(
        None, title="DIR", description="Folder that is searched for pretrained weights before any download."
    )
    state_dir: Folder = Field(
        Path("~/.local/state/aistudio"), title="DIR", description="Folder for secrets, the audit log and drafts."
    )
    no_auth: bool = Field(False, description="Ask for no token: loopback only, and the only mode today.")
    share: bool = Field(False, description="Print links for colleagues; not possible before access control exists.")
    allow_host: tuple[HostName, ...] = Field(
        (),
        title="NAME",
        description="Further name under which browsers reach the server, on any port; can be given several times.",
    )
    max_upload: Size = Field(  # type: ignore[assignment]  # written as on the command line
        "2GB", title="SIZE", description="Largest file that may be uploaded, such as `500MB`."
    )
    cpu_runs: Count = Field(
        1, title="N", description="Runs that may train on the CPU at a time; each gets its share of the cores."
    )
    stop_workers_on_exit: bool = Field(False, description="Stop running trainings when the server stops.")

    @model_validator(mode="after")
    def loopback_only(self) -> "Settings":
        if self.share or not is_loopback(self.host):
            given = "--share" if self.share else f"--host {self.host}"
            raise ValueError(
                f"{given} is refused because access control does not exist yet: keep --host 127.0.0.1 "
                f"and use an SSH tunnel, ssh -L {self.port}:127.0.0.1:{self.port} server."
            )
        return self


def parse(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this start; the command line wins. Exits with one sentence (code 2) when an option is wrong."""
    typed, preset = command_line(argv), from_environment(environ)
    given = preset | typed
    given.setdefault("open", can_open_browser(environ))
    try:
        return Settings(**given)
    except ValidationError as error:
        refuse(sentence(error, preset.keys() - typed.keys()))


def options_table() -> str:
    """The options as a markdown table."""
    rows = [
        f"| `{usage(name, field)}` | `{variable(name)}` | {default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| Option | Environment | Default | Meaning |", "| --- | --- | --- | --- |", *rows])


def command_line(argv: Sequence[str] | None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(
        prog="aistudio",
        description="Train image models on a GPU server without writing code.",
        epilog=f"Each option can also be given as an environment variable, such as {variable('port')}.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        exit_on_error=False,
    )
    for name, field in Settings.model_fields.items():
        add_option(parser, name, field)
    try:
        known, unknown = parser.parse_known_args(argv)
    except argparse.ArgumentError as error:
        refuse(f"{error.argument_name}: {error.message}; see --help.")
    if unknown:
        refuse(f"{unknown[0]} is not an option; see --help.")
    return vars(known)


def add_option(parser: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    shown = f"{field.description} Default: {default(field)}." if default(field) else field.description
    help_text = (shown or "").replace("%", "%%").replace("`", "")
    if field.annotation == bool | None:
        parser.add_argument(option(name), action=argparse.BooleanOptionalAction, help=help_text)
    elif field.annotation is bool:
        parser.add_argument(option(name), action="store_true", help=help_text)
    else:
        action = "append" if is_list(field) else "store"
        parser.add_argument(option(name), action=action, metavar=field.title, help=help_text)


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: [part for part in text.split(os.pathsep) if part] if is_list(field) else text
        for name, field in Settings.model_fields.items()
        if (text := environ.get(variable(name), ""))
    }


def sentence(error: ValidationError, preset: Set[str]) -> str:
    """What is wrong with the first wrong option, under the name by which it was given."""
    first = error.errors()[0]
    message = str(first["ctx"]["error"]) if first["type"] == "value_error" else "give true or false"
    if not first["loc"]:
        return message
    name = str(first["loc"][0])
    return f"{variable(name) if name in preset else option(name)} {first['input']}: {message}."


def refuse(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(2)


def can_open_browser(environ: Mapping[str, str]) -> bool:
    display = sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return display and "SSH_CONNECTION" not in environ and sys.stdout.isatty()


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_list(field: FieldInfo) -> bool:
    return isinstance(field.default, tuple)


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    return "AISTUDIO_" + name.upper()


def usage(name: str, field: FieldInfo) -> str:
    if field.annotation == bool | None:
        return f"{option(name)}, {option('no_' + name)}"
    return f"{option(name)} {field.title}" if field.title else option(name)


def default(field: FieldInfo) -> str:
    shown = field.default if is_list(field) else (field.default,)
    return ", ".join(f"`{value}`" for value in shown if value is not None and value is not False)
