"""Golden training runs, made with PyTorch in float64: two small students, two optimizers, twenty steps each.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/train.py

It writes src/losses/golden/training.json: inputs, the teacher's logits and the starting weights (each an integer k,
read as k / 16 or, for weights, k / 256), then for every run the loss before each step and the weights after the last
one. Weights are stored in tfjs's layout: kernels [height, width, in, out] and [in, out]. Adam's epsilon is tfjs's,
1e-7. The same seed gives the same file.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20261
STEPS, BATCHES, BATCH, CLASSES, TEMPERATURE = 20, 4, 8, 4, 4
FILE = Path(__file__).resolve().parents[2] / 'src' / 'losses' / 'golden' / 'training.json'


def mlp(x, w):
    return torch.relu(x @ w[0] + w[1]) @ w[2] + w[3]


def cnn(x, w):
    """Images are [batch, height, width, channels], as in tfjs, and are flattened in that order."""
    maps = F.conv2d(x.permute(0, 3, 1, 2), w[0].permute(3, 2, 0, 1), w[1])
    pooled = F.max_pool2d(torch.relu(maps), 2)
    return pooled.permute(0, 2, 3, 1).flatten(1) @ w[2] + w[3]


# Forward function, shape of one example, shapes of the weights.
STUDENTS = {
    'mlp': (mlp, [6], [[6, 8], [8], [8, CLASSES], [CLASSES]]),
    'cnn': (cnn, [8, 8, 2], [[3, 3, 2, 4], [4], [36, CLASSES], [CLASSES]]),
}
OPTIMIZERS = {
    'adam': lambda weights: torch.optim.Adam(weights, lr=0.01, betas=(0.9, 0.999), eps=1e-7),
    'momentum': lambda weights: torch.optim.SGD(weights, lr=0.02, momentum=0.9),
}
OPTIONS = {
    'adam': {'name': 'adam', 'learningRate': 0.01},
    'momentum': {'name': 'momentum', 'learningRate': 0.02, 'momentum': 0.9},
}


def integers(shape, scale, generator):
    return torch.round(scale * torch.randn(shape, generator=generator, dtype=torch.float64)).to(torch.int64)


def rounded(tensor):
    return [float(f'{number:.9g}') for number in tensor.detach().flatten().tolist()]


def train(forward, inputs, teacher, start, make_optimizer):
    weights = [(k / 256).requires_grad_() for k in start]
    optimizer = make_optimizer(weights)
    losses = []
    for step in range(STEPS):
        rows = slice((step % BATCHES) * BATCH, (step % BATCHES + 1) * BATCH)
        student = F.log_softmax(forward(inputs[rows], weights) / TEMPERATURE, dim=-1)
        target = F.log_softmax(teacher[rows] / TEMPERATURE, dim=-1)
        loss = TEMPERATURE**2 * F.kl_div(student, target, reduction='batchmean', log_target=True)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(f'{loss.item():.9g}'))
    return losses, [rounded(w) for w in weights]


def main():
    generator = torch.Generator().manual_seed(SEED)
    stored = {}
    for name, (forward, shape, weight_shapes) in STUDENTS.items():
        inputs = integers([BATCHES * BATCH, *shape], 16, generator)
        teacher = integers([BATCHES * BATCH, CLASSES], 64, generator)
        start = [integers(s, 256 / max(1, s[-2] if len(s) > 1 else 1) ** 0.5, generator) for s in weight_shapes]
        runs = {}
        for optimizer, make_optimizer in OPTIMIZERS.items():
            losses, weights = train(forward, inputs / 16, teacher / 16, start, make_optimizer)
            print(f'{name} {optimizer}: loss {losses[0]:.4f} to {losses[-1]:.4f}')
            runs[optimizer] = {'options': OPTIONS[optimizer], 'losses': losses, 'weights': weights}
        stored[name] = {
            'inputShape': shape,
            'weightShapes': weight_shapes,
            'inputs': inputs.flatten().tolist(),
            'teacher': teacher.flatten().tolist(),
            'start': [k.flatten().tolist() for k in start],
            'runs': runs,
        }
    made_by = f'scripts/golden/train.py, torch {torch.__version__}, float64, seed {SEED}'
    settings = {'madeBy': made_by, 'temperature': TEMPERATURE, 'batch': BATCH, 'classes': CLASSES}
    FILE.write_text(json.dumps({**settings, 'students': stored}, separators=(',', ':')) + '\n')
    print(f'{FILE.name}  {FILE.stat().st_size} bytes')


if __name__ == '__main__':
    main()
