"""Golden values and gradients of attention, activations and softmax, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/attention.py

It writes src/runtime/ops/golden/attention.json and activations.json. Every function is PyTorch's own, and so is every
gradient. Inputs are integers k, read as k / 16: exact in float32. The same seed gives the same files.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20260
FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'runtime' / 'ops' / 'golden'
# Batch, heads, queries, keys, width of a head; the mask's shape, if any; whether causal.
ATTENTION = [
    ((1, 1, 3, 3, 2), None, False),
    ((2, 2, 5, 7, 4), [1, 1, 1, 7], False),
    ((2, 3, 6, 6, 3), None, True),
    ((1, 2, 9, 9, 8), [9, 9], False),
]
ACTIVATIONS = {
    'gelu': F.gelu,
    'geluTanh': lambda x: F.gelu(x, approximate='tanh'),
    'silu': F.silu,
    'hardSwish': F.hardswish,
    'hardSigmoid': F.hardsigmoid,
}


def integers(generator, *shape):
    return torch.round(16 * torch.randn(shape, generator=generator, dtype=torch.float64))


def flat(tensor):
    return [float(f'{value:.9g}') for value in tensor.flatten().tolist()]


def whole(tensor):
    return [int(value) for value in tensor.flatten().tolist()]


def attention(generator, shape, mask_shape, is_causal):
    batch, heads, queries, keys, width = shape
    k = {
        'query': integers(generator, batch, queries, heads * width),
        'key': integers(generator, batch, keys, heads * width),
        'value': integers(generator, batch, keys, heads * width),
        'dy': integers(generator, batch, queries, heads * width),
    }
    mask = None if mask_shape is None else integers(generator, *mask_shape)
    inputs = {name: (value / 16).requires_grad_(name != 'dy') for name, value in k.items()}
    split = {name: value.unflatten(2, (heads, width)).transpose(1, 2) for name, value in inputs.items()}
    out = F.scaled_dot_product_attention(
        split['query'],
        split['key'],
        split['value'],
        attn_mask=None if mask is None else mask / 16,
        is_causal=is_causal,
    )
    out = out.transpose(1, 2).flatten(2)
    out.backward(inputs['dy'].detach())
    return {
        'heads': heads,
        'isCausal': is_causal,
        'inputs': {name: {'shape': list(value.shape), 'k': whole(value)} for name, value in k.items()},
        'mask': None if mask is None else {'shape': mask_shape, 'k': whole(mask)},
        'out': flat(out),
        'gradients': {name: flat(inputs[name].grad) for name in ('query', 'key', 'value')},
    }


def activation(function):
    # Not at the corners of the hard ones, where conventions differ.
    k = torch.tensor([k for k in range(-112, 113, 3) if abs(k) != 48], dtype=torch.float64)
    x = (k / 16).requires_grad_()
    y = function(x)
    y.sum().backward()
    return {'k': whole(k), 'y': flat(y), 'slope': flat(x.grad)}


def rows(generator, function):
    k, dy = integers(generator, 3, 7), integers(generator, 3, 7)
    x = (k / 16).requires_grad_()
    y = function(x, dim=-1)
    y.backward(dy / 16)
    return {'shape': [3, 7], 'k': whole(k), 'dy': whole(dy), 'y': flat(y), 'dx': flat(x.grad)}


def write(name, content):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text(json.dumps(content, separators=(',', ':')) + '\n')


def main():
    generator = torch.Generator().manual_seed(SEED)
    write('attention.json', [attention(generator, *case) for case in ATTENTION])
    activations = {name: activation(function) for name, function in ACTIVATIONS.items()}
    softmax = {'softmax': rows(generator, F.softmax), 'logSoftmax': rows(generator, F.log_softmax)}
    write('activations.json', {'activations': activations, 'rows': softmax})


main()
