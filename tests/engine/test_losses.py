"""Losses against their formulas."""

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from aistudio.engine.losses import FocalLoss, OneVsRestLoss

pytestmark = pytest.mark.engine


def test_focal_loss_is_the_formula() -> None:
    logits, labels = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.1, 0.3]]), torch.tensor([0, 2])
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        p = math.exp(row[label]) / sum(math.exp(value) for value in row)
        expected -= (1 - p) ** 2.5 * math.log(p) / 2
    assert float(FocalLoss(2.5)(logits, labels)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_one_against_the_rest_is_the_formula(smoothing: float) -> None:
    logits, labels = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.1, 0.3]]), torch.tensor([0, 2])
    expected = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        for column, value in enumerate(row):
            p = 1 / (1 + math.exp(-value))
            target = (column == label) * (1 - smoothing) + smoothing / 3
            expected -= (target * math.log(p) + (1 - target) * math.log(1 - p)) / 6
    assert float(OneVsRestLoss(smoothing)(logits, labels)) == pytest.approx(expected, rel=1e-5)


def test_gamma_zero_is_cross_entropy() -> None:
    logits, labels = torch.randn(8, 4), torch.arange(8) % 4
    torch.testing.assert_close(FocalLoss(0.0)(logits, labels), cross_entropy(logits, labels))


@pytest.mark.parametrize("loss", [*map(FocalLoss, (0.0, 0.5, 1.0, 2.0)), OneVsRestLoss()])
def test_gradients_stay_finite_for_sure_answers(loss: nn.Module) -> None:
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    loss(logits, torch.tensor([0, 0])).backward()
    assert logits.grad is not None and bool(torch.isfinite(logits.grad).all())
