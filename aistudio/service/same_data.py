"""Whether a run that goes on would go on with the images it began with."""

from aistudio.errors import ChangedData, Damaged
from aistudio.schema.events import TrainRequest
from aistudio.store.dataset import DatasetFolder
from aistudio.store.experiments import ExperimentFolder


def ask_if_changed(folder: ExperimentFolder, dataset: DatasetFolder, accepted: bool) -> None:
    """Raises ChangedData if the data set is another one than at the last attempt that ran, unless that is accepted."""
    before = _fingerprint(folder)
    if before is None or accepted or before == dataset.fingerprint():
        return
    was, now = before.split(":")[0], dataset.count()
    counts = f": it had {was} images, now it has {now}" if was != str(now) else ""
    raise ChangedData(
        f"The data set has changed since {folder.read().name} was trained{counts}.",
        "Confirm that it may go on with other images, or restart it.",
    )


def _fingerprint(folder: ExperimentFolder) -> str | None:
    """Of the newest attempt whose worker really ran; None if nothing was noted."""
    for job in reversed(folder.attempts()):
        try:
            request = job.request()
        except (FileNotFoundError, Damaged):
            continue
        if isinstance(request, TrainRequest) and request.fingerprint and job.worker() is not None:
            return request.fingerprint
    return None
