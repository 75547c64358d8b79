"""The end of an import: twins are found, the index is written, and a report says what is in it and what is not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from aistudio.engine.intake import twins
from aistudio.engine.intake.marks import Marks, Taken
from aistudio.errors import ImportRefused
from aistudio.schema.annotation import NAMES, Anomaly, AnyAnnotation, Kind, Label, Mask, Value
from aistudio.schema.project import ImportReport, Problem, Storage, Subset
from aistudio.store.dataset import DatasetFolder, Facts, NewImage
from aistudio.store.formats.base import Layout
from aistudio.store.index import totals

MAX_PROBLEMS = 1000


def finish(
    layout: Layout,
    marks: Marks,
    taken: list[Taken],
    problems: list[Problem],
    target: DatasetFolder,
    storage: Storage,
) -> ImportReport:
    """Raises ImportRefused if what is left makes no data set."""
    kind = marks.kind
    images = Counter(name for one in taken for name in _shown(one))
    classes = _classes(layout, marks, images)
    placed = [one for image in taken for one in image.marked.problems]
    _check(layout, classes, kind, taken, [*problems, *placed])
    found = twins.groups([one.marked.picture.sha256 for one in taken], [one.marked.picture.look for one in taken])
    told = _told(taken, found)
    everything = [*problems, *_unused(layout, classes, images)]
    whole = [*everything, *(one for some in told for one in some)]
    facts = Facts(kind, layout.format, storage, layout.targets, layout.columns, totals(whole))
    records = [_record(one, twin, some) for one, twin, some in zip(taken, found, told, strict=True)]
    target.create(classes, records, facts, everything)
    names = (name for one in taken for name in map(_class, one.marked.annotations) if name)
    members = Counter(one.found.subset for one in taken)
    bare = [one for one in layout.problems if one.effect == "left out" and one.kind == "unannotated"]
    return ImportReport(
        format=layout.format,
        annotation=kind,
        images=len(taken),
        classes={name: images[name] for name in classes},
        objects=dict(Counter(names)),
        targets=layout.targets,
        subsets={subset: members[subset] for subset in get_args(Subset) if members[subset]},
        problems=sorted(whole, key=lambda one: one.effect != "left out")[:MAX_PROBLEMS],
        totals=totals(whole),
        skipped=len(layout.images) - len(taken) + len(bare),
        dropped=sum(one.effect == "left out" for one in [*layout.problems, *placed]) - len(bare),
    )


def _class(one: AnyAnnotation) -> str | None:
    return None if isinstance(one, Value | Mask) else one.label


def _shown(one: Taken) -> set[str]:
    """The classes that an image has."""
    annotations = one.marked.annotations
    masked = {name for mark in annotations if isinstance(mark, Mask) for name, share in mark.shares if share}
    return masked | {name for name in map(_class, annotations) if name}


def _classes(layout: Layout, marks: Marks, images: Counter[str]) -> list[str]:
    """Folders whose images are all broken are no classes; names that a file gives stay, or indices would change."""
    if marks.kind == "mask":
        return list(marks.scheme.classes)
    return [name for name in layout.classes if images[name]] if marks.kind == "label" else list(layout.classes)


def _check(layout: Layout, classes: list[str], kind: Kind, taken: list[Taken], problems: list[Problem]) -> None:
    lost = next((one for one in problems if one.effect == "left out"), None)
    first = f" First: {lost}." if lost else ""
    if kind == "label" and len(classes) < 2:
        raise ImportRefused(
            f"Only {len(classes)} of {len(layout.classes)} classes has readable images.{first}",
            "Two classes with readable images are needed at least.",
        )
    if not taken:
        raise ImportRefused(
            f"None of {len(layout.images)} images can be imported.{first}", "Mend the files, or choose another folder."
        )
    if not any(one.marked.annotations for one in taken):
        raise ImportRefused(
            f"None of {len(taken)} images has {NAMES[kind]}.{first}", "Mend the annotations, or choose another format."
        )
    if kind == "anomaly" and not any(_is_good(one) for one in taken):
        raise ImportRefused("There is no good image to learn from.", "Put good images into train/good.")


def _is_good(one: Taken) -> bool:
    return any(isinstance(mark, Anomaly) and not mark.anomalous for mark in one.marked.annotations)


def _told(taken: Sequence[Taken], found: Sequence[int | None]) -> list[list[Problem]]:
    """What there is to tell of each image, twins included."""
    told = [list(one.marked.problems) for one in taken]
    spellings: dict[str, str] = {}
    for place, root in enumerate(found):
        name = taken[place].found.name
        other = spellings.setdefault(name.casefold(), name)
        if other != name:  # on some computers they would be one file
            message = f"differs from {other} in capitals only"
            told[place].append(Problem(file=name, message=message, kind="name", effect="noted"))
        if root is not None and root != place:
            told[place].append(_twin(taken[place], taken[root]))
    return told


def _twin(one: Taken, other: Taken) -> Problem:
    same = one.marked.picture.sha256 == other.marked.picture.sha256
    message = f"{'is the same picture as' if same else 'looks like'} {other.found.name}"
    labels = [{mark.label for mark in image.marked.annotations if isinstance(mark, Label)} for image in (one, other)]
    more = ["has another class"] if same and labels[0] != labels[1] else []
    if one.found.subset and other.found.subset and one.found.subset != other.found.subset:
        more.append("is in another subset")
    if more:
        message += f", which {' and '.join(more)}"
    return Problem(file=one.found.name, message=message, kind="duplicate" if same else "twin", effect="noted")


def _unused(layout: Layout, classes: Sequence[str], images: Counter[str]) -> Iterator[Problem]:
    """Classes that the source names, by a file or a folder, and that no image has after all."""
    places = {**_first(layout), **layout.places}
    for name in dict.fromkeys([*classes, *places]):
        if not images[name] and name in places:
            file, line = places[name]
            message = f"names the class {name}, which no image has"
            yield Problem(file=file, line=line, message=message, kind="class", effect="noted")


def _first(layout: Layout) -> dict[str, tuple[str, int | None]]:
    """Class → where the first of its annotations is, for sources without a list of classes."""
    found: dict[str, tuple[str, int | None]] = {}
    for image in layout.images:
        for draft in image.drafts:
            label = _class(draft.annotation)
            if label and label not in found:
                found[label] = (image.source or image.name, draft.line)
    return found


def _record(one: Taken, twin: int | None, problems: list[Problem]) -> NewImage:
    found, picture = one.found, one.marked.picture
    return NewImage(
        found.name,
        picture.file,
        picture.width,
        picture.height,
        picture.bytes,
        picture.sha256,
        annotations=one.marked.annotations,
        format=picture.format,
        subset=found.subset,
        twin=None if twin is None else twin + 1,
        columns=dict(found.columns),
        mtime_ns=picture.mtime_ns,
        problems=problems,
    )
