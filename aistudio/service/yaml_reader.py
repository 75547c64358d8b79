"""YAML that somebody wrote, as plain values: small, without aliases, tags and repeated keys, `1e-3` being a number."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from aistudio.errors import BadInput

LARGEST = 64 * 1024
DEEPEST = 20

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_SCALARS = {  # the core schema of YAML 1.2: in 1.1 1e-3 is a text, and "no", 012, 1:30 and 2026-01-01 are none
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?\d{1,18}", list("-+0123456789")),
    "float": (_NUMBER, list("-+.0123456789")),
}
_TAG = "tag:yaml.org,2002:"
_PLAIN = {f"{_TAG}{name}" for name in (*_SCALARS, "str", "seq", "map")}


def parse(text: str) -> dict[str, Any]:
    """The mapping in the text. Raises BadInput, which names the line."""
    if len(text.encode(errors="replace")) > LARGEST:
        raise BadInput(
            f"The file has more than {LARGEST // 1024} KB, so it is no configuration.", "Choose another one."
        )
    try:
        found = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax(error) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadInput(f"Line {line}: there is a character that YAML does not allow.", "Remove it.") from None
    except (ValueError, OverflowError) as error:
        raise BadInput(f"This is no YAML: {error}.", "Look at escaped characters and at numbers.") from None
    if not isinstance(found, dict):
        raise BadInput("This is no configuration: it has no options.", "A line looks like `task: classification`.")
    return found


def _syntax(error: yaml.MarkedYAMLError) -> BadInput:
    mark = error.problem_mark or error.context_mark
    where = f"Line {mark.line + 1}: " if mark else ""
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return BadInput(f"{where}{said}.", "Correct the YAML there.")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader, without what a configuration has no use for and an attacker has."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    _depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _refused("an alias (*name) is not allowed, write the value out", self.peek_event().start_mark)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _refused(f"values are nested more than {DEEPEST} deep", self.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None:
            _check(node)
        return node


def _check(node: Node) -> None:
    if node.tag not in _PLAIN:
        raise _refused(f"the tag {node.tag.replace(_TAG, '!!')} is not allowed", node.start_mark)
    if isinstance(node, ScalarNode) and re.search(r"[\ud800-\udfff]", node.value):
        raise _refused("there is half a character", node.start_mark)
    if isinstance(node, MappingNode):
        _check_keys(node)


def _check_keys(node: MappingNode) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            raise _refused("an option must be a word", key.start_mark)
        if key.value in seen:
            raise _refused(f"{key.value} is there twice, first in line {seen[key.value]}", key.start_mark)
        seen[key.value] = key.start_mark.line + 1
        key.tag = f"{_TAG}str"


def _refused(problem: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, mark)


def _add(resolver: Any, scalars: Mapping[str, tuple[str, list[str]]]) -> None:
    for name, (pattern, first) in scalars.items():
        resolver.add_implicit_resolver(f"{_TAG}{name}", re.compile(rf"^(?:{pattern})$"), first)


_add(_Loader, _SCALARS)


class Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Writes texts so that this reader and older ones take them for texts."""


_add(Dumper, _SCALARS)
