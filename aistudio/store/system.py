"""`system.jsonl` of an attempt: the worker appends samples of the machine, the studio reads what is new."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from aistudio.schema.system import SystemSample
from aistudio.store.lines import complete


def append(path: Path, sample: SystemSample) -> None:
    """Raises OSError."""
    with path.open("ab") as file:
        file.write(sample.model_dump_json().encode() + b"\n")


class SystemTail:
    """A torn last line is left until its end arrives; a damaged line is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cursor = 0

    def read(self) -> Iterator[SystemSample]:
        while data := complete(self._path, self._cursor):
            self._cursor += len(data)
            for line in data.splitlines():
                if (sample := _sample(line)) is not None:
                    yield sample


def _sample(line: bytes) -> SystemSample | None:
    try:
        return SystemSample.model_validate_json(line)
    except ValidationError:
        return None
