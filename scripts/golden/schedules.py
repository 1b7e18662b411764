"""Golden learning rates and averaged weights of PyTorch's schedulers and swa_utils.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/schedules.py

It writes src/train/golden/schedules.json: the rate of each step, as a fraction of the optimizer's own, for runs of 20 and 7 steps; the rate of
each epoch for some losses; and the averages of a weight that takes the values 1, 4, 9 and so on.
"""

import json
from pathlib import Path

import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel

FILE = Path(__file__).resolve().parents[2] / 'src' / 'train' / 'golden' / 'schedules.json'
LOSSES = [3, 2, 2, 2.5, 2, 2, 2, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.1]


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def rates(make, steps):
    own = optimizer()
    scheduler = make(own, steps)
    found = []
    for _ in range(steps):
        found.append(own.param_groups[0]['lr'])
        own.step()
        scheduler.step()
    return found


def plateau(factor, patience, least):
    own = optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(own, factor=factor, patience=patience, threshold=0, min_lr=least, eps=0)
    found = []
    for loss in LOSSES:
        found.append(own.param_groups[0]['lr'])
        scheduler.step(loss)
    return found


def averages(steps, first):
    model = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    averaged = AveragedModel(model)
    for step in range(steps):
        with torch.no_grad():
            model.weight.fill_((step + 1) ** 2)
        if step >= first:
            averaged.update_parameters(model)
    return averaged.module.weight.item()


SCHEDULES = {
    'cosine': lambda own, steps: lr_scheduler.CosineAnnealingLR(own, T_max=steps - 1),
    'linear': lambda own, steps: lr_scheduler.LinearLR(own, start_factor=1, end_factor=0, total_iters=steps - 1),
    'oneCycle': lambda own, steps: lr_scheduler.OneCycleLR(own, max_lr=1, total_steps=steps, cycle_momentum=False),
    'oneCycleShort': lambda own, steps: lr_scheduler.OneCycleLR(
        own, max_lr=1, total_steps=steps, pct_start=0.5, div_factor=10, final_div_factor=100, cycle_momentum=False),
}

FILE.write_text(json.dumps({
    'torch': torch.__version__,
    'rates': {name: {str(steps): rates(make, steps) for steps in (20, 7)} for name, make in SCHEDULES.items()},
    'plateau': {'losses': LOSSES, 'factor': 0.5, 'patience': 2, 'least': 0.2, 'rates': plateau(0.5, 2, 0.2)},
    'equalAverage': {'steps': 8, 'first': 4, 'average': averages(8, 4)},
}) + '\n')
