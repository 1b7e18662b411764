"""Golden steps of every optimizer: twenty steps in float64 on given gradients.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/optimizers.py

It writes src/train/golden/optimizers.json. SGD, momentum, Nesterov, Adam, AdamW and clipping by the global norm are
PyTorch's own. LAMB and Lion are not in PyTorch; they are written below from algorithm 2 of You et al. 2020
(arXiv:1904.00962) and algorithm 2 of Chen et al. 2023 (arXiv:2302.06675), in numpy, a line for each of the paper's. Weights and gradients are
integers k, read as k / 64. A step's gradient is the first one's integers turned by one place a step, halved up to doubled
and flipped every third step: few numbers make many, of norms on either side of the clip norm. The same seed gives the
same file.
"""

import json
from pathlib import Path

import numpy as np
import torch

SEED = 20262
STEPS = 20
SHAPES = [[3, 5], [5], [2, 2, 1, 3], []]
FILE = Path(__file__).resolve().parents[2] / 'src' / 'train' / 'golden' / 'optimizers.json'


def gradients_of(base, step):
    """The gradient of a tensor at a step (from 0)."""
    turned = np.roll(base.ravel(), step).reshape(base.shape) / 64 * (1 + step % 4) / 2
    return -turned if step % 3 == 2 else turned


def pytorch(make, clip=None):
    def run(start, bases, is_decayed):
        weights = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in start]
        groups = [[w for w, d in zip(weights, is_decayed) if d], [w for w, d in zip(weights, is_decayed) if not d]]
        optimizer = make(groups)
        for step in range(STEPS):
            for w, base in zip(weights, bases):
                w.grad = torch.tensor(gradients_of(base, step), dtype=torch.float64)
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(weights, clip)
            optimizer.step()
        return [w.detach().numpy() for w in weights]

    return run


def split(decay):
    """Weight decay for the tensors that decay; PyTorch has it by groups."""
    return lambda groups: [{'params': p, 'weight_decay': d} for p, d in zip(groups, (decay, 0)) if p]


def lamb(lr, beta1, beta2, eps, decay):
    def run(start, bases, is_decayed):
        result = []
        for x, base, decays in zip(start, bases, is_decayed):
            m, v = np.zeros_like(x), np.zeros_like(x)
            for t in range(1, STEPS + 1):
                g = gradients_of(base, t - 1)
                m = beta1 * m + (1 - beta1) * g
                v = beta2 * v + (1 - beta2) * g**2
                r = (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
                update = r + (decay if decays else 0) * x
                norms = np.sqrt(np.sum(x**2)), np.sqrt(np.sum(update**2))
                ratio = norms[0] / norms[1] if decays and norms[0] > 0 and norms[1] > 0 else 1
                x = x - lr * ratio * update
            result.append(x)
        return result

    return run


def lion(lr, beta1, beta2, decay):
    def run(start, bases, is_decayed):
        result = []
        for theta, base, decays in zip(start, bases, is_decayed):
            m = np.zeros_like(theta)
            for t in range(STEPS):
                g = gradients_of(base, t)
                update = np.sign(beta1 * m + (1 - beta1) * g)
                theta = theta - lr * (update + (decay if decays else 0) * theta)
                m = beta2 * m + (1 - beta2) * g
            result.append(theta)
        return result

    return run


def sgd(momentum=0, nesterov=False, decay=0):
    return lambda groups: torch.optim.SGD(split(decay)(groups), lr=0.02, momentum=momentum, nesterov=nesterov)


def adam(kind, lr=0.01, betas=(0.9, 0.999), eps=1e-7, decay=0):
    return lambda groups: kind(split(decay)(groups), lr=lr, betas=betas, eps=eps)


# Options as limbeck takes them, and who computes the same.
RUNS = [
    ({'name': 'sgd', 'learningRate': 0.02}, pytorch(sgd())),
    ({'name': 'sgd', 'learningRate': 0.02, 'weightDecay': 0.1, 'decay': 'all'}, pytorch(sgd(decay=0.1))),
    ({'name': 'momentum', 'learningRate': 0.02, 'momentum': 0.8}, pytorch(sgd(0.8))),
    ({'name': 'momentum', 'learningRate': 0.02, 'weightDecay': 0.1}, pytorch(sgd(0.9, decay=0.1))),
    ({'name': 'nesterov', 'learningRate': 0.02}, pytorch(sgd(0.9, True))),
    ({'name': 'nesterov', 'learningRate': 0.02, 'clipNorm': 4, 'weightDecay': 0.1}, pytorch(sgd(0.9, True, 0.1), 4)),
    ({'name': 'adam', 'learningRate': 0.01}, pytorch(adam(torch.optim.Adam))),
    (
        {'name': 'adam', 'beta1': 0.8, 'beta2': 0.95, 'epsilon': 0.001, 'weightDecay': 0.1, 'decay': 'all'},
        pytorch(adam(torch.optim.Adam, 0.001, (0.8, 0.95), 0.001, 0.1)),
    ),
    ({'name': 'adam', 'learningRate': 0.01, 'clipNorm': 4}, pytorch(adam(torch.optim.Adam), 4)),
    ({'name': 'adamw', 'learningRate': 0.01}, pytorch(adam(torch.optim.AdamW, decay=0.01))),
    (
        {'name': 'adamw', 'learningRate': 0.01, 'weightDecay': 0.5, 'decay': 'all', 'clipNorm': 1e6},
        pytorch(adam(torch.optim.AdamW, decay=0.5), 1e6),
    ),
    ({'name': 'lamb', 'learningRate': 0.01}, lamb(0.01, 0.9, 0.999, 1e-6, 0.01)),
    (
        {'name': 'lamb', 'learningRate': 0.01, 'weightDecay': 0.3, 'beta1': 0.7, 'beta2': 0.95, 'decay': 'all'},
        lamb(0.01, 0.7, 0.95, 1e-6, 0.3),
    ),
    ({'name': 'lion'}, lion(1e-4, 0.9, 0.99, 0)),
    ({'name': 'lion', 'learningRate': 0.003, 'weightDecay': 0.5, 'beta1': 0.5, 'beta2': 0.875}, lion(0.003, 0.5, 0.875, 0.5)),
]


def main():
    rng = np.random.default_rng(SEED)
    start = [rng.integers(-96, 97, shape) for shape in SHAPES]
    # Odd numbers: none is zero, and Lion's sign is never that of a rounding error.
    bases = [2 * rng.integers(-48, 48, shape) + 1 for shape in SHAPES]
    runs = []
    for options, run in RUNS:
        is_decayed = [options.get('decay') == 'all' or len(shape) > 1 for shape in SHAPES]
        weights = run([np.array(k / 64) for k in start], [np.array(k) for k in bases], is_decayed)
        flat = [float(f'{x:.10g}') for w in weights for x in np.ravel(w)]
        print(options, np.mean(np.abs(flat)))
        runs.append({'options': options, 'weights': flat})
    made_by = f'scripts/golden/optimizers.py, torch {torch.__version__}, numpy {np.__version__}, float64, seed {SEED}'
    stored = {
        'madeBy': made_by,
        'steps': STEPS,
        'shapes': SHAPES,
        'start': [k.ravel().tolist() for k in map(np.array, start)],
        'gradients': [k.ravel().tolist() for k in map(np.array, bases)],
        'runs': runs,
    }
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(stored, separators=(',', ':')) + '\n')
    print(f'{FILE.name}  {FILE.stat().st_size} bytes')


if __name__ == '__main__':
    main()
