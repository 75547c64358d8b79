"""The split that a source came with, kept under a name beside those that users make."""

from collections.abc import Mapping

from aistudio.schema.project import Subset
from aistudio.schema.split import Ratios, Split
from aistudio.store.experiments import now
from aistudio.store.split_trash import free_name
from aistudio.store.workspace import ProjectFolder, new_id

NAME = "As in the source"
TEST_AS_VAL = "As in the source, test as validation"


def keep(project: ProjectFolder) -> Split | None:
    """Adds the split of the newest version, once; None if there is nothing to add."""
    found, dataset = offered(project), project.dataset()
    if found is None or dataset is None:
        return None
    name, members = found
    split = Split(
        id=new_id(),
        name=free_name(name, {other.name for other in project.splits.all()}),
        dataset_version=dataset.version,
        seed=0,
        ratios=_ratios(members),
        counts=dataset.counts(members),
        sizes=sizes(members),
        origin="source",
        created_at=now(),
    )
    project.splits.add([(split, members)])
    return split


def offered(project: ProjectFolder) -> tuple[str, dict[int, Subset]] | None:
    """Name and images of the split to add; None if the source says nothing, or not of training, or it is there.

    Where it knows only training and test, test becomes validation: nothing can be trained without.
    """
    dataset = project.dataset()
    members = dataset.subsets() if dataset else {}
    present = set(members.values())
    if dataset is None or "train" not in present or len(present) < 2 or _is_kept(project, dataset.version):
        return None
    if "val" in present:
        return NAME, members
    return TEST_AS_VAL, {image: "val" if one == "test" else one for image, one in members.items()}


def sizes(members: Mapping[int, Subset]) -> dict[Subset, int]:
    found: dict[Subset, int] = {"train": 0, "val": 0, "test": 0}
    for subset in members.values():
        found[subset] += 1
    return found


def _is_kept(project: ProjectFolder, version: int) -> bool:
    return any(one.dataset_version == version and one.origin == "source" for one in project.splits.all())


def _ratios(members: Mapping[int, Subset]) -> Ratios:
    """What came out, to three digits."""
    found = sizes(members)
    val = min(max(round(found["val"] / len(members), 3), 0.001), 0.998)
    test = min(round(found["test"] / len(members), 3), round(0.999 - val, 3))
    return Ratios(train=round(1 - val - test, 3), val=val, test=test)
