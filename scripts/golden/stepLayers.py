"""Six steps of small students with layers of every kind that a recorded step takes, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/stepLayers.py

It writes src/train/golden/stepLayers.json. Integers k stand for k / 64. Students are built from PyTorch's own functions, except
for two things that it does otherwise: tfjs places the pixels of a bilinear enlargement by i · in / out, without half pixels, so
that one is a product with weights written out here; and the masks of dropout come from limbeck's hash of seed, step and
position, which is written out here a second time.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

FILE = Path(__file__).resolve().parents[2] / 'src' / 'train' / 'golden' / 'stepLayers.json'
BATCH, CLASSES, STEPS, RATE, UNIT = 4, 3, 6, 0.05, 64
DROP = {'rate': 0.4, 'seed': 5}


def hashed(x):
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x735A2D97)
    return x ^ (x >> np.uint32(15))


def mask(shape, step):
    """What dropout multiplies with in this step."""
    with np.errstate(over='ignore'):
        seed = np.uint32(DROP['seed'])
        one = hashed(seed)
        two = hashed(hashed(seed ^ np.uint32(0x5BD1E995)) + np.uint32(step))
        drawn = hashed(hashed(np.arange(int(np.prod(shape)), dtype=np.uint32) ^ one) + two)
    threshold = min(round(DROP['rate'] * 2**32), 2**32 - 1)
    kept = (drawn >= threshold).astype(np.float64) / (1 - DROP['rate'])
    return torch.from_numpy(kept.reshape(shape))


def dense(x, w, b):
    return x @ w + b


def conv(x, w, b, padding):
    """Images [B, H, W, C] and a kernel [H, W, in, out], as tfjs has them."""
    return F.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), b, padding=padding).permute(0, 2, 3, 1)


def between(small, large):
    weights = torch.zeros(large, small, dtype=torch.float64)
    for i in range(large):
        at = i * small / large
        low = int(at)
        weights[i, low] += 1 - (at - low)
        weights[i, min(low + 1, small - 1)] += at - low
    return weights


def enlarged(x, mode):
    if mode == 'nearest':
        return F.interpolate(x.permute(0, 3, 1, 2), scale_factor=2, mode='nearest').permute(0, 2, 3, 1)
    return torch.einsum('Hh,bhwc,Ww->bHWc', between(x.shape[1], 2 * x.shape[1]), x, between(x.shape[2], 2 * x.shape[2]))


def activated(function):
    return [12], [(12, 9), (9,), (9, 3), (3,)], lambda x, w, step: dense(function(dense(x, w[0], w[1])), w[2], w[3])


def upsampled(mode):
    def compute(x, w, step):
        x = enlarged(conv(x, w[0], w[1], 1), mode)
        return dense(torch.relu(conv(x, w[2], w[3], 0)).flatten(1), w[4], w[5])

    return [4, 3, 2], [(3, 3, 2, 3), (3,), (3, 3, 3, 2), (2,), (48, 3), (3,)], compute


def dropped(x, w, step):
    x = torch.relu(dense(x, w[0], w[1]))
    return dense(x * mask(x.shape, step), w[2], w[3])


def spatial(x, w, step):
    x = conv(x[:, None], w[0][None], w[1], 0)[:, 0]
    return dense((x * mask((x.shape[0], 1, x.shape[2]), step)).flatten(1), w[2], w[3])


CASES = {
    'softplus': activated(F.softplus),
    'selu': activated(F.selu),
    'softsign': activated(F.softsign),
    'upsampling, nearest': upsampled('nearest'),
    'upsampling, bilinear': upsampled('bilinear'),
    'global maximum': (
        [6, 5, 2], [(3, 3, 2, 5), (5,), (5, 3), (3,)],
        lambda x, w, step: dense(conv(x, w[0], w[1], 1).amax((1, 2)), w[2], w[3]),
    ),
    'repeated': (
        [6], [(6, 4), (4,), (20, 3), (3,)],
        lambda x, w, step: dense(torch.tanh(dense(x, w[0], w[1]))[:, None].repeat(1, 5, 1).flatten(1), w[2], w[3]),
    ),
    'dropout': ([12], [(12, 9), (9,), (9, 3), (3,)], dropped),
    'spatial dropout': ([7, 4], [(1, 4, 6), (6,), (42, 3), (3,)], spatial),
}


def whole(generator, shape, limit):
    return torch.randint(-limit, limit + 1, tuple(shape), generator=generator)


def run(shape, weights, compute, seed):
    generator = torch.Generator().manual_seed(seed)
    start = [whole(generator, one, 24) for one in weights]
    inputs = [whole(generator, [BATCH, *shape], 64) for _ in range(STEPS)]
    labels = [torch.randint(0, CLASSES, (BATCH,), generator=generator) for _ in range(STEPS)]
    learned = [(one.double() / UNIT).requires_grad_() for one in start]
    losses = []
    for step in range(STEPS):
        loss = F.cross_entropy(compute(inputs[step].double() / UNIT, learned, step), labels[step])
        gradients = torch.autograd.grad(loss, learned)
        with torch.no_grad():
            for one, gradient in zip(learned, gradients):
                one -= RATE * gradient
        losses.append(loss.item())
    rounded = lambda values: [float(f'{value:.9g}') for value in values]
    return {
        'shape': shape,
        'start': [{'shape': list(one.shape), 'k': one.flatten().tolist()} for one in start],
        'inputs': [one.flatten().tolist() for one in inputs],
        'labels': [one.tolist() for one in labels],
        'losses': rounded(losses),
        'weights': [rounded(one.detach().flatten().tolist()) for one in learned],
    }


FILE.parent.mkdir(parents=True, exist_ok=True)
golden = {
    'unit': UNIT, 'batch': BATCH, 'learningRate': RATE, 'dropout': DROP,
    'cases': {name: run(*case, 100 + i) for i, (name, case) in enumerate(CASES.items())},
}
FILE.write_text(json.dumps(golden, separators=(',', ':')) + '\n')
