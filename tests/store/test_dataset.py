"""A version of a data set: looked at page by page."""

from pathlib import Path

import pytest

from aistudio.errors import NotFound
from aistudio.store.dataset import DatasetFolder, NewImage, Sort

NAMES = ["cats/a_1.png", "cats/ab1.png", "dogs/100%.png", "dogs/100x.png", "dogs/Über!.png", "cats/z.png"]


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetFolder:
    folder = DatasetFolder(tmp_path / "3")
    folder.images.mkdir(parents=True)
    images = [
        NewImage(name, f"{number}.png", 10 + number, 10, 100, "0", 0 if name.startswith("cats") else 1)
        for number, name in enumerate(NAMES, start=1)
    ]
    folder.create(["cats", "dogs"], images)
    return folder


def found(dataset: DatasetFolder, **options: object) -> list[str]:
    return [image.name for image in dataset.page(**options).images]  # type: ignore[arg-type]


def test_the_summary_counts_each_class(dataset: DatasetFolder) -> None:
    summary = dataset.summary()
    assert (summary.status, summary.version, summary.images) == ("ready", 3, 6)
    assert summary.counts == {"cats": 3, "dogs": 3}
    assert summary.classes == dataset.classes() == ["cats", "dogs"]
    assert dataset.count() == 6
    assert dataset.labels() == {1: 0, 2: 0, 3: 1, 4: 1, 5: 1, 6: 0}


def test_a_class_without_images_is_counted_as_none(tmp_path: Path) -> None:
    folder = DatasetFolder(tmp_path / "1")
    folder.path.mkdir()
    folder.create(["cats", "dogs"], [NewImage("a", "a", 1, 1, 1, "0", 0)])
    assert folder.summary().counts == {"cats": 1, "dogs": 0}


def test_pages_together_are_everything_once(dataset: DatasetFolder) -> None:
    pages = [dataset.page(page=number, page_size=4) for number in (1, 2, 3)]
    assert [len(page.images) for page in pages] == [4, 2, 0]
    assert [image.name for page in pages for image in page.images] == NAMES
    assert {page.total for page in pages} == {6}


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("a_1", ["cats/a_1.png"]),
        ("100%", ["dogs/100%.png"]),
        ("%", ["dogs/100%.png"]),
        ("_", ["cats/a_1.png"]),
        ("!", ["dogs/Über!.png"]),
        ("CATS/Z", ["cats/z.png"]),
        ("'; DROP TABLE images; --", []),
        ("\0", []),
    ],
)
def test_search_means_the_text_as_it_stands(search: str, names: list[str], dataset: DatasetFolder) -> None:
    assert found(dataset, search=search) == names


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [("id", 1, 6), ("name", 1, 5), ("-name", 5, 1), ("size", 1, 6), ("-size", 6, 1)],
)
def test_the_order_can_be_chosen(sort: Sort, first: int, last: int, dataset: DatasetFolder) -> None:
    ids = [image.id for image in dataset.page(sort=sort).images]
    assert (ids[0], ids[-1]) == (first, last)


def test_class_search_and_subset_narrow_together(dataset: DatasetFolder) -> None:
    assert found(dataset, label="cats", subset=[1, 3, 6]) == ["cats/a_1.png", "cats/z.png"]
    assert found(dataset, label="cats", search="z", subset=[1, 3, 6]) == ["cats/z.png"]
    assert found(dataset, label="birds") == []
    assert found(dataset, subset=[]) == []


@pytest.mark.parametrize(("page", "page_size"), [(10**30, 60), (2**62, 1000), (1, 10**30)])
def test_a_page_far_behind_the_end_is_empty_or_full(page: int, page_size: int, dataset: DatasetFolder) -> None:
    assert dataset.page(page=page, page_size=page_size).total == 6


def test_an_image_knows_its_file_and_others_do_not_exist(dataset: DatasetFolder) -> None:
    record, path = dataset.image(3)
    assert (record.name, record.label, record.width, record.height) == ("dogs/100%.png", "dogs", 13, 10)
    assert path == dataset.images / "3.png"
    for number in (0, -1, 7, 10**30):
        with pytest.raises(NotFound):
            dataset.image(number)


def test_samples_come_in_the_order_of_the_ids(dataset: DatasetFolder) -> None:
    samples = dataset.samples([5, 1])
    assert [(one.id, one.label, one.path.name) for one in samples] == [(5, 1, "5.png"), (1, 0, "1.png")]
    with pytest.raises(NotFound, match="Image 9 is not in version 3"):
        dataset.samples([1, 9])


def test_reading_creates_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="Import the images again"):
        DatasetFolder(tmp_path / "1").count()
    assert list(tmp_path.iterdir()) == []
