"""Golden values and gradients of nn.MultiheadAttention, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/multiHeadAttention.py

It writes src/student/layers/golden/multiHeadAttention.json. Inputs and weights are integers k, read as k / 16: exact in
float32. The weights are in the layer's order, kernels and biases of query, key, value and out, and kernels in tfjs's
layout [in, out]. The same seed gives the same file.
"""

import json
from pathlib import Path

import torch
from torch import nn

SEED, BATCH, LENGTH, WIDTH = 20263, 2, 4, 6
CASES = [{'heads': 2, 'sight': 'all'}, {'heads': 3, 'sight': 'past'}, {'heads': 1, 'sight': 'past'}]
FILE = Path(__file__).resolve().parents[2] / 'src' / 'student' / 'layers' / 'golden' / 'multiHeadAttention.json'


def integers(generator, *shape):
    return torch.round(12 * torch.randn(shape, generator=generator, dtype=torch.float64))


def whole(tensor):
    return [int(value) for value in tensor.flatten().tolist()]


def flat(tensor):
    return [float(f'{value:.9g}') for value in tensor.flatten().tolist()]


def in_layer_order(packed_kernel, packed_bias, out_kernel, out_bias):
    """PyTorch packs query, key and value into one kernel [3 out, in]."""
    kernels, biases = [*packed_kernel.chunk(3), out_kernel], [*packed_bias.chunk(3), out_bias]
    return [tensor for kernel, bias in zip(kernels, biases) for tensor in (kernel.T, bias)]


def case(generator, heads, sight):
    layer = nn.MultiheadAttention(WIDTH, heads, batch_first=True, dtype=torch.float64)
    parameters = [layer.in_proj_weight, layer.in_proj_bias, layer.out_proj.weight, layer.out_proj.bias]
    starts = [integers(generator, *parameter.shape) for parameter in parameters]
    with torch.no_grad():
        for parameter, start in zip(parameters, starts):
            parameter.copy_(start / 16)
    x, dy = integers(generator, BATCH, LENGTH, WIDTH), integers(generator, BATCH, LENGTH, WIDTH)
    given = (x / 16).requires_grad_()
    mask = torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1) if sight == 'past' else None
    out, _ = layer(given, given, given, attn_mask=mask, need_weights=False)
    out.backward(dy / 16)
    return {
        'heads': heads,
        'sight': sight,
        'x': whole(x),
        'dy': whole(dy),
        'weights': [whole(tensor) for tensor in in_layer_order(*starts)],
        'out': flat(out),
        'dx': flat(given.grad),
        'gradients': [flat(tensor) for tensor in in_layer_order(*[parameter.grad for parameter in parameters])],
    }


def main():
    generator = torch.Generator().manual_seed(SEED)
    FILE.parent.mkdir(exist_ok=True)
    content = {'shape': [BATCH, LENGTH, WIDTH], 'cases': [case(generator, **options) for options in CASES]}
    FILE.write_text(json.dumps(content, separators=(',', ':')) + '\n')
    print(f'{FILE.name}  {FILE.stat().st_size} bytes')


main()
