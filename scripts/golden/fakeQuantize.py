"""Golden values and gradients of fake quantization, made with PyTorch in float32.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/fakeQuantize.py

It writes src/runtime/ops/golden/fakeQuantize.json with torch.fake_quantize_per_tensor_affine,
torch.fake_quantize_per_channel_affine and their gradients. The same seed gives the same file. An input is an integer k,
read as k / 16; the upper gradient too. PyTorch multiplies with the inverse of the scale where ONNX divides by it, so a
quotient within 1e-4 of a tie, which the two may break differently, is drawn again.
"""

import json
from pathlib import Path

import torch

SEED = 20260
FILE = Path(__file__).resolve().parents[2] / 'src' / 'runtime' / 'ops' / 'golden' / 'fakeQuantize.json'
# Shape, range and levels: on both sides of zero, above it, below it, narrower than the values, a step of a power of two.
VALUES = [
    ((7, 5), (-2.3, 4.1), 255),
    ((40,), (0, 3.7), 255),
    ((3, 11), (-5.2, 0), 255),
    ((2, 3, 9), (-0.4, 0.9), 255),
    ((33,), (-1.0, 2.75), 15),
    ((64,), (-0.5, 127), 255),
]
# Shape [outer, channels, inner], levels, whether each channel has its own range.
WEIGHTS = [
    ((9, 5, 1), 127, True),
    ((9, 5, 1), 127, False),
    ((4, 3, 6), 127, True),
    ((12, 17, 1), 7, True),
    ((12, 4, 1), 7, False),
    ((1, 3, 1), 127, True),
]


def near_tie(x, scale):
    quotient = x.double() / scale.double()
    return ((quotient - quotient.floor() - 0.5).abs() < 1e-4).any()


def draw(shape, generator, spread=16):
    return torch.round(spread * torch.randn(shape, generator=generator)).to(torch.int64)


def value_case(shape, limits, levels, generator):
    least, most = (torch.tensor(limit, dtype=torch.float32) for limit in limits)
    scale = (most - least) / levels
    zero = int(torch.round(-least / scale))
    while True:
        k = draw(shape, generator)
        x = (k.to(torch.float32) / 16).requires_grad_()
        if not near_tie(x.detach(), scale):
            break
    u = draw(shape, generator)
    y = torch.fake_quantize_per_tensor_affine(x, float(scale), zero, 0, levels)
    (dx,) = torch.autograd.grad((y * (u.to(torch.float32) / 16)).sum(), x)
    return {'shape': list(shape), 'range': list(limits), 'levels': levels, **listed(k=k, u=u, y=y, dx=dx)}


def weight_case(shape, levels, is_per_channel, generator):
    channels = shape[1]
    while True:
        k = draw(shape, generator)
        x = (k.to(torch.float32) / 16).requires_grad_()
        largest = x.detach().abs().amax((0, 2)) if is_per_channel else x.detach().abs().max().repeat(channels)
        scale = largest / levels
        if (largest > 0).all() and not near_tie(x.detach(), scale[None, :, None]):
            break
    u = draw(shape, generator)
    zeros = torch.zeros(channels, dtype=torch.int32)
    y = torch.fake_quantize_per_channel_affine(x, scale, zeros, 1, -levels, levels)
    (dx,) = torch.autograd.grad((y * (u.to(torch.float32) / 16)).sum(), x)
    return {
        'shape': list(shape),
        'levels': levels,
        'isPerChannel': is_per_channel,
        **listed(k=k, u=u, y=y, dx=dx),
    }


def listed(**tensors):
    return {name: [rounded(value) for value in tensor.flatten().tolist()] for name, tensor in tensors.items()}


def rounded(value):
    return value if isinstance(value, int) else float(f'{value:.9g}')


def main():
    generator = torch.Generator().manual_seed(SEED)
    values = [value_case(*one, generator) for one in VALUES]
    weights = [weight_case(*one, generator) for one in WEIGHTS]
    made_by = f'scripts/golden/fakeQuantize.py, torch {torch.__version__}, float32, seed {SEED}'
    lists = {
        name: ',\n'.join(json.dumps(one, separators=(',', ':')) for one in cases)
        for name, cases in (('values', values), ('weights', weights))
    }
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(
        f'{{"madeBy":{json.dumps(made_by)},\n"values":[\n{lists["values"]}\n],\n"weights":[\n{lists["weights"]}\n]}}\n'
    )


if __name__ == '__main__':
    main()
