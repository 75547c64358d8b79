"""Importers: each knows its own format, reads it to the letter, and says what is wrong where."""

import json
from pathlib import Path

import pytest

from aistudio.errors import BadInput, ImportRefused
from aistudio.store import formats
from aistudio.store.formats import IMPORTERS
from aistudio.store.formats.base import Listing
from tests.fixtures import png
from tests.store.reading import listed, read
from tests.store.sources import COCO, SOURCES, VOC


def test_every_importer_has_a_source_here() -> None:
    assert {one.NAME for one in IMPORTERS} == SOURCES.keys()
    assert len({one.TITLE for one in IMPORTERS}) == len(IMPORTERS)


@pytest.mark.parametrize("name", SOURCES)
def test_an_importer_knows_its_own_format_and_says_why(name: str, tmp_path: Path) -> None:
    listing = listed(tmp_path, SOURCES[name])
    importer = formats.importer(name)
    finding = importer.detect(listing)
    assert finding is not None and finding.reason and set(finding.kinds) <= set(importer.KINDS)
    for kind in finding.kinds:
        assert formats.detect(listing, kind)[0].kinds.count(kind)
        layout = importer.read(listing, kind)
        assert layout.images and layout.format == name
        assert all(one.path.is_file() for one in layout.images)
    assert formats.detect(listing, importer.KINDS[0])[0].format == name


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda one: one.NAME)
def test_an_empty_folder_is_nothing(importer: formats.Importer, tmp_path: Path) -> None:
    listing = listed(tmp_path, {})
    assert importer.detect(listing) is None
    for kind in importer.KINDS:
        with pytest.raises(ImportRefused):
            importer.read(listing, kind)


def test_the_best_for_the_project_is_chosen_and_others_are_offered(tmp_path: Path) -> None:
    both = SOURCES["voc"] | {f"yolo/{name}": data for name, data in SOURCES["yolo"].items()}
    listing = listed(tmp_path, both)
    found = formats.detect(listing, "box")
    assert [one.format for one in found][:2] == ["yolo", "voc"]
    assert formats.choose(listing, "box", "auto", found).NAME == "yolo"
    assert formats.choose(listing, "box", "voc", found).NAME == "voc"
    with pytest.raises(ImportRefused, match="Pascal VOC brings boxes; the project needs one class for each image"):
        formats.choose(listing, "label", "voc", found)
    with pytest.raises(BadInput, match=r"There is no format 'x'\. Choose auto or one of class_folders, csv"):
        formats.choose(listing, "box", "x", found)


def test_what_does_not_fit_the_project_is_named(tmp_path: Path) -> None:
    listing = listed(tmp_path, SOURCES["rolabelimg"])
    with pytest.raises(ImportRefused, match=r"looks like roLabelImg \(found 1 XML files .* the project needs boxes"):
        formats.choose(listing, "box", "auto", formats.detect(listing, "box"))
    bare = listed(tmp_path / "bare", {"a.png": png()})
    with pytest.raises(
        ImportRefused, match=r"1 images in .*, but nothing that gives them boxes\. Boxes can come as CSV"
    ):
        formats.choose(bare, "box", "auto", formats.detect(bare, "box"))


def test_a_folder_around_everything_does_not_matter(tmp_path: Path) -> None:
    wrapped = {f"My set/{name}": data for name, data in SOURCES["class_folders"].items()}
    layout = formats.importer("class_folders").read(listed(tmp_path, {**wrapped, "readme.txt": b"x"}), "label")
    assert layout.classes == ["cat", "dog"]
    assert [one.subset for one in layout.images] == ["train", "train", "val"]


@pytest.mark.parametrize("importer", IMPORTERS, ids=lambda one: one.NAME)
@pytest.mark.parametrize("files", [[], ["lonely.png"], ["lonely.png", "a.csv"], ["cat/a.png", "a.csv"]])
def test_a_refusal_of_a_zip_file_does_not_tell_where_it_was_unpacked(
    importer: formats.Importer, files: list[str], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_bytes(b"place,size\nhere,1\n")
    listing = Listing.named(tmp_path, files, {name: tmp_path / name for name in files}, "the zip file")
    for kind in importer.KINDS:
        told = []
        with pytest.raises(ImportRefused) as refused:
            importer.read(listing, kind)
        told.append(str(refused.value))
        with pytest.raises(ImportRefused) as refused:
            formats.choose(listing, kind, "auto", formats.detect(listing, kind)).read(listing, kind)
        told.append(str(refused.value))
        assert all("the zip file" in one and str(tmp_path) not in one for one in told), told


def test_several_folders_around_everything_do_not_matter_either(tmp_path: Path) -> None:
    """Down to the classes, but never into the only one, and with what packers leave behind."""
    litter = {"__MACOSX/a/b/cat/._1.png": b"x", "a/__MACOSX/x": b"x", "a/.DS_Store": b"x", "a/b/README.md": b"x"}
    classes = {f"a/b/{name}/{number}.png": png() for name in ("cat", "dog") for number in range(2)}
    listing = listed(tmp_path / "two", {**classes, **litter})
    assert formats.importer("class_folders").read(listing, "label").classes == ["cat", "dog"]
    assert listing.root == tmp_path / "two/a/b" and all(listing.path(name).is_file() for name in listing.names)
    names = [*classes, *litter, "a/.cache/x/1.png"]
    places = {name: tmp_path / str(number) for number, name in enumerate(names)}
    packed = Listing.named(tmp_path, names, places, "the zip file")
    assert packed.images == ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"]
    assert packed.path("dog/0.png") == places["a/b/dog/0.png"]
    assert Listing.named(tmp_path, ["a/b/cat/1.png", "a/b/cat/2.png"]).images == ["cat/1.png", "cat/2.png"]
    assert Listing.named(tmp_path, ["a/b/good/x/1.png"]).images == ["good/x/1.png"]
    assert "classes.txt" in Listing.named(tmp_path, ["a/classes.txt", "a/b/images/1.png", "a/b/masks/1.png"]).names


NAMES = ("/etc/passwd", "../a.png", "x/../../a.png", "C:\\a.png", "..\\a.png", "\\\\host\\a.png", "a\0.png")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_refuses_the_import_and_is_named(name: str, tmp_path: Path) -> None:
    document = {**COCO, "images": [{"id": 1, "file_name": name}]}
    with pytest.raises(ImportRefused, match=r"instances_val\.json names the file .* leads out"):
        read(tmp_path / "coco", "coco", "box", instances_val_dot_json=json.dumps(document))
    if "\0" not in name:
        with pytest.raises(ImportRefused, match=r"labels\.csv line 3 names the file .* leads out"):
            read(tmp_path / "csv", "csv", "label", labels_dot_csv=f"filename,label\na.png,cat\n{name},dog\nb.png,dog\n")
        with pytest.raises(ImportRefused, match=r"Annotations/a\.xml names the file .* leads out"):
            read(tmp_path / "voc", "voc", "box", Annotations__a_dot_xml=VOC.replace("a.png", name))
        with pytest.raises(ImportRefused, match=r"train\.txt line 2 names the file .* leads out"):
            read(tmp_path / "yolo", "yolo", "box", train_dot_txt=f"images/a.png\n{name}\n")
