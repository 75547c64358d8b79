"""Tables of the README, made from the models: `python -m tests.docs.tables` writes them."""

import ast
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aistudio.catalog.backbones import BACKBONES
from aistudio.catalog.failures import ADVICE
from aistudio.cli import COMMANDS
from aistudio.schema.annotation import NAMES
from aistudio.schema.base import hint
from aistudio.schema.explain import bounds
from aistudio.schema.shape import Shape, discriminator, shape_of, variants
from aistudio.settings import options_table
from aistudio.store.formats import IMPORTERS
from aistudio.tasks import TASKS
from aistudio.ui.typed import text_of

TESTS = Path(__file__).parents[1]
README = TESTS.parent / "README.md"
FAULT = re.compile(r"test_f(\d\d)_(\w+)")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heading = list(head)
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def config_table() -> str:
    rows = [row for task in TASKS for row in _fields(task.config, task.config(task=task.key), "")]  # type: ignore[call-arg]
    return table(("Option", "In the form", "Values", "Default", "Meaning"), rows)


def _fields(model: type[BaseModel], defaults: BaseModel | None, prefix: str) -> Iterable[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        shape = shape_of(info)
        value = getattr(defaults, name) if defaults is not None else info.get_default(call_default_factory=True)
        if shape.kind == "model":
            yield from _fields(shape.models[0], value, f"{prefix}{name}.")
        elif shape.kind == "union":
            yield from _union(f"{prefix}{name}", info, shape, value)
        elif shape.kind == "optional" and shape.models:
            yield _row(f"{prefix}{name}", info, "on or off", "off" if value is None else "on")
            yield from _fields(shape.models[0], None, f"{prefix}{name}.")
        elif shape.kind == "sequence":
            shown = " → ".join(f"{item.kind}" for item in value)
            yield _row(f"{prefix}{name}", info, "an ordered list of the transforms below", shown)
        elif name not in ("kind", "task"):
            yield _row(f"{prefix}{name}", info, _values(info, shape), _default(value))


def _union(path: str, info: FieldInfo, shape: Shape, value: BaseModel) -> Iterable[tuple[str, ...]]:
    name = discriminator(shape.models)
    kinds = variants(shape.models, name)
    chosen = getattr(value, name)
    yield _row(f"{path}.{name}", info, " ".join(f"`{kind}`" for kind in kinds), f"`{chosen}`")
    for kind, model in kinds.items():
        for option, title, *rest in _fields(model, value if kind == chosen else None, f"{path}."):
            yield (option, f"{title} ({kind})", *rest)


def _row(path: str, info: FieldInfo, values: str, default: str) -> tuple[str, ...]:
    return f"`{path}`", info.title or "", values, default, info.description or ""


def _values(info: FieldInfo, shape: Shape) -> str:
    if offered := hint(info, "suggest"):
        return f"of the {offered}"
    if shape.kind == "choice":
        return " ".join(f"`{option}`" for option in shape.options)
    unit = f" {hint(info, 'unit')}" if hint(info, "unit") else ""
    limits = " and ".join(part for part in bounds(info) if part)
    words = {"switch": "on or off", "whole": "whole number", "number": "number", "list": "whole numbers"}
    return ", ".join(part for part in (words.get(shape.kind, "text"), limits + unit) if part.strip())


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{text_of(value)}`" if value is not None else ""


def transform_table() -> str:
    models = shape_of(TASKS[0].config.model_fields["augmentations"]).models[0].model_fields["train"]
    seen: dict[str, tuple[str, ...]] = {}
    for model in shape_of(models).models:
        kind = str(model.model_fields["kind"].default)
        options = [
            f"`{name}` {_default(info.get_default())}" for name, info in model.model_fields.items() if name != "kind"
        ]
        purpose = (model.__doc__ or "").strip().split("\n")[0]
        seen.setdefault(kind, (f"`{kind}`", getattr(model, "group", ""), purpose, ", ".join(options)))
    return table(("Transform", "Group", "What it does", "Options"), seen.values())


def task_table() -> str:
    rows = [
        (f"`{task.key}`", task.name, task.description, ", ".join(task.metrics.values()), next(iter(task.metrics)))
        for task in TASKS
    ]
    return table(("Key", "Task", "", "Metrics", "Main metric"), rows)


def command_table() -> str:
    rows = ((f"`aistudio {name}`", purpose) for name, (_, purpose) in COMMANDS.items())
    return table(("In a terminal", "What it does"), rows)


def format_table() -> str:
    rows = [
        (
            one.TITLE,
            f"`{one.NAME}`",
            (one.__doc__ or "").partition(": ")[2],
            ", ".join(NAMES[kind] for kind in one.KINDS),
        )
        for one in IMPORTERS
    ]
    return table(("Format", "Name", "How it is laid out", "What it brings"), rows)


def failure_table() -> str:
    return table(("Reason", "What to do"), ((f"`{reason}`", advice) for reason, advice in ADVICE.items()))


def backbone_table() -> str:
    families = dict.fromkeys(one.family for one in BACKBONES)
    rows = [(family, ", ".join(f"`{one.name}`" for one in BACKBONES if one.family == family)) for family in families]
    return table(("Family", "Backbones"), rows)


def survival_table() -> str:
    """Each fault test by its name and the first line of its docstring."""
    found: dict[str, tuple[str, str, str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            match = FAULT.fullmatch(node.name) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
            if match is not None:
                survives = (ast.get_docstring(node) or "").split("\n")[0]  # type: ignore[arg-type]
                found[f"{match[1]}{match[2]}"] = (f"F-{match[1]}", match[2].replace("_", " "), survives)
    return table(("", "What happens", "What survives"), (found[key] for key in sorted(found)))


TABLES: dict[str, Callable[[], str]] = {
    "tasks": task_table,
    "commands": command_table,
    "config": config_table,
    "transforms": transform_table,
    "backbones": backbone_table,
    "formats": format_table,
    "failures": failure_table,
    "survival": survival_table,
    "settings": options_table,
}


def filled(text: str) -> str:
    """The README with what stands between the marks of each table made anew."""
    for name, make in TABLES.items():
        start, end = f"<!-- table: {name} -->", "<!-- end -->"
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        found = pattern.search(text)
        if found is None:
            raise ValueError(f"README.md has no place for the table {name!r}: add {start} and {end}")
        before, after = text[: found.start()], text[found.end() :]
        text = f"{before}{start}\n{make()}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
