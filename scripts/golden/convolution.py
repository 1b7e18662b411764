"""Golden values and gradients of convolutions and poolings, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/convolution.py

It writes src/runtime/kernels/conv/golden/convolution.json. Every operation and every gradient is PyTorch's own. Inputs are
integers k, read as k / 16, so that all products and sums are exact in float32: values and gradients are stored as
integers too, in units of 1 / 256 (convolutions) and 1 / 16 (max pooling). Averages are numbers. The same seed gives the
same file. Stored tensors are channels last, as tfjs has them; padding is [top, bottom, left, right].
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20260
PATH = Path(__file__).resolve().parents[2] / 'src' / 'runtime' / 'kernels' / 'conv' / 'golden' / 'convolution.json'


def to_last(tensor):
    return tensor.permute(0, 2, 3, 1)


def border(padding):
    top, bottom, left, right = padding
    return (left, right, top, bottom)


def conv2d(x, filter, o):
    return F.conv2d(F.pad(x, border(o['padding'])), filter, stride=o['strides'], dilation=o['dilations'])


def depthwise(x, filter, o):
    padded = F.pad(x, border(o['padding']))
    return F.conv2d(padded, filter, stride=o['strides'], dilation=o['dilations'], groups=x.shape[1])


def conv_transpose2d(x, filter, o):
    return F.conv_transpose2d(x, filter, stride=o['strides'], padding=o['pad'], output_padding=o['outputPadding'])


def max_pool(x, _, o):
    padded = F.pad(x, border(o['padding']), value=-torch.inf)
    return F.max_pool2d(padded, o['window'], stride=o['strides'])


def avg_pool(x, _, o):
    top, bottom, left, right = o['padding']
    assert top == bottom and left == right
    return F.avg_pool2d(x, o['window'], stride=o['strides'], padding=(top, left), count_include_pad=False)


# How PyTorch's [out, in, H, W] becomes the filter that tfjs has.
LAYOUTS = {
    # tfjs: [H, W, in, out]
    'conv2d': lambda f, channels: f.permute(2, 3, 1, 0),
    # PyTorch: [in · times, 1, H, W]; tfjs: [H, W, in, times]
    'depthwise': lambda f, channels: f.reshape(channels, -1, *f.shape[2:]).permute(2, 3, 0, 1),
    # PyTorch: [in, out, H, W]; tfjs: [H, W, out, in]
    'convTranspose2d': lambda f, channels: f.permute(2, 3, 1, 0),
}

FUNCTIONS = {
    'conv2d': (conv2d, 256),
    'depthwise': (depthwise, 256),
    'convTranspose2d': (conv_transpose2d, 256),
    'maxPool': (max_pool, 16),
    'avgPool': (avg_pool, None),
}


def convolution(op, x, filter, strides=(1, 1), dilations=(1, 1), padding=(0, 0, 0, 0)):
    return op, x, filter, {'strides': strides, 'dilations': dilations, 'padding': padding}


def transposed(x, filter, strides, pad, output_padding):
    return 'convTranspose2d', x, filter, {'strides': strides, 'pad': pad, 'outputPadding': output_padding}


def pooling(op, x, window, strides, padding=(0, 0, 0, 0)):
    return op, x, None, {'window': window, 'strides': strides, 'padding': padding}


# Shapes are PyTorch's: [B, C, H, W] and [out, in / groups, H, W].
CASES = [
    convolution('conv2d', (2, 3, 5, 4), (4, 3, 3, 3), padding=(1, 1, 1, 1)),
    convolution('conv2d', (1, 2, 6, 6), (5, 2, 3, 3), strides=(2, 2), padding=(0, 1, 0, 1)),
    convolution('conv2d', (1, 3, 7, 8), (2, 3, 3, 2), dilations=(2, 3), padding=(2, 2, 1, 2)),
    convolution('conv2d', (2, 5, 3, 3), (3, 5, 1, 1)),
    convolution('conv2d', (1, 1, 9, 6), (2, 1, 4, 3), strides=(2, 1), padding=(1, 2, 1, 1)),
    convolution('depthwise', (1, 8, 6, 5), (8, 1, 3, 3), padding=(1, 1, 1, 1)),
    convolution('depthwise', (1, 5, 6, 8), (5, 1, 3, 3), strides=(2, 2), padding=(0, 1, 0, 1)),
    convolution('depthwise', (1, 7, 7, 7), (7, 1, 3, 3), strides=(2, 2), padding=(1, 1, 1, 1)),
    convolution('depthwise', (1, 4, 7, 9), (4, 1, 3, 3), dilations=(2, 2), padding=(2, 2, 2, 2)),
    convolution('depthwise', (1, 3, 6, 6), (6, 1, 3, 3), padding=(1, 1, 1, 1)),
    convolution('depthwise', (1, 6, 9, 5), (6, 1, 5, 2), strides=(1, 2), padding=(2, 2, 0, 1)),
    convolution('depthwise', (2, 1, 12, 1), (4, 1, 9, 1), strides=(2, 1), padding=(4, 4, 0, 0)),
    transposed((2, 4, 4, 3), (4, 3, 3, 3), strides=(2, 2), pad=1, output_padding=(1, 1)),
    transposed((1, 2, 3, 3), (2, 5, 2, 2), strides=(2, 2), pad=0, output_padding=(0, 0)),
    # tfjs takes the number of padding for both sides from the height alone, so window and stride are square.
    transposed((1, 3, 4, 3), (3, 2, 3, 3), strides=(3, 3), pad=1, output_padding=(1, 1)),
    pooling('maxPool', (1, 5, 6, 4), (2, 2), (2, 2)),
    pooling('maxPool', (1, 4, 7, 7), (3, 3), (2, 2), padding=(1, 1, 1, 1)),
    pooling('maxPool', (1, 3, 6, 5), (2, 3), (1, 1), padding=(0, 1, 1, 1)),
    pooling('avgPool', (1, 5, 6, 4), (2, 2), (2, 2)),
    pooling('avgPool', (1, 4, 7, 7), (3, 3), (2, 2), padding=(1, 1, 1, 1)),
    pooling('avgPool', (1, 17, 4, 3), (3, 3), (1, 1), padding=(1, 1, 1, 1)),
]


def integers(shape, most, generator):
    return torch.randint(-most, most + 1, tuple(shape), generator=generator).to(torch.float64)


def stored(tensor, unit):
    tensor = tensor.contiguous()
    flat = tensor.flatten()
    if unit is None:
        values = [float(f'{value:.9g}') for value in flat.tolist()]
    else:
        assert torch.equal(flat * unit, torch.round(flat * unit))
        values = [int(value) for value in (flat * unit).tolist()]
    return {'shape': list(tensor.shape), 'values': values}


def make_case(op, x_shape, filter_shape, options, generator):
    function, unit = FUNCTIONS[op]
    # Few different values, so that windows of a maximum hold ties: the first one counts.
    x = (integers(x_shape, 3 if op == 'maxPool' else 16, generator) / 16).requires_grad_()
    inputs = [x]
    filter = None
    if filter_shape is not None:
        filter = (integers(filter_shape, 16, generator) / 16).requires_grad_()
        inputs.append(filter)
    y = function(x, filter, options)
    dy = integers(y.shape, 16, generator) / 16
    gradients = torch.autograd.grad(y, inputs, dy)
    case = {
        'op': op,
        'options': options,
        'x': stored(to_last(x), 16),
        'dy': stored(to_last(dy), 16),
        'y': stored(to_last(y), unit),
        'dx': stored(to_last(gradients[0]), unit),
    }
    if filter is not None:
        layout = LAYOUTS[op]
        case['filter'] = stored(layout(filter, x_shape[1]), 16)
        case['dFilter'] = stored(layout(gradients[1], x_shape[1]), unit)
    return case


def main():
    generator = torch.Generator().manual_seed(SEED)
    cases = [make_case(*case, generator) for case in CASES]
    lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    made_by = f'scripts/golden/convolution.py, torch {torch.__version__}, float64, seed {SEED}'
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"cases":[\n{lines}\n]}}\n')
    print(f'{PATH.name}  {PATH.stat().st_size} bytes  {len(cases)} cases')


if __name__ == '__main__':
    main()
