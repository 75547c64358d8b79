"""Imports inside the process of the tests, of sources that are given as file name → bytes."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aistudio.engine import importing
from aistudio.engine.job import Job
from aistudio.schema.annotation import Kind
from aistudio.schema.events import ImportJobRequest
from aistudio.schema.project import ImportReport
from aistudio.store.dataset import DatasetFolder


@contextmanager
def imported(name: str, kind: Kind, files: Mapping[str, bytes]) -> Iterator[tuple[DatasetFolder, ImportReport]]:
    """What comes of a source, as long as it is looked at; a name that ends with a slash is an empty folder.

    Raises ImportRefused. To be used with the fixture `unlimited`.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for file, data in files.items():
            path = folder / "source" / file
            (path if file.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not file.endswith("/"):
                path.write_bytes(data)
        (folder / "job").mkdir()
        job, target = Job(folder / "job"), folder / "job/dataset"
        about = {"project": "p", "task": "t", "annotation": kind, "format": name}
        request = {**about, "source": str(folder / "source"), "target": str(target)}
        importing.run(job, ImportJobRequest.model_validate(request))
        yield DatasetFolder(target), _report(job)


def _report(job: Job) -> ImportReport:
    lines = [json.loads(line) for line in job.folder.events.read_text().splitlines()]
    (report,) = [ImportReport.model_validate(line["report"]) for line in lines if "report" in line]
    return report
