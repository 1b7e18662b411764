"""Times training steps of the reference students in native PyTorch at its best, as it is told line by line.

Usage: torchSteps.py THREADS. Reads one JSON request a line and answers each with one line:
{"ask": "layouts", "student": name} with the memory layouts that it has for a student, ["contiguous", "channels last"], and
{"ask": "step", "student": name, "layout": name, "figures": n, "together": n} with milliseconds of a step, so many figures,
each the mean of so many steps. When a figure counts, and how many are asked for, is decided by who asks. A step is
forward, loss (cross-entropy, of each token where a student learns sequences, or CTC), backward and fused Adam. The students are
those of src/student/zoo; only the GRU's reset gate comes behind its recurrent product, as PyTorch's does.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Same(nn.Conv2d):
    """Convolution with 'same' padding as TensorFlow places it: the odd pixel goes to the end."""

    def forward(self, x):
        pads = []
        for side in (1, 0):
            length, size, stride = x.shape[2 + side], self.kernel_size[side], self.stride[side]
            total = max(((length + stride - 1) // stride - 1) * stride + size - length, 0)
            pads += [total // 2, total - total // 2]
        if pads[0] == pads[1] and pads[2] == pads[3]:
            return F.conv2d(x, self.weight, None, self.stride, (pads[2], pads[0]), 1, self.groups)
        return F.conv2d(F.pad(x, pads), self.weight, None, self.stride, 0, 1, self.groups)


def block(inputs, outputs, size, stride=1, groups=1):
    return [Same(inputs, outputs, size, stride, groups=groups, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.main = nn.Sequential(*block(inputs, outputs, 3, stride), *block(outputs, outputs, 3)[:2])
        self.shortcut = Same(inputs, outputs, 1, stride, bias=False) if stride > 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.main(x) + self.shortcut(x))


class Head(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.dense = nn.Linear(width, classes)

    def forward(self, x):
        return self.dense(x.mean((2, 3)))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(256, 128)
        self.positions = nn.Parameter(torch.zeros(64, 128))
        layer = dict(dropout=0.0, activation='gelu', batch_first=True, norm_first=True)
        self.blocks = nn.Sequential(*[nn.TransformerEncoderLayer(128, 4, 512, **layer) for _ in range(2)])
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        return self.head(self.blocks(self.tokens(x) + self.positions).mean(1))


class Decoder(nn.Module):
    """Pre-norm blocks whose attention sees the past alone."""

    def __init__(self, length=128, vocabulary=64, width=128, heads=4, hidden=512, blocks=2):
        super().__init__()
        self.heads = heads
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Parameter(torch.zeros(length, width))
        self.blocks = nn.ModuleList(
            nn.ModuleDict({
                'first': nn.LayerNorm(width), 'qkv': nn.Linear(width, 3 * width), 'out': nn.Linear(width, width),
                'second': nn.LayerNorm(width), 'wide': nn.Linear(width, hidden), 'narrow': nn.Linear(hidden, width),
            })
            for _ in range(blocks)
        )
        self.norm, self.logits = nn.LayerNorm(width), nn.Linear(width, vocabulary)

    def forward(self, x):
        x = self.tokens(x) + self.positions
        for one in self.blocks:
            parts = one['qkv'](one['first'](x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
            seen = F.scaled_dot_product_attention(*parts, is_causal=True)
            x = x + one['out'](seen.transpose(1, 2).flatten(2))
            x = x + one['narrow'](F.gelu(one['wide'](one['second'](x))))
        return self.logits(self.norm(x))


class Recurrent(nn.Module):
    def __init__(self, cell, vocabulary=64, width=128, units=128):
        super().__init__()
        self.tokens, self.cell = nn.Embedding(vocabulary, width), cell(width, units, batch_first=True)
        self.logits = nn.Linear(units, vocabulary)

    def forward(self, x):
        return self.logits(self.cell(self.tokens(x))[0])


class Reader(nn.Module):
    """Convolutions, whose columns an LSTM reads both ways."""

    def __init__(self, height=48, classes=96, filters=16, units=64):
        super().__init__()
        wide = 6 * filters
        self.body = nn.Sequential(*block(1, filters, 3, 2), *block(filters, 2 * filters, 3, 2),
                                  *block(2 * filters, 4 * filters, 3, 2), *block(4 * filters, wide, 3, (2, 1)))
        self.features = nn.Linear(height // 16 * wide, wide)
        self.along = nn.LSTM(wide, units, batch_first=True, bidirectional=True)
        self.logits = nn.Linear(2 * units, classes)

    def forward(self, x):
        columns = self.body(x).permute(0, 3, 2, 1).flatten(2)
        return self.logits(self.along(F.relu(self.features(columns)))[0])


def mobilenet():
    widths = [8, 16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    layers = block(3, 8, 3, 2)
    for inputs, outputs, stride in zip(widths, widths[1:], strides):
        layers += block(inputs, inputs, 3, stride, inputs) + block(inputs, outputs, 1)
    return nn.Sequential(*layers, Head(256, 2))


def ds_cnn():
    layers = block(1, 64, (10, 4), 2)
    for _ in range(4):
        layers += block(64, 64, 3, 1, 64) + block(64, 64, 1)
    return nn.Sequential(*layers, Head(64, 12))


def images(size, channels, height, width):
    return lambda: torch.randn(size, channels, height, width)


STUDENTS = {
    'mlp': (lambda: nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)),
            lambda: torch.randn(64, 784), 10),
    'cnn': (lambda: nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(),
                                  nn.MaxPool2d(2), nn.Flatten(), nn.Linear(800, 64), nn.ReLU(), nn.Linear(64, 10)),
            images(64, 1, 28, 28), 10),
    'ds-cnn': (ds_cnn, images(64, 1, 49, 10), 12),
    'resnet8': (lambda: nn.Sequential(*block(3, 16, 3), Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2),
                                      Head(64, 10)), images(32, 3, 32, 32), 10),
    'mobilenet-v1-0.25': (mobilenet, images(16, 3, 96, 96), 2),
    'transformer-tiny': (Transformer, lambda: torch.randint(0, 256, (16, 64)), 10),
}
# Those that learn sequences have the length of one in place of classes, and the lowest and highest number in it.
SEQUENCES = {
    'decoder': (Decoder, lambda: torch.randint(0, 64, (16, 128)), (128, 0, 63)),
    'gru': (lambda: Recurrent(nn.GRU), lambda: torch.randint(0, 64, (16, 128)), (128, 0, 63)),
    'lstm': (lambda: Recurrent(nn.LSTM), lambda: torch.randint(0, 64, (16, 128)), (128, 0, 63)),
    'crnn': (Reader, images(16, 1, 48, 256), (12, 1, 95)),
}
STUDENTS |= SEQUENCES


# As slow as the other sides learn: where a student comes to rest, numbers become too small to be normal.
LEARNING_RATE = 1e-6
LAYOUTS = {'contiguous': None, 'channels last': torch.channels_last}


def targets(size, classes):
    if isinstance(classes, int):
        return torch.arange(size) % classes
    length, lowest, highest = classes
    return lowest + (torch.arange(size * length) * 31 % (highest + 1 - lowest)).reshape(size, length)


def per_token(logits, y):
    return F.cross_entropy(logits.flatten(0, 1), y.flatten())


def ctc(logits, y):
    size, steps = logits.shape[:2]
    lengths = torch.full((size,), steps), torch.full((size,), y.shape[1])
    return F.ctc_loss(logits.log_softmax(2).transpose(0, 1), y, *lengths)


def stepper(name, layout):
    make, inputs, classes = STUDENTS[name]
    model, x = make(), inputs()
    if layout is not None:
        model, x = model.to(memory_format=layout), x.to(memory_format=layout)
    y = targets(x.shape[0], classes)
    cost_of = ctc if name == 'crnn' else per_token if name in SEQUENCES else F.cross_entropy
    adam = torch.optim.Adam(model.parameters(), LEARNING_RATE, fused=True)

    def step():
        adam.zero_grad()
        cost = cost_of(model(x), y)
        cost.backward()
        adam.step()
        cost.item()

    return step


def times(step, figures, together):
    found = []
    for _ in range(figures):
        start = time.perf_counter()
        for _ in range(together):
            step()
        found.append((time.perf_counter() - start) * 1e3 / together)
    return found


def layouts(name):
    is_image = STUDENTS[name][1]().dim() == 4
    return [key for key, layout in LAYOUTS.items() if is_image or layout is None]


torch.set_num_threads(int(sys.argv[1]))
known = {}
for line in sys.stdin:
    request = json.loads(line)
    name = request['student']
    if name not in known:
        known[name] = {layout: stepper(name, LAYOUTS[layout]) for layout in layouts(name)}
    if request['ask'] == 'layouts':
        answer = list(known[name])
    else:
        answer = times(known[name][request['layout']], request['figures'], request['together'])
    print(json.dumps(answer), flush=True)
