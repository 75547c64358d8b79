"""The catalog's own rules: names, aliases, near names, advice (what timm says is compared in tests/engine)."""

import re
from collections.abc import Iterator

import pytest

from aistudio.catalog.backbones import BACKBONES, Backbone, find, split, suggestions
from aistudio.catalog.failures import ADVICE
from aistudio.errors import JobFailed
from aistudio.schema.model import BACKBONE_PATTERN, ImageClassifier


def test_names_aliases_and_titles_are_unique() -> None:
    names = [name for record in BACKBONES for name in (record.name, *record.aliases)]
    assert len(names) == len(set(names))
    assert len({record.title for record in BACKBONES}) == len(BACKBONES) >= 60


@pytest.mark.parametrize("record", BACKBONES, ids=lambda record: record.name)
def test_every_record_is_a_valid_choice(record: Backbone) -> None:
    for name in (record.name, *record.aliases, f"{record.name}.{record.weights[0].tag}"):
        assert re.match(BACKBONE_PATTERN, name)
        assert find(name) is record
    assert record.params > 0 and record.input_size >= 128
    assert record.licence == record.weights[0].licence
    assert len({weights.file for weights in record.weights}) == len(record.weights)


def test_the_default_of_the_form_is_in_the_catalog() -> None:
    assert find(ImageClassifier().backbone)


def test_alias_and_tag_lead_to_the_record() -> None:
    assert split("mobilenet_v2") == ("mobilenetv2_100", "")
    assert find("mobilenet_v2") is find("mobilenetv2_100") is find("mobilenetv2_100.tv_in1k") is not None


@pytest.mark.parametrize("name", ["resnet18.unheard_of", "resnet1800", "", "."])
def test_an_unknown_name_finds_nothing(name: str) -> None:
    assert find(name) is None


def test_suggestions_are_near_names_of_the_catalog() -> None:
    assert suggestions("resnet_18")[0] == "resnet18"
    assert suggestions("mobilenetv2")[0] == "mobilenetv2_100"
    assert suggestions("Resnet50.a1_in1k")[0] == "resnet50"
    assert suggestions("qqqqqqqq") == []


def test_files_that_are_not_timms_have_a_key_map() -> None:
    others = [weights for record in BACKBONES for weights in record.weights[1:]]
    assert {weights.file for weights in others} == {"mobilenet_v2-b0353104.pth", "efficientnet-lite0-57934424.pth"}
    assert all(weights.key_map for weights in others)


def test_every_way_a_run_can_fail_has_one_sentence_of_advice() -> None:
    assert set(ADVICE) == {error.__name__ for error in _below(JobFailed)}
    assert all(advice[0].isupper() and advice.endswith(".") and ". " not in advice for advice in ADVICE.values())


def _below(error: type[JobFailed]) -> Iterator[type[JobFailed]]:
    for kind in error.__subclasses__():
        yield kind
        yield from _below(kind)
