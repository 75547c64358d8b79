"""Loss functions that torch does not bring."""

import torch
from torch import Tensor, nn


class FocalLoss(nn.Module):
    """Multi-class focal loss: mean of -(1 - p)^gamma log(p), p being the probability of the true class.

    Lin et al., "Focal Loss for Dense Object Detection", 2017, equation 4, with softmax in place of the sigmoid.
    `forward` takes logits (N, C) and class indices (N).
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        log_p = torch.log_softmax(logits.float(), dim=1).gather(1, labels[:, None]).squeeze(1)
        easy = torch.clamp(1 - log_p.exp(), min=torch.finfo(log_p.dtype).eps)
        return -(easy**self.gamma * log_p).mean()


class OneVsRestLoss(nn.Module):
    """Binary cross entropy of each class against the rest; the mean over images and classes.

    Smoothing spreads that share of the target evenly over all classes, as it does for cross entropy.
    `forward` takes logits (N, C) and class indices (N).
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        targets = nn.functional.one_hot(labels, logits.shape[1]).float()
        targets = targets * (1 - self.label_smoothing) + self.label_smoothing / logits.shape[1]
        return nn.functional.binary_cross_entropy_with_logits(logits.float(), targets)
