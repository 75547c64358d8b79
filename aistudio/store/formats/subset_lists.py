"""Which subset an image belongs to, where a source says so in lists of images: what does not agree is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from aistudio.schema.project import Problem, Subset
from aistudio.store.formats.base import SUBSETS, problem
from aistudio.store.formats.texts import base_of, composed, text

Entry = tuple[int | None, str]


@dataclass
class SubsetLists:
    """`found`: image → subset. An image in two of them stays in the first."""

    problems: list[Problem]
    found: dict[str, Subset] = field(default_factory=dict)

    def put(self, source: str, subset: Subset, entries: Iterable[Entry]) -> None:
        """Line and image of each."""
        twice = [(line, name) for line, name in entries if self.found.setdefault(name, subset) != subset]
        if twice:
            line, name = twice[0]
            told = f"puts {text(name)} into {subset}, but it is in {self.found[name]} already{more(len(twice))}"
            self.problems.append(problem(source, told, "twice", line, "noted"))

    def miss(self, source: str, entries: Sequence[Entry]) -> None:
        """Lines that name nothing."""
        if entries:
            line, name = entries[0]
            told = f"names {text(name)[:200]}, which is not there{more(len(entries))}"
            self.problems.append(problem(source, told, "missing", line, "noted"))

    def doubt(self, source: str, entries: Sequence[Entry]) -> None:
        """Lines that name several."""
        if entries:
            line, name = entries[0]
            told = f"names {text(name)[:200]}, which could be several images{more(len(entries))}"
            self.problems.append(problem(source, told, "ambiguous", line, "noted"))


def more(count: int) -> str:
    """Where one problem stands for all of its sort."""
    return f", and {count - 1:,} more like it" if count > 1 else ""


def word_of(name: str) -> Subset | None:
    """Of a list called train.txt, or the like."""
    return SUBSETS.get(base_of(name).rpartition(".")[0].lower())


class Endings:
    """Finds an image by the end of its path, which is all that a list from another computer has in common with it."""

    def __init__(self, images: Iterable[str]) -> None:
        self._by_base: dict[str, list[str]] = {}
        for name in images:
            self._by_base.setdefault(composed(base_of(name)), []).append(name)

    def find(self, name: str) -> str | None:
        """The very same, or the only one that has most folders in common with it, from the end on."""
        alike = self._by_base.get(composed(base_of(name)), ())
        if name in alike:
            return name
        ranked = sorted(((_common(one, name), one) for one in alike), reverse=True)
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        return ranked[0][1]

    def knows(self, name: str) -> bool:
        return composed(base_of(name)) in self._by_base


def _common(one: str, other: str) -> int:
    pairs = zip(reversed(composed(one).split("/")), reversed(composed(other).split("/")), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
