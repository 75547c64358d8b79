"""The end of an import: twins are found, the index is written, and a report says what is in it and what is not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from aistudio.engine.intake import mixups, twins
from aistudio.engine.intake.marks import Marks, Taken
from aistudio.errors import ImportRefused
from aistudio.schema.annotation import (
    NAMES,
    Anomaly,
    AnyAnnotation,
    Box,
    Instance,
    Kind,
    Label,
    Mask,
    RotatedBox,
    Value,
)
from aistudio.schema.project import Effect, ImportReport, Problem, Storage, Subset
from aistudio.store.dataset import DatasetFolder, Facts, NewImage
from aistudio.store.formats.base import Layout, problem
from aistudio.store.index import totals

MAX_PROBLEMS = 1000
_OF_ANNOTATIONS = frozenset(("annotation", "class", "empty", "mask", "object", "outside", "size"))


@dataclass(frozen=True)
class Findings:
    """All that is known when every image was read. `problems` are those of no image that is kept, `told` the others."""

    layout: Layout
    kind: Kind
    classes: list[str]
    taken: Sequence[Taken]
    twins: Sequence[int | None]
    problems: list[Problem]
    told: list[list[Problem]]
    report: ImportReport

    @classmethod
    def of(
        cls, layout: Layout, marks: Marks, taken: Sequence[Taken], problems: Sequence[Problem], passed: int = 0
    ) -> "Findings":
        """`problems`: why images and annotations are left out that no image in `taken` tells of. `passed`: how many
        images are not even in the layout.
        """
        marked = [_labels(one) for one in taken]
        images = Counter(name for one in taken for name in _shown(one))
        classes = _classes(layout, marks, images)
        found = twins.groups([one.marked.picture.sha256 for one in taken], [one.marked.picture.look for one in taken])
        told = _told(layout, taken, found)
        theirs = {id(one) for image in taken for one in layout.of_images.get(image.found.name, ())}
        general = [one for one in problems if id(one) not in theirs]
        general += [*_unused(layout, classes, images), *_mixed_up(layout, classes)]
        whole = [*general, *(one for some in told for one in some)]
        members = Counter(one.found.subset for one in taken)
        bare = [one for one in layout.problems if one.effect == "left out" and one.kind == "unannotated"]
        placed = [one for image in taken for one in image.marked.problems]
        report = ImportReport(
            format=layout.format,
            annotation=marks.kind,
            images=len(taken),
            classes={name: images[name] for name in classes},
            objects=dict(Counter(name for names in marked for name in names)),
            targets=layout.targets,
            subsets={subset: members[subset] for subset in get_args(Subset) if members[subset]},
            problems=_some(whole),
            totals=totals(whole),
            effects=effects(whole),
            skipped=len(layout.images) - len(taken) + len(bare) + layout.uncounted + passed,
            dropped=sum(one.effect == "left out" for one in [*layout.problems, *placed]) - len(bare),
        )
        return cls(layout, marks.kind, classes, taken, found, general, told, report)

    @property
    def lost(self) -> list[Problem]:
        """What is left out, annotations first where images are there: they are more to the point."""
        whole = [*self.problems, *(one for some in self.told for one in some)]
        lost = [one for one in whole if one.effect == "left out"]
        return sorted(lost, key=lambda one: one.kind not in _OF_ANNOTATIONS) if self.taken else lost

    def check(self) -> None:
        """Raises ImportRefused if what is left makes no data set."""
        lost = self.lost
        first = f" First: {lost[0]}." if lost else ""
        if self.kind == "label" and len(self.classes) < 2:
            named = self.layout.classes
            found = f"There is only one class, {named[0]}." if len(named) == 1 else "There are no classes."
            if len(named) > 1:
                found = f"{'Only 1 of' if self.classes else 'None of the'} {len(named)} classes has readable images."
            raise ImportRefused(f"{found}{first}", "Two classes with readable images are needed at least.")
        if not self.taken:
            total = len(self.layout.images)
            raise ImportRefused(
                f"None of {total} images can be imported.{first}", "Mend the files, or choose another folder."
            )
        if not any(_says_something(mark) for one in self.taken for mark in one.marked.annotations):
            changed = (one for some in self.told for one in some if one.effect == "changed")
            first = first or next((f" First: {one}." for one in changed), "")
            raise ImportRefused(
                f"None of {len(self.taken)} images has {NAMES[self.kind]}.{first}",
                "Mend the annotations, or choose another format.",
            )
        if self.kind == "anomaly" and not any(_is_good(one) for one in self.taken):
            raise ImportRefused("There is no good image to learn from.", "Put good images into train/good.")

    def write(self, target: DatasetFolder, storage: Storage) -> None:
        """The index of the version; images and masks are in their places already."""
        layout = self.layout
        if storage == "reference":
            _number(target.thumbnails)
        facts = Facts(self.kind, layout.format, storage, layout.targets, layout.columns, self.report.totals)
        rows = zip(self.taken, self.twins, self.told, strict=True)
        target.create(self.classes, [_record(one, twin, some) for one, twin, some in rows], facts, self.problems)


def _number(thumbnails: Path) -> None:
    """From 1 on, like the ids: the name of an image that stays where it is has no number of the import."""
    for number, path in enumerate(sorted(thumbnails.iterdir(), key=lambda path: int(path.stem)), start=1):
        if path.stem != str(number):
            path.rename(thumbnails / f"{number}.jpg")


def effects(problems: Sequence[Problem]) -> dict[str, dict[Effect, int]]:
    """Kind of problem → what becomes of it → how many."""
    found: dict[str, dict[Effect, int]] = {}
    for one in problems:
        of_kind = found.setdefault(one.kind, {})
        of_kind[one.effect] = of_kind.get(one.effect, 0) + 1
    return found


def _some(problems: Sequence[Problem]) -> list[Problem]:
    """As many as can be sent: some of every kind, and those that left something out first."""
    ordered = sorted(problems, key=lambda one: one.effect != "left out")
    share = MAX_PROBLEMS // max(len({one.kind for one in ordered}), 1)
    seen: Counter[str] = Counter()
    first: list[Problem] = []
    rest: list[Problem] = []
    for one in ordered:
        seen[one.kind] += 1
        (first if seen[one.kind] <= share else rest).append(one)
    return sorted([*first, *rest[: MAX_PROBLEMS - len(first)]], key=lambda one: one.effect != "left out")


def _labels(one: Taken) -> list[str]:
    return [name for name in map(_class, one.marked.annotations) if name]


def _class(one: AnyAnnotation) -> str | None:
    return None if isinstance(one, Value | Mask) else one.label


def _shown(one: Taken) -> set[str]:
    """The classes that an image has."""
    annotations = one.marked.annotations
    masked = {name for mark in annotations if isinstance(mark, Mask) for name, share in mark.shares if share}
    return masked.union(_labels(one))


def _classes(layout: Layout, marks: Marks, images: Counter[str]) -> list[str]:
    """Folders whose images are all broken are no classes; names that a file gives stay, or indices would change."""
    if marks.kind == "mask":
        return list(marks.scheme.classes)
    return [name for name in layout.classes if images[name]] if marks.kind == "label" else list(layout.classes)


def _says_something(one: AnyAnnotation) -> bool:
    """A mask of which no pixel counts does not."""
    return bool(one.shares) if isinstance(one, Mask) else True


def _is_good(one: Taken) -> bool:
    return any(isinstance(mark, Anomaly) and not mark.anomalous for mark in one.marked.annotations)


def _told(layout: Layout, taken: Sequence[Taken], found: Sequence[int | None]) -> list[list[Problem]]:
    """What there is to tell of each image: also twins, confusable names, and lines of its label file."""
    told = [[*layout.of_images.get(one.found.name, ()), *one.marked.problems, *_twice(one)] for one in taken]
    for place, message in mixups.confusable([one.found for one in taken]):
        told[place].append(Problem(file=taken[place].found.name, message=message, kind="name", effect="noted"))
    for place, root in enumerate(found):
        if root is not None and root != place:
            told[place].append(_twin(taken[place], taken[root]))
    return told


def _twice(one: Taken) -> Iterator[Problem]:
    """Objects that are there again, in every number the same."""
    marks = Counter(mark for mark in one.marked.annotations if isinstance(mark, Box | RotatedBox | Instance))
    again = sum(times - 1 for times in marks.values())
    if again:
        message = f"has {again:,} object{'s' * (again != 1)} twice in {one.found.name}, with the same class and place"
        yield problem(one.found.source or one.found.name, message, "repeated", effect="noted")


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
    for name in dict.fromkeys([*classes, *places]) if images else ():  # else more is wrong than that
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


def _mixed_up(layout: Layout, classes: Sequence[str]) -> Iterator[Problem]:
    places = {**_first(layout), **layout.places}
    for name, other, how in mixups.alike(classes):
        file, line = places.get(name, (name, None))
        message = f"names the class {name}, which differs from {other} {how}"
        yield Problem(file=file, line=line, message=message, kind="class", effect="noted")


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
