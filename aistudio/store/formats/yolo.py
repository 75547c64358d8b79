"""YOLO: a text file for each image, a line for each object: boxes, rotated boxes by corners, or outlines; data.yaml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from aistudio.errors import ImportRefused
from aistudio.schema.annotation import AnyAnnotation, Box, Flags, Instance, Kind, RotatedBox
from aistudio.schema.geometry import bounds
from aistudio.schema.project import Finding, Problem
from aistudio.store.formats import yaml_files, yolo_subsets
from aistudio.store.formats.base import Draft, FoundImage, Layout, Listing, is_ignored, one_of_many, problem, subset_of
from aistudio.store.formats.pairs import Pairs, first_line
from aistudio.store.formats.strays import tell_missing, tell_unannotated
from aistudio.store.formats.subset_lists import more
from aistudio.store.formats.texts import base_of, class_name, decoded, folder_of, lines_of, number, text, whole_number

NAME = "yolo"
TITLE = "YOLO"
KINDS: tuple[Kind, ...] = ("box", "rotated", "instance", "mask")

_LOOK = 50
_MAX_LABELS = 2**26
_OF_A_BOX = (4, 5)  # numbers; a fifth is how sure a model was
_KEYPOINTS = re.compile(r"^kpt_shape\s*:[\s\[-]*(\d+)[\s,-]+(\d+)", re.MULTILINE)


def detect(listing: Listing) -> Finding | None:
    labels = _labels(listing)
    pose = _pose(listing)
    shapes = {shape for name in labels for shape in _shapes(listing, list(labels[name].values()), pose)}
    kinds = [kind for kind in KINDS if _FITTING[kind] & shapes]
    if not kinds:
        return None
    names = _names_file(listing)
    pairs = len({image for found in labels.values() for image in found})
    told = f", and {text(names)} with the names of the classes" if names else ""
    reason = f"found {pairs} images with a text file of numbers of the same name{told}"
    return Finding(format=NAME, title=TITLE, kinds=kinds, score=75 if names else 55, reason=reason)


_FITTING: dict[Kind, set[str]] = {
    "box": {"box", "polygon"},
    "rotated": {"corners"},
    "instance": {"polygon"},
    "mask": {"polygon"},
}


def _labels(listing: Listing) -> dict[str, dict[str, str]]:
    """Folder of text files → image → its text file; "" for those that lie beside their image."""
    pairs = Pairs(listing.ending(".txt"))
    found: dict[str, dict[str, str]] = {}
    for image in listing.images:
        if (beside := pairs.beside(image)) is not None:
            found.setdefault("", {})[image] = beside
        for own, part, name in pairs.apart(image):
            if own.lower() in ("images", "image", "img", "imgs") and part.lower().startswith("labels"):
                found.setdefault(part, {})[image] = name
    return found


@dataclass(frozen=True)
class _Pose:
    """Where a data.yaml says that each box is followed by keypoints, and by how many numbers for them."""

    source: str
    numbers: int


def _pose(listing: Listing) -> _Pose | None:
    """From the file nearest to the top: without it, keypoints look like an outline."""
    for name in sorted(listing.ending(".yaml", ".yml"), key=lambda name: (name.count("/"), name)):
        if found := _KEYPOINTS.search(listing.head(name, yaml_files.MAX_BYTES)):
            return _Pose(name, int(found[1]) * int(found[2]))
    return None


def _shapes(listing: Listing, files: list[str], pose: _Pose | None) -> set[str]:
    """What the lines of some files look like: `box`, `corners` (4 points may also be an outline), `polygon`."""
    lengths = set()
    for name in files[:: max(len(files) // _LOOK, 1)]:
        for line in lines_of(listing.head(name, 4096))[:20]:
            parts = line.split()
            if parts and whole_number(parts[0]) is not None and all(number(part) is not None for part in parts):
                lengths.add(len(parts))
    if pose is not None:
        return {"box"} if lengths & {5, 5 + pose.numbers} else set()
    if 5 in lengths and not lengths - {5}:
        return {"box"}
    if lengths == {9}:
        return {"corners", "polygon"}
    outlines = any(one >= 7 and one % 2 for one in lengths)
    return ({"box"} if 5 in lengths else set()) | ({"polygon"} if outlines else set())


def _like_labels(listing: Listing, part: str, used: set[str], pose: _Pose | None) -> Iterator[str]:
    """Other text files that lie where those of the images do, and have numbers or nothing in them."""
    beside = {folder_of(name) for name in used}
    for name in listing.ending(".txt"):
        folder = folder_of(name)
        near = part in folder.split("/") if part else folder in beside
        if near and name not in used and (_shapes(listing, [name], pose) or not listing.head(name, 100).strip()):
            yield name


@dataclass
class _Names:
    """Names of the classes by number. `given`: whether a file has them, or they are made up as numbers turn up."""

    names: dict[int, str]
    given: bool
    source: str = ""
    met: set[int] = field(default_factory=set)
    lines: dict[str, int] = field(default_factory=dict)

    def get(self, index: int) -> str | None:
        if not self.given and 0 <= index < 10_000:
            self.met.add(index)
            return f"class {index}"
        return self.names.get(index)

    def classes(self) -> list[str]:
        names = self.names if self.given else {one: f"class {one}" for one in sorted(self.met)}
        return list(dict.fromkeys(name for _, name in sorted(names.items()) if not is_ignored(name)))


def read(listing: Listing, kind: Kind) -> Layout:
    labels, pose = _labels(listing), _pose(listing)
    shapes = {name: _shapes(listing, list(found.values()), pose) for name, found in labels.items()}
    fitting = {name: found for name, found in labels.items() if shapes[name] & _FITTING[kind]}
    if not fitting:
        raise ImportRefused(
            f"No text file beside an image of {listing.called} has objects as YOLO writes them.{first_line(listing)}",
            "A line is a class number and four numbers for a box, or eight and more for corners or an outline.",
        )
    part = max(fitting, key=lambda name: (_plainly(shapes[name], kind), len(fitting[name]), name))
    chosen = fitting[part]
    names = _names(listing)
    layout = Layout(NAME, "box" if kind == "box" else "rotated" if kind == "rotated" else "instance", [], [])
    used, images = set(chosen.values()), _with_labels(listing, chosen)
    subsets = yolo_subsets.subsets(listing, images, used, _names_file(listing), layout.problems)
    lost: list[str] = []
    for image in images:
        label = chosen.get(image)
        with layout.about(image):
            drafts = _drafts(listing, label, layout.annotation, names, pose, layout.problems) if label else []
            if label is None:
                layout.problems.append(problem(image, "has no label file", "unannotated", effect="noted"))
        if drafts is None:
            lost.append(image)
            continue
        subset = subsets.get(image) or subset_of(image)
        source = text(label or image)
        layout.images.append(FoundImage(text(image), listing.path(image), drafts, source, None, True, subset=subset))
    tell_missing(listing, layout, _like_labels(listing, part, used, pose), used, "label files")
    tell_unannotated(listing, layout, "has no label file", told=lost)
    layout.uncounted += len(lost)
    layout.problems += _remarks(listing, names)
    if pose is not None:
        told = "says that objects have keypoints: they are not used, only the boxes are"
        layout.problems.append(problem(pose.source, told, "annotation", effect="noted"))
    layout.classes = names.classes()
    if names.given:
        layout.places = {name: (text(names.source), names.lines.get(name)) for name in layout.classes}
    if not names.given:
        told = "has no data.yaml and no classes.txt: the classes are called by their numbers"
        layout.problems.append(problem(listing.title or listing.root.name, told, "class", effect="noted"))
    return layout


def _plainly(shapes: set[str], kind: Kind) -> bool:
    """Whether the files are just of that kind, where others would do too."""
    return shapes == {"box"} if kind == "box" else "box" not in shapes


def _with_labels(listing: Listing, chosen: dict[str, str]) -> list[str]:
    """The images with a text file, and those that lie in the same folders without one."""
    folders = {folder_of(image) for image in chosen}
    return [name for name in listing.images if folder_of(name) in folders]


def _drafts(
    listing: Listing, name: str, kind: Kind, names: _Names, pose: _Pose | None, problems: list[Problem]
) -> list[Draft] | None:
    """None if the file cannot be read: nobody knows then what is in the image."""
    data = one_of_many(listing, name, problems, _MAX_LABELS)
    if data is None:
        return None
    found: list[Draft] = []
    boxes: list[int] = []
    for line, row in enumerate(lines_of(decoded(data)), start=1):
        parts = row.split()
        if not parts:
            continue
        annotation = _annotation(parts, kind, names, pose)
        if isinstance(annotation, _Wrong):
            problems.append(problem(name, annotation.message, annotation.kind, line))
        else:
            found.append(Draft(annotation, line))
            boxes += [line] if kind == "instance" and len(parts) - 1 in _OF_A_BOX else []
    if boxes:
        told = f"is a box without an outline{more(len(boxes))}: it is taken for one"
        problems.append(problem(name, told, "annotation", boxes[0], "changed"))
    return found


@dataclass(frozen=True)
class _Wrong:
    """What is the matter with a line."""

    message: str
    kind: str = "annotation"


def _annotation(parts: list[str], kind: Kind, names: _Names, pose: _Pose | None) -> AnyAnnotation | _Wrong:
    """Coordinates are shares of width and height."""
    index = whole_number(parts[0])
    values = [value for part in parts[1:] if (value := number(part)) is not None]
    if index is None or len(values) != len(parts) - 1:
        return _Wrong("is not a class number and coordinates")
    found = names.get(index)
    if found is None:
        told = f", which {text(names.source)} does not name" if names.source else ""
        return _Wrong(f"has the unknown class {index}{told}", "class")
    label, flags = (None, _IGNORED) if is_ignored(found) else (found, _PLAIN)
    if pose is not None:
        if len(values) not in (4, 4 + pose.numbers):
            return _Wrong(f"has {len(values)} numbers, where {text(pose.source)} says {4 + pose.numbers}")
        values = values[:4]
    if kind == "rotated":
        return RotatedBox(label, tuple(values), flags) if len(values) == 8 else _Wrong("has no four corners")
    if len(values) in _OF_A_BOX:
        x, y, w, h = values[:4]
        box = (x - w / 2, y - h / 2, w, h)
        return Box(label, *box, flags) if kind == "box" else Instance(label, *box, (_outline(*box),), None, flags)
    if len(values) < 6 or len(values) % 2:
        return _Wrong(f"has {len(values)} coordinates, which is neither a box nor an outline")
    around = bounds(values)
    return Box(label, *around, flags) if kind == "box" else Instance(label, *around, (tuple(values),), None, flags)


_PLAIN: Flags = ()
_IGNORED: Flags = ("ignored",)


def _outline(x: float, y: float, w: float, h: float) -> tuple[float, ...]:
    return (x, y, x + w, y, x + w, y + h, x, y + h)


def _names_file(listing: Listing) -> str | None:
    """The one nearest to the top."""
    found = [name for name in listing.ending(".yaml", ".yml") if "names" in listing.head(name, yaml_files.MAX_BYTES)]
    found += [name for name in listing.names if base_of(name).lower() in ("classes.txt", "obj.names", "classes.names")]
    return min(found, key=lambda name: (name.count("/"), base_of(name) != "data.yaml", name), default=None)


def _remarks(listing: Listing, names: _Names) -> Iterator[Problem]:
    """What is odd about the names: one of two numbers, or more or fewer of them than the file says."""
    numbers: dict[str, list[int]] = {}
    for index, found in names.names.items():
        numbers.setdefault(found, []).append(index)
    for found, several in numbers.items():
        if len(several) > 1:
            told = f"gives the name {found} to the numbers {', '.join(map(str, several[:5]))}: they are one class"
            yield problem(names.source, told, "class", names.lines.get(found), "changed")
    said = yaml_files.said_count(listing, names.source) if yaml_files.is_one(names.source) else None
    if said is not None and said != len(names.names):
        told = f"says that there are {said} classes, and names {len(names.names)}"
        yield problem(names.source, told, "class", effect="noted")


def _names(listing: Listing) -> _Names:
    source = _names_file(listing)
    if source is None:
        return _Names({}, False)
    if not yaml_files.is_one(source):
        rows = [class_name(row) for row in lines_of(listing.text(source, yaml_files.MAX_BYTES))]
        lines = {row: line for line, row in enumerate(rows, start=1) if row}
        return _Names({place: row for place, row in enumerate(rows) if row}, True, source, lines=lines)
    return _Names(yaml_files.names(listing, source), True, source, lines=yaml_files.lines(listing, source))
