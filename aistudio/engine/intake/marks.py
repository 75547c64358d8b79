"""Takes single images together with what marks them, in the kind that the project needs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from aistudio.engine.intake import masks
from aistudio.engine.intake.masks import Scheme, UnreadableMask
from aistudio.engine.intake.pictures import Picture, take
from aistudio.engine.intake.placing import Placed, as_boxes, place
from aistudio.engine.intake.readers import Lost, Readers
from aistudio.errors import ImportRefused
from aistudio.schema.annotation import Anomaly, AnyAnnotation, Instance, Kind, Mask
from aistudio.schema.project import Problem, Storage
from aistudio.store.dataset import DatasetFolder
from aistudio.store.formats.base import FoundImage, Layout, Listing, MaskFile, problem


@dataclass(frozen=True)
class Marked:
    """An image that is in place, with its annotations and what there is to tell about them."""

    picture: Picture
    annotations: Sequence[AnyAnnotation] = ()
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Taken:
    """The same, with what the importer found: that need not travel from one process to another."""

    found: FoundImage
    marked: Marked


@dataclass(frozen=True)
class Marks:
    """`names`: what numbers and colours of masks mean; `guessed` if no file says it. `kind`: what the project needs."""

    listing: Listing
    target: DatasetFolder
    kind: Kind
    scheme: Scheme
    names: Mapping[int, str | None] = field(default_factory=dict)
    guessed: bool = False

    @classmethod
    def prepare(
        cls, layout: Layout, listing: Listing, kind: Kind, target: DatasetFolder, check: Callable[[], None]
    ) -> "Marks":
        """Looks through all masks if nothing says what their numbers mean."""
        classes = list(layout.classes)
        names: Mapping[int, str | None] = {}
        guessed = False
        if layout.annotation == "mask":
            given = next((one.mask.classes for one in layout.images if one.mask and one.mask.classes), None)
            names = {masks.number_of(key): name for key, name in given.items()} if given else {}
            guessed = not names
            names = names or masks.meanings(_survey(layout, listing, check))
            classes = list(dict.fromkeys(name for name in names.values() if name))
        elif kind == "mask":
            classes = [masks.BACKGROUND, *(name for name in classes if name != masks.BACKGROUND)]
        if kind == "mask" and len(classes) > masks.MOST_CLASSES:
            raise ImportRefused(
                f"{len(classes):,} classes are too many for masks; {masks.MOST_CLASSES:,} is the most.",
                "Put classes together.",
            )
        return cls(listing, target, kind, Scheme(classes), names, guessed)

    @property
    def _coloured(self) -> bool | None:
        """Whether a file explains colours, or numbers; None if it does both or there is none."""
        sorts = {number >= masks.COLOUR for number in self.names}
        return sorts.pop() if len(sorts) == 1 and not self.guessed else None

    def take(self, found: FoundImage, number: int, storage: Storage) -> Marked | list[Problem]:
        """The image in its place, or why it is left out."""
        picture = take(found, number, self.target, storage)
        if isinstance(picture, Problem):
            return [picture]
        placed = place(found, picture)
        if found.mask is not None and placed.fits:
            self._add_mask(found.mask, number, picture, placed)
        if not placed.fits:
            self._remove(number, picture, storage)
            return placed.problems
        if self.kind == "mask" and not any(isinstance(one, Mask) for one in placed.annotations):
            self._draw(number, picture, placed)
        annotations = list(as_boxes(placed.annotations)) if self.kind == "box" else placed.annotations
        return Marked(picture, annotations, [*picture.notes, *placed.problems])

    def _add_objects(self, mask: MaskFile, picture: Picture, placed: Placed) -> None:
        """A file for each; one that cannot be used costs its object."""
        for name in mask.single:
            try:
                pixels = masks.upright(masks.decode(self.listing.path(name)), picture)
            except UnreadableMask as error:
                placed.problems.append(problem(name, str(error), "annotation"))
                continue
            found = masks.objects((pixels != _background(pixels)).astype(np.int32), mask.label or "")
            placed.annotations.extend(found)
            if not found:
                placed.problems.append(problem(name, "shows no object", "empty"))

    def _add_mask(self, mask: MaskFile, number: int, picture: Picture, placed: Placed) -> None:
        if mask.single:
            self._add_objects(mask, picture, placed)
            return
        try:
            pixels = masks.upright(masks.decode(self.listing.path(mask.name), self._coloured), picture)
        except UnreadableMask as error:
            placed.problems.append(problem(mask.name, f"{error}; its image is left out with it", "mask"))
            placed.fits = False
            return
        if mask.objects:
            placed.annotations.extend(masks.objects(pixels, mask.label or ""))
        elif self.kind == "anomaly":
            file = f"{number}.png"
            defect = pixels != _background(pixels)
            if not defect.any():
                placed.problems.append(problem(mask.name, "shows no defect", "empty", effect="noted"))
            masks.write(self.target.masks / file, np.where(defect, 255, 0).astype(np.uint8))
            placed.annotations[:] = [
                replace(one, file=file) if isinstance(one, Anomaly) else one for one in placed.annotations
            ]
        else:
            found, unknown = masks.indices(pixels, self.names, self.scheme)
            if unknown:
                told = ", ".join(masks.shown(value) for value in unknown[:5])
                message = f"has pixels of {told}, which stand for no class and count for nothing"
                placed.problems.append(problem(mask.name, message, "class", effect="changed"))
            placed.problems.extend(self._void(mask.name, pixels))
            self._write(found, number, placed)

    def _void(self, name: str, pixels: masks.Numbers) -> Iterator[Problem]:
        """255 beside other numbers usually means that a pixel counts for nothing, but nobody said so."""
        if self.guessed and self.names.get(255, "") is None and (pixels == 255).any():
            if np.isin(pixels, (0, 255)).all():
                message = "has only 0 and 255, and 255 counts for nothing, because other masks have numbers of classes"
                yield problem(name, message, "void", effect="changed")
            else:
                yield problem(name, "has pixels of 255, which count for nothing", "void", effect="noted")

    def _draw(self, number: int, picture: Picture, placed: Placed) -> None:
        """A class mask from outlines."""
        outlines = [one for one in placed.annotations if isinstance(one, Instance)]
        placed.annotations.clear()
        self._write(masks.drawn(outlines, picture, self.scheme), number, placed)

    def _write(self, mask: masks.Indices, number: int, placed: Placed) -> None:
        file = f"{number}.png"
        masks.write(self.target.masks / file, mask)
        placed.annotations.append(Mask(file, self.scheme.ignore, masks.shares(mask, self.scheme)))

    def discard(self, number: int) -> None:
        """What a reader that ended in the midst of an image may have left of it."""
        for folder in (self.target.images, self.target.thumbnails, self.target.masks):
            for path in folder.glob(f"{number}.*"):
                path.unlink()

    def _remove(self, number: int, picture: Picture, storage: Storage) -> None:
        if storage == "copy":
            (self.target.images / picture.file).unlink()
        (self.target.thumbnails / f"{number}.jpg").unlink(missing_ok=True)


def _background(pixels: np.ndarray) -> int:
    """0, or black where a mask has colours."""
    return masks.COLOUR if int(pixels.max(initial=0)) >= masks.COLOUR else 0


def _survey(layout: Layout, listing: Listing, check: Callable[[], None]) -> set[frozenset[int]]:
    """Which numbers occur together. What cannot be read is told when its image is taken."""
    files = [one.mask.name for one in layout.images if one.mask is not None]

    def look(place: int) -> frozenset[int]:
        try:
            found: list[int] = np.unique(masks.decode(listing.path(files[place]))).tolist()
        except UnreadableMask:
            return frozenset()
        return frozenset(found[: masks.MOST_CLASSES + 1])

    values: set[int] = set()
    together: set[frozenset[int]] = set()
    with closing(Readers(look, check).run(len(files))) as outcomes:
        for _, outcome in outcomes:
            if not isinstance(outcome, Lost):
                values |= outcome
                together.add(outcome)
            if len(values) > masks.MOST_CLASSES:
                break
    return together
