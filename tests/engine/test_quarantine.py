"""Images that cannot be read are left out and told, up to a limit."""

from pathlib import Path

import pytest

from aistudio.engine.data.batches import Batches, Draw, Images, Loaded, Order, Share
from aistudio.engine.data.pipeline import Pipeline
from aistudio.engine.data.quarantine import Quarantine
from aistudio.errors import CorruptImage, DatasetMissing
from aistudio.schema.events import EpochFinished, Event, ImageSkipped
from tests.engine.conftest import Data, Prepare, Run, make_data

pytestmark = pytest.mark.engine
HALF = (0.5, 0.5, 0.5)


@pytest.fixture
def own(tmp_path: Path) -> Data:
    return make_data(tmp_path / "data")


def spoil(data: Data, *numbers: int) -> None:
    """Files 0 to 44 are trained on, 45 to 59 are for validation."""
    for number in numbers:
        (data.folder.images / f"{number}.png").write_bytes(b"no image")


def skipped(run: Run) -> list[ImageSkipped]:
    return [event for event in run.events if isinstance(event, ImageSkipped)]


@pytest.mark.fault
@pytest.mark.parametrize("workers", [0, 2])
def test_f36_an_image_that_breaks_while_training_is_skipped(prepare: Prepare, own: Data, workers: int) -> None:
    """It is skipped, named and counted; the epochs keep their number of steps."""

    def break_later(events: list[Event]) -> bool:
        if sum(isinstance(event, EpochFinished) for event in events) == 1:
            spoil(own, 7)
        return False

    run = prepare(of=own, stop_when=break_later, training={"epochs": 4, "num_workers": workers})()
    told = skipped(run)
    assert [(event.image, event.skipped) for event in told] == [("7.png", 1)]
    assert "7.png" in told[0].message
    assert [row["step"] for row in run.rows] == [3, 6, 9, 12]


def test_images_of_validation_are_skipped_too(prepare: Prepare, own: Data) -> None:
    spoil(own, 3, 45, 50)
    run = prepare(of=own, training={"epochs": 2, "batch_size": 4})()
    assert {event.image for event in skipped(run)} == {"3.png", "45.png", "50.png"}
    assert [event.skipped for event in skipped(run)] == [1, 2, 3]
    assert (run.rows[-1]["val_accuracy"] or 0) * 13 == pytest.approx(round((run.rows[-1]["val_accuracy"] or 0) * 13))


@pytest.mark.fault
@pytest.mark.parametrize("workers", [0, 1])
def test_f36_too_many_images_break(prepare: Prepare, own: Data, workers: int) -> None:
    """Beyond a limit of 1 % of the images, and of 10 at least, the run fails and names some of them."""
    spoil(own, *range(20))
    with pytest.raises(
        CorruptImage, match=r"More than 10 images cannot be read, among them \d+\.png, \d+\.png"
    ) as told:
        prepare(of=own, training={"num_workers": workers})()
    assert "Traceback" not in told.value.message


@pytest.mark.fault
@pytest.mark.parametrize("workers", [0, 2])
def test_f37_the_images_are_gone_in_mid_run(prepare: Prepare, own: Data, workers: int) -> None:
    """The run fails with that reason; when they are back, Resume goes on after the last finished epoch."""
    away = own.folder.path.with_name("away")

    def take_away(events: list[Event]) -> bool:
        if sum(isinstance(event, EpochFinished) for event in events) == 2 and own.folder.path.exists():
            own.folder.path.rename(away)
        return False

    run = prepare(of=own, stop_when=take_away, training={"epochs": 6, "num_workers": workers})
    with pytest.raises(DatasetMissing, match=r"is gone|is missing"):
        run()
    done = len(run.rows)
    assert done in (2, 3)  # workers have read ahead
    away.rename(own.folder.path)
    assert [row["epoch"] for row in run.next()().rows] == list(range(done, 7))


def test_the_limit_is_a_share_of_many_images() -> None:
    assert Quarantine(45, lambda event: None).limit == 10
    assert Quarantine(5000, lambda event: None).limit == 50


@pytest.mark.parametrize(("once", "labels"), [(False, [0, 1]), (True, [-1, -1])])
def test_a_batch_is_never_empty(own: Data, once: bool, labels: list[int]) -> None:
    """The next ones stand in, so that devices wait for nobody; in validation they do not count."""
    spoil(own, 0, 1, 2)
    images = Images(own.samples("train"), Pipeline([], HALF, HALF), seed=1, once=once)
    loaded = images.__getitems__([Draw(0, 0), Draw(1, 0), Draw(2, 0)])
    assert isinstance(loaded, Loaded)
    assert loaded.labels.tolist() == labels
    assert [one.file for one in loaded.unreadable] == ["0.png", "1.png", "2.png"]


def test_if_none_can_be_read_one_is_named(own: Data) -> None:
    spoil(own, *range(45))
    images = Images(own.samples("train"), Pipeline([], HALF, HALF), seed=1)
    with pytest.raises(CorruptImage, match=r"0\.png"):
        next(iter(Batches(images, Order(45, Share()), 4, 0, False)))
