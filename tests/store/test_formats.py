"""Importers: each knows its own format, reads it to the letter, and says what is wrong where."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aistudio.errors import BadInput, ImportRefused
from aistudio.schema.annotation import Anomaly, Box, Instance, Kind, Label, RotatedBox, Value
from aistudio.store import formats
from aistudio.store.formats import IMPORTERS, rle
from aistudio.store.formats.base import Layout, Listing
from aistudio.store.paths import walk_files
from tests.fixtures import png
from tests.store.sources import COCO, SOURCES, VOC, grey_png


def listed(root: Path, files: dict[str, bytes]) -> Listing:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return Listing.of(root, walk_files(root))


def read(root: Path, name: str, kind: Kind, **changed: bytes | str) -> Layout:
    """The small source of that format, with some files another way."""
    files = SOURCES[name] | {
        key.replace("__", "/").replace("_dot_", "."): one.encode() if isinstance(one, str) else one
        for key, one in changed.items()
    }
    return formats.importer(name).read(listed(root, files), kind)


def marks(layout: Layout) -> list[Any]:
    return [draft.annotation for image in layout.images for draft in image.drafts]


def told(layout: Layout) -> list[str]:
    return [str(one) for one in layout.problems]


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


def test_coco_to_the_letter(tmp_path: Path) -> None:
    boxes = read(tmp_path, "coco", "box")
    assert boxes.classes == ["cat", "dog"], "in the order of their ids"
    assert marks(boxes) == [Box("cat", 1, 1, 4, 4), Box("dog", 0, 0, 2, 3, ("crowd",))]
    assert [one.subset for one in boxes.images] == ["val", "val"]
    outlines = read(tmp_path, "coco", "instance")
    assert marks(outlines) == [
        Instance("cat", 1, 1, 4, 4, ((1, 1, 5, 1, 5, 5),)),
        Instance("dog", 0, 0, 2, 3, (), rle.code_of([0, 3, 5, 3, 53]), ("crowd",)),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category_id": 9}, "instances_val.json annotation 1 has the unknown category 9"),
        ({"bbox": [1, 2, 3]}, "instances_val.json annotation 1 has no box that makes sense"),
        ({"bbox": [1, 2, 3, None]}, "instances_val.json annotation 1 has no box that makes sense"),
        ({"image_id": 99}, "instances_val.json has 1 annotations of image 99, which it does not list"),
    ],
)
def test_what_is_wrong_in_coco_is_told(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    first, second = COCO["annotations"]
    layout = read(
        tmp_path,
        "coco",
        "box",
        instances_val_dot_json=json.dumps({**COCO, "annotations": [{**first, **change}, second]}),
    )
    assert message in told(layout)
    assert len(marks(layout)) == 1


def test_images_that_are_missing_twice_or_unmentioned_are_told(tmp_path: Path) -> None:
    images = [*COCO["images"], {"id": 3, "file_name": "images/a.png"}, {"id": 4, "file_name": "gone.png"}]
    layout = read(
        tmp_path, "coco", "box", instances_val_dot_json=json.dumps({**COCO, "images": images}), images__c_dot_png=png()
    )
    assert sorted(told(layout)) == [
        "images/a.png is listed again in instances_val.json",
        "images/c.png is in no annotation file",
        "instances_val.json names gone.png, which is not there",
    ]
    assert len(layout.images) == 2


def test_broken_json_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"instances_val\.json line 2 is not JSON"):
        read(tmp_path, "coco", "box", instances_val_dot_json='{"images": [], "categories": [],\n "annotations": [}')


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


def test_yolo_to_the_letter(tmp_path: Path) -> None:
    layout = read(tmp_path, "yolo", "box")
    assert layout.classes == ["cat", "dog"]
    assert marks(layout) == [Box("cat", 0.25, 0.25, 0.5, 0.5), Box("dog", 0, 0, 0.5, 0.5)]
    assert [(one.subset, one.relative, len(one.drafts)) for one in layout.images] == [
        ("train", True, 2),
        ("val", True, 0),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7 0.5 0.5 0.5 0.5", "labels/train/a.txt line 2 has the unknown class 7, which data.yaml does not name"),
        ("0 0.5 x 0.5 0.5", "labels/train/a.txt line 2 is not a class number and coordinates"),
        ("0 0.5 0.5 nan 0.5", "labels/train/a.txt line 2 is not a class number and coordinates"),
        ("0 0.5", "labels/train/a.txt line 2 has 1 coordinates, which is neither a box nor an outline"),
        ("-1 0.5 0.5 0.5 0.5", "labels/train/a.txt line 2 has the unknown class -1, which data.yaml does not name"),
    ],
)
def test_what_is_wrong_in_yolo_has_its_line(line: str, message: str, tmp_path: Path) -> None:
    layout = read(tmp_path, "yolo", "box", labels__train__a_dot_txt=f"0 0.5 0.5 0.5 0.5\n{line}\n")
    assert told(layout) == [message] and len(marks(layout)) == 1


def test_yolo_outlines_corners_and_names(tmp_path: Path) -> None:
    outline = "0 0.1 0.1 0.9 0.1 0.9 0.9\n1 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5 0.2 0.3\n"
    layout = read(tmp_path / "a", "yolo", "instance", labels__train__a_dot_txt=outline)
    assert marks(layout)[0].polygons[0] == (0.1, 0.1, 0.9, 0.1, 0.9, 0.9)
    corners = "0 0.1 0.1 0.9 0.1 0.9 0.5 0.1 0.5\n"
    data = "path: ../x\nnames:\n  0: car\n  1: DontCare\n"
    layout = read(
        tmp_path / "b",
        "yolo",
        "rotated",
        labels__train__a_dot_txt=corners + corners.replace("0 0.1", "1 0.1", 1),
        data_dot_yaml=data,
    )
    assert layout.classes == ["car"]
    assert [(one.label, one.flags) for one in marks(layout)] == [("car", ()), (None, ("ignored",))]


@pytest.mark.parametrize(
    "document", ["names: 7", "names: [[1]]", "{", "names: &a [*a]", "- 1", "!!python/object:x {}", "[" * 5000]
)
def test_a_broken_list_of_names_is_refused(document: str, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"data\.yaml.* (has no list of names|is not YAML)"):
        read(
            tmp_path,
            "yolo",
            "box",
            data_dot_yaml=f"names: x\n{document}" if document[0] in "{[" else document + "\nx: names",
        )


def test_voc_to_the_letter(tmp_path: Path) -> None:
    layout = read(tmp_path, "voc", "box")
    assert marks(layout) == [Box("cat", 1, 2, 4, 4, ("difficult",))]
    (image,) = layout.images
    assert (image.name, image.source, image.size, image.subset) == (
        "JPEGImages/a.png",
        "Annotations/a.xml",
        (8, 8),
        "val",
    )
    assert image.drafts[0].line == 4


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><annotation><object><name>&c;</name></object></annotation>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation><bndbox></bndbox>&b;</annotation>'


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (VOC[:-20], "Annotations/b.xml line 7 is not XML"),
        (BOMB, "Annotations/b.xml has entities or a document type with tricks, which are refused"),
        (OUTSIDE, "Annotations/b.xml has entities or a document type with tricks, which are refused"),
        ("", "Annotations/b.xml line 1 is not XML"),
        (VOC.replace("a.png", "gone.png"), "Annotations/b.xml has no image 'gone.png'"),
        (VOC, "Annotations/b.xml is a second file for JPEGImages/a.png"),
    ],
)
def test_what_is_wrong_in_xml_is_told(document: str, message: str, tmp_path: Path) -> None:
    layout = read(tmp_path, "voc", "box", Annotations__b_dot_xml=document)
    assert len(marks(layout)) == 1
    assert any(one.startswith(message) for one in told(layout))


def test_a_box_without_numbers_has_its_line(tmp_path: Path) -> None:
    layout = read(tmp_path, "voc", "box", Annotations__a_dot_xml=VOC.replace("<xmin>1", "<xmin>x"))
    assert told(layout) == ["Annotations/a.xml line 4 has no box for its cat"]


def test_rotated_boxes_and_regions_to_be_ignored(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "rolabelimg", "rotated")
    car, ignored = marks(layout)
    assert car == RotatedBox("car", (2, 3, 6, 3, 6, 5, 2, 5))
    assert (ignored.label, ignored.flags, layout.classes) == (None, ("ignored",), ["car"])
    layout = read(tmp_path / "b", "dota", "rotated")
    assert marks(layout)[0] == RotatedBox("car", (1, 1, 5, 1, 5, 4, 1, 4), ("difficult",))
    assert (marks(layout)[1].label, marks(layout)[1].flags) == (None, ("ignored",))
    assert [draft.line for draft in layout.images[0].drafts] == [3, 4]
    bad = read(tmp_path / "c", "dota", "rotated", labelTxt__a_dot_txt="1 1 5 1 5 4 1 4 car 0\n1 2 3 car\n")
    assert told(bad) == ["labelTxt/a.txt line 2 is not eight coordinates and a class"]


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"file;size\na.png;1,5\nb.png;-2\n", [1.5, -2]),
        (b"\xef\xbb\xbffile,size\na.png,1.5\nb.png,-2\n", [1.5, -2]),
        ("file\tsize\na.png\t1,5\nb.png\t1.000,25\n".encode("utf-16"), [1.5, 1000.25]),
        (b'"file","size, cm"\r\n"a.png","1.5"\r\n"b.png","2e3"\r\n', [1.5, 2000]),
        (b"size|file\n1.5|a.png\n2|images/b.png\n", [1.5, 2]),
        (b"image,size\na,1.5\nb,2\n", [1.5, 2]),
        ("file;gr\u00f6\u00dfe\na.png;1,5\nb.png;2,0\n".encode("latin-1"), [1.5, 2]),
    ],
)
def test_tables_as_people_save_them(content: bytes, values: list[float], tmp_path: Path) -> None:
    layout = read(tmp_path, "csv", "value", labels_dot_csv=content)
    assert [one.value for one in marks(layout)] == values
    assert not layout.problems and len(layout.targets) == 1


def test_a_table_of_classes_and_of_several_numbers(tmp_path: Path) -> None:
    layout = read(tmp_path, "csv", "label")
    assert marks(layout) == [Label("cat"), Label("dog")]
    assert [(one.subset, one.columns) for one in layout.images] == [
        ("train", {"height_cm": "1.5"}),
        ("val", {"height_cm": "2"}),
    ]
    assert marks(read(tmp_path, "csv", "value")) == [Value("height_cm", 1.5), Value("height_cm", 2)]
    many = read(tmp_path, "csv", "value", labels_dot_csv="file,x,y,note\na.png,1,2,new\nb.png,3,4,old\n")
    assert (many.targets, len(marks(many))) == (["x", "y"], 4)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a.png,cat\nb.png,dog,3", "labels.csv line 3 has another number of cells than the head"),
        ("a.png,cat\ngone.png,dog", "labels.csv line 3 names gone.png, which is not there"),
        ("a.png,cat\nb.png,", "labels.csv line 3 has no class"),
        ("a.png,cat\nb.png,cat;dog", "labels.csv line 3 has several classes, cat;dog, where one is needed"),
        ("a.png,cat\n,dog", "labels.csv line 3 names no image"),
        ("a.png,cat\nb.png,dog\na.png,dog", "labels.csv line 4 names images/a.png in 2 lines: the first one counts"),
    ],
)
def test_what_is_wrong_in_a_table_has_its_line(lines: str, message: str, tmp_path: Path) -> None:
    layout = read(tmp_path, "csv", "label", labels_dot_csv=f"filename,label\n{lines}\n")
    assert message in told(layout)
    assert marks(layout)[0] == Label("cat")


def test_a_class_may_have_a_semicolon_in_its_name(tmp_path: Path) -> None:
    """Only where its parts stand in other cells too is it several."""
    one = "filename,label\na.png,black; white\nb.png,grey\n"
    assert marks(read(tmp_path / "a", "csv", "label", labels_dot_csv=one)) == [Label("black; white"), Label("grey")]
    both = 'filename,label\na.png,"cat, dog"\nb.png,dog|bird\n'
    layout = read(tmp_path / "b", "csv", "label", labels_dot_csv=both)
    assert (layout.images, len(told(layout))) == ([], 2)


def test_an_image_without_what_is_to_be_learned_is_left_out(tmp_path: Path) -> None:
    table = "file,x,y\na.png,,\nb.png,3,\nc.png,4,5\n"
    layout = read(tmp_path, "csv", "value", labels_dot_csv=table, images__c_dot_png=png())
    assert marks(layout) == [Value("x", 3), Value("x", 4), Value("y", 5)]
    assert [(str(one), one.kind) for one in layout.problems] == [
        ("labels.csv line 2 has no number in x", "unannotated"),
        ("labels.csv line 3 has no number in y", "annotation"),
    ]


def test_boxes_in_a_table_by_corners_or_by_size(tmp_path: Path) -> None:
    corners = "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,8,8,cat,1,2,5,7\na.png,8,8,dog,0,0,x,1\n"
    layout = read(tmp_path / "a", "csv", "box", labels_dot_csv=corners)
    assert (marks(layout), layout.images[0].size) == ([Box("cat", 1, 2, 4, 5)], (8, 8))
    assert told(layout) == ["labels.csv line 3 has no numbers for its box", "images/b.png is in no table"]
    sides = "image;x;y;w;h;label\na.png;1,5;2;4;5;cat\nb.png;1;2;4;5;dog\n"
    assert marks(read(tmp_path / "b", "csv", "box", labels_dot_csv=sides))[0] == Box("cat", 1.5, 2, 4, 5)


def test_masks_are_paired_and_their_classes_named(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "png_masks", "mask")
    (image,) = layout.images
    assert image.mask is not None and image.mask.name == "masks/a.png"
    assert (layout.classes, image.mask.classes) == (["road", "sky"], {0: "road", 1: "sky", 2: None})
    colours = "name,r,g,b\nroad,128,64,128\nvoid,0,0,0\n"
    files = {"images/a.png": png(), "masks/a.png": png(), "class_dict.csv": colours.encode()}
    layout = formats.importer("png_masks").read(listed(tmp_path / "b", files), "mask")
    assert layout.images[0].mask is not None
    assert layout.images[0].mask.classes == {(128, 64, 128): "road", (0, 0, 0): None}
    files = {"a.png": png(), "a_mask.png": grey_png()}
    layout = formats.importer("png_masks").read(listed(tmp_path / "c", files), "mask")
    assert [(one.name, one.mask and one.mask.name) for one in layout.images] == [("a.png", "a_mask.png")]
    lone = read(tmp_path / "d", "png_masks", "mask", images__b_dot_png=png())
    assert told(lone) == ["images/b.png has no mask"]


def test_a_folder_of_masks_belongs_to_the_image_beside_it_or_of_its_name(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "object_pngs", "instance", **{"three/images/c.png": png()})
    found = {one.name: one.mask.single for one in layout.images if one.mask}
    assert found == {
        "one/images/one.png": ("one/masks/1.png", "one/masks/2.png"),
        "two/images/two.png": ("two/masks/3.png",),
    }
    assert told(layout) == ["three/images/c.png has no folder of masks"]
    files = {f"{folder}/a{number}/x.png": grey_png() for folder in ("masks",) for number in range(2)}
    files |= {f"train/a{number}.png": png() for number in range(2)}
    layout = formats.importer("object_pngs").read(listed(tmp_path / "b", files), "instance")
    assert [(one.name, one.mask and one.mask.single, one.subset) for one in layout.images] == [
        ("train/a0.png", ("masks/a0/x.png",), "train"),
        ("train/a1.png", ("masks/a1/x.png",), "train"),
    ]


def test_good_and_defects(tmp_path: Path) -> None:
    layout = read(tmp_path / "a", "mvtec", "anomaly")
    assert layout.classes == ["good", "scratch"]
    assert [(mark.anomalous, mark.label) for mark in marks(layout)] == [
        (False, "good"),
        (True, "scratch"),
        (False, "good"),
    ]
    assert [one.mask.name for one in layout.images if one.mask] == ["ground_truth/scratch/c_mask.png"]
    files = {"OK/a.png": png(), "broken/b.png": png()}
    layout = formats.importer("mvtec").read(listed(tmp_path / "b", files), "anomaly")
    assert marks(layout) == [Anomaly(False, "good"), Anomaly(True, "broken")]


@given(some.lists(some.integers(0, 10**7), min_size=1, max_size=50))
def test_a_run_length_code_is_read_back(counts: list[int]) -> None:
    assert rle.counts_of(rle.code_of(counts)) == counts


@given(some.text(alphabet=[chr(one) for one in range(40, 120)], max_size=40))
def test_a_text_that_is_no_run_length_code_is_none(code: str) -> None:
    counts = rle.counts_of(code)
    assert counts is None or all(one >= 0 for one in counts)
