"""The parts of a script that the configuration declares: optimizer, schedule, loss and transforms, in plain torch."""

import ast
import inspect
import re
import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import aistudio
from aistudio.schema.scheduler import Schedule
from aistudio.schema.transforms.base import Transform
from aistudio.schema.transforms.normalisation import NormalizeAsWeights
from aistudio.service.code.text import WIDTH, call, literal

OURS = "aistudio."


class Targeted(Protocol):
    """A config that names the class it stands for; its fields are the arguments."""

    target: ClassVar[str]

    def model_dump(self) -> dict[str, Any]: ...


class Made(NamedTuple):
    """A statement, and the source of what torch does not bring."""

    statement: str
    source: str = ""


def loss(config: Targeted, indent: int, before: str) -> Made:
    return Made(call(_name(config.target), _fields(config), indent, before), _source(config.target))


def optimizer(config: Targeted, groups: str, indent: int, before: str) -> str:
    """`groups` have their weight decay in them."""
    fields = {name: value for name, value in _fields(config).items() if name != "weight_decay"}
    return call(_name(config.target), {"*groups": groups, **fields, "fused": "True"}, indent, before)


def _fields(config: Targeted) -> dict[str, str]:
    return {name: literal(value) for name, value in config.model_dump().items() if name != "kind"}


def _name(target: str) -> str:
    """`torch.nn:CrossEntropyLoss` as a script calls it: `nn.CrossEntropyLoss`."""
    module, name = target.split(":")
    if module.startswith(OURS):
        return name
    return f"{module.replace('torch.nn', 'nn')}.{name}"


@cache
def _source(target: str) -> str:
    """The class as it stands in our own file, which is read and not imported: it needs torch."""
    module, name = target.split(":")
    if not module.startswith(OURS):
        return ""
    text = Path(aistudio.__file__).parents[1].joinpath(*module.split(".")).with_suffix(".py").read_text()
    found = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == name)
    return ast.get_source_segment(text, found) or ""


# ---- the schedule


def schedule(config: Schedule, epochs: str) -> str:
    """A function of the step, from the formula of the studio itself; empty if the learning rate never changes."""
    formula = _formula(config)
    if formula == "1.0" and not config.warmup_epochs:
        return ""
    meaning = (type(config).__doc__ or "").strip().split("\n")[0]
    lines = ["def factor(step: int, steps_per_epoch: int) -> float:", f'    """{meaning}"""']
    lines += [f"    {_assigned(name, value)}" for name, value in _parameters(config, formula).items()]
    if config.warmup_epochs:
        lines += [
            f"    warmup = {config.warmup_epochs} * steps_per_epoch",
            "    if step < warmup:",
            "        return (step + 1) / warmup",
        ]
    if re.search(r"\bshare\b", formula):
        lines += _share(epochs, bool(config.warmup_epochs))
    if re.search(r"\bepoch\b", formula):
        lines.append("    epoch = step // steps_per_epoch")
    return "\n".join([*lines, f"    return {re.sub(r'self[.]', '', formula)}"])


def _assigned(name: str, value: Any) -> str:
    """On one line where it fits, else with each of several values on its own."""
    line = f"{name} = {literal(value)}"
    if not isinstance(value, tuple) or 4 + len(line) <= WIDTH:
        return line
    return call("", {f"*{place}": literal(part) for place, part in enumerate(value)}, 4, before=f"{name} = ")


def _formula(config: Schedule) -> str:
    """What `decay` returns: a single expression of `share`, `epoch` and the fields."""
    source = textwrap.dedent(inspect.getsource(type(config).decay))
    body = [line for line in ast.parse(source).body[0].body if isinstance(line, ast.Return)]  # type: ignore[attr-defined]
    return ast.get_source_segment(source, body[0].value) or ""  # type: ignore[arg-type]


def _parameters(config: Schedule, formula: str) -> dict[str, Any]:
    return {name: getattr(config, name) for name in dict.fromkeys(re.findall(r"self\.(\w+)", formula))}


def _share(epochs: str, after_warmup: bool) -> list[str]:
    if after_warmup:
        return [
            f"    total = max({epochs} * steps_per_epoch - warmup, 1)",
            "    share = min((step - warmup) / total, 1.0)",
        ]
    return [f"    share = min(step / ({epochs} * steps_per_epoch), 1.0)"]


# ---- transforms


def transforms(given: Sequence[Transform], indent: int) -> list[str]:
    """Calls of albumentations in order. Images without a Normalize are brought to numbers from 0 to 1."""
    calls = [_transform(one, indent) for one in given]
    if all(one.kind != "Normalize" for one in given):
        calls.append("A.ToFloat(max_value=255),")
    return calls


def _transform(transform: Transform, indent: int) -> str:
    if isinstance(transform, NormalizeAsWeights):
        return "A.Normalize(mean=MEAN, std=STD),"
    return call(f"A.{transform.kind}", {k: literal(v) for k, v in transform.arguments().items()}, indent, behind=",")
