"""Golden values and gradients of batch and layer normalisation, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/normalization.py

It writes src/runtime/ops/golden/normalization.json. Forward and gradient are PyTorch's own functions. The same seed gives
the same file. An input is an integer k, read as distance + k / 16: exact in float32, so both sides compute from the very
same numbers. The loss is the sum of all outputs, each times a fixed number (the `upper` ones).

PyTorch's moving variance is of N - 1 values and tfjs's of N, so only its moving mean is kept.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20260
FILE = Path(__file__).resolve().parents[2] / 'src' / 'runtime' / 'ops' / 'golden' / 'normalization.json'
MOMENTUM = 0.9
# Channels or features last, as in tfjs; then the distance from zero and epsilon.
BATCH = [((6, 5), 0, 1e-3), ((2, 3, 3, 7), 0, 1e-5), ((40, 16), 10_000, 1e-3), ((19, 3), -300, 1e-3)]
LAYER = [((5, 6), 0, 1e-3), ((2, 3, 9), 10_000, 1e-5), ((7, 33), 0, 1e-3)]


def integers(shape, generator):
    return torch.round(16 * torch.randn(shape, generator=generator, dtype=torch.float64)).to(torch.int64)


def numbers(k, distance=0):
    return (distance + k.to(torch.float64) / 16).requires_grad_()


def rounded(tensor):
    return [float(f'{number:.9g}') for number in tensor.flatten().tolist()]


def whole(**tensors):
    return {name: tensor.flatten().tolist() for name, tensor in tensors.items()}


def batch_case(shape, distance, epsilon, generator):
    channels = shape[-1:]
    k = {name: integers(channels, generator) for name in ('gamma', 'beta', 'uMean', 'uVariance', 'moving')}
    k.update(x=integers(shape, generator), uY=integers(shape, generator))
    x, gamma, beta, moving = numbers(k['x'], distance), numbers(k['gamma']), numbers(k['beta']), numbers(k['moving'])
    running = [moving.detach().clone(), torch.ones(channels, dtype=torch.float64)]
    channels_first = x.movedim(-1, 1)
    y = F.batch_norm(channels_first, *running, gamma, beta, True, 1 - MOMENTUM, epsilon).movedim(1, -1)
    variance, mean = torch.var_mean(x, dim=tuple(range(x.dim() - 1)), unbiased=False)
    loss = sum((u * numbers(k[name])).sum() for u, name in ((y, 'uY'), (mean, 'uMean'), (variance, 'uVariance')))
    dx, d_gamma, d_beta = torch.autograd.grad(loss, (x, gamma, beta))
    results = dict(y=y, mean=mean, variance=variance, movingMean=running[0], dx=dx, dGamma=d_gamma, dBeta=d_beta)
    return case(shape, distance, epsilon, k, results)


def layer_case(shape, distance, epsilon, generator):
    k = {name: integers(shape[-1:], generator) for name in ('gamma', 'beta')}
    k.update(x=integers(shape, generator), uY=integers(shape, generator))
    x, gamma, beta = numbers(k['x'], distance), numbers(k['gamma']), numbers(k['beta'])
    y = F.layer_norm(x, shape[-1:], gamma, beta, epsilon)
    dx, d_gamma, d_beta = torch.autograd.grad((y * numbers(k['uY'])).sum(), (x, gamma, beta))
    return case(shape, distance, epsilon, k, dict(y=y, dx=dx, dGamma=d_gamma, dBeta=d_beta))


def case(shape, distance, epsilon, k, results):
    return {
        'shape': list(shape),
        'distance': distance,
        'epsilon': epsilon,
        'k': whole(**k),
        'results': {name: rounded(tensor) for name, tensor in results.items()},
    }


def main():
    generator = torch.Generator().manual_seed(SEED)
    batch = [batch_case(*one, generator) for one in BATCH]
    layer = [layer_case(*one, generator) for one in LAYER]
    made_by = f'scripts/golden/normalization.py, torch {torch.__version__}, float64, seed {SEED}'
    lists = {
        name: ',\n'.join(json.dumps(one, separators=(',', ':')) for one in cases)
        for name, cases in (('batch', batch), ('layer', layer))
    }
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(
        f'{{"madeBy":{json.dumps(made_by)},"momentum":{MOMENTUM},\n'
        f'"batch":[\n{lists["batch"]}\n],\n"layer":[\n{lists["layer"]}\n]}}\n'
    )


if __name__ == '__main__':
    main()
