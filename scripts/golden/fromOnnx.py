"""Small models that PyTorch exports, with an input and what PyTorch gives for it: src/student/golden/fromOnnx.json.

Run: python3 scripts/golden/fromOnnx.py
"""
import json
import os
import warnings

import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings('ignore')
FOLDER = os.path.join(os.path.dirname(__file__), '../../src/student/golden/fromOnnx')


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.fc = nn.Linear(8 * 3 * 2, 5)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = F.relu(self.conv2(x))
        return self.fc(torch.flatten(x, 1))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = nn.Sequential(
            nn.Linear(7, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 12), nn.Mish(), nn.Linear(12, 9),
            nn.SiLU(), nn.Linear(9, 4), nn.LogSoftmax(-1),
        )

    def forward(self, x):
        return self.stack(x)


class Depthwise(nn.Module):
    """Inverted residuals with squeeze and excitation, as in MobileNetV3."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.depthwise = nn.Sequential(nn.Conv2d(8, 16, 5, padding=2, groups=8), nn.BatchNorm2d(16), nn.ReLU6())
        self.squeeze = nn.Conv2d(16, 4, 1)
        self.excite = nn.Conv2d(4, 16, 1)
        self.project = nn.Conv2d(16, 8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.stem(x)
        y = self.depthwise(x)
        s = F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))))
        x = x + self.project(y * s)
        return self.head(x.mean((2, 3)))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 5, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(10, 4, batch_first=True)
        self.rnn = nn.RNN(4, 4, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens):
        x, _ = self.lstm(self.embed(tokens))
        x, last = self.gru(x)
        _, ending = self.rnn(x)
        return self.head(torch.cat([last[0], ending[0]], -1))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(13, 16)
        self.position = nn.Parameter(torch.randn(9, 16) * 0.1)
        self.query, self.key, self.value, self.out = (nn.Linear(16, 16) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(16), nn.LayerNorm(16)
        self.up, self.down, self.head = nn.Linear(16, 24), nn.Linear(24, 16), nn.Linear(16, 4)

    def forward(self, tokens):
        x = self.embed(tokens) + self.position
        b, t, f = x.shape
        q, k, v = (layer(x).view(b, t, 4, 4).transpose(1, 2) for layer in (self.query, self.key, self.value))
        mask = torch.triu(torch.full((9, 9), float('-inf')), 1)
        a = torch.softmax(q @ k.transpose(-2, -1) / 2.0 + mask, -1)
        x = self.norm1(x + self.out((a @ v).transpose(1, 2).reshape(b, t, f)))
        x = self.norm2(x + self.down(F.gelu(self.up(x))))
        return self.head(x.mean(1))


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 8, 3, padding=1)
        self.third = nn.Conv2d(8, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.odd = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)
        self.last = nn.Conv2d(12, 2, 1)

    def forward(self, x):
        a = F.leaky_relu(self.first(x), 0.1)
        b = F.elu(self.second(F.avg_pool2d(a, 2)))
        c = torch.tanh(self.third(F.max_pool2d(b, 2)))
        d = F.interpolate(c, scale_factor=2, mode='bilinear', align_corners=False)
        e = F.interpolate(c, scale_factor=2, mode='nearest')
        return self.last(torch.cat([self.up(d), self.odd(b + e), a], 1))


class Line(nn.Module):
    """One axis of space: grouped and dilated convolutions, PReLU, GroupNorm, pooling with padding."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(4, 8, 3, padding=1)
        self.prelu = nn.PReLU(8)
        self.grouped = nn.Conv1d(8, 8, 3, stride=2, groups=2, padding=1)
        self.norm = nn.InstanceNorm1d(8, affine=True)
        self.dilated = nn.Conv1d(8, 6, 3, dilation=2)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.prelu(self.first(x))
        x = F.avg_pool1d(F.softplus(self.norm(self.grouped(x))), 3, 2, padding=1)
        x = F.pad(x, (2, 1), mode='reflect')
        x = torch.clamp(self.dilated(x), -0.4, 0.7)
        left, right = x[:, :, 1:].pow(2).split([3, x.shape[2] - 4], 2)
        return self.head(torch.cat([left, right], 2).amax(2).sqrt() - 0.1)


class Token(nn.Module):
    """A learned token before the others, as in ViT, and a first state that is learned, both repeated for the batch."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 6))
        self.state = nn.Parameter(torch.zeros(1, 1, 5))
        self.gain, self.shift = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
        self.lstm = nn.LSTM(6, 5, batch_first=True)
        self.gru = nn.GRU(5, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        x, _ = self.lstm(x)
        _, x = self.gru(x, self.state.repeat(1, x.shape[0], 1))
        return self.head(x[0] * self.gain + self.shift)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    expected = {}
    for seed, (model, shape, whole) in enumerate([
        (Cnn(), (2, 2, 11, 7), 0),
        (Mlp(), (3, 7), 0),
        (Depthwise(), (2, 3, 10, 10), 0),
        (Recurrent(), (2, 6), 11),
        (Encoder(), (2, 9), 13),
        (Unet(), (2, 1, 12, 8), 0),
        (Line(), (2, 4, 22), 0),
        (Token(), (2, 4, 6), 0),
    ]):
        torch.manual_seed(seed)
        for parameter in model.parameters():
            parameter.data.uniform_(-0.5, 0.5)
        for name, statistic in model.named_buffers():
            if name.endswith('running_mean'):
                statistic.uniform_(-0.2, 0.2)
            elif name.endswith('running_var'):
                statistic.uniform_(0.5, 1.5)
        model.eval()
        x = torch.randint(0, whole, shape) if whole else (torch.randint(-32, 33, shape) / 32)
        with torch.no_grad():
            y = model(x)
        name = type(model).__name__.lower()
        # The batch of the recurrent model and of the line stays fixed, as people often export.
        axes = {} if name in ('recurrent', 'line') else {'x': {0: 'batch'}, 'y': {0: 'batch'}}
        torch.onnx.export(
            model, (x,), os.path.join(FOLDER, f'{name}.onnx'), input_names=['x'], output_names=['y'],
            opset_version=17, dynamic_axes=axes, dynamo=False, do_constant_folding=True,
            # Otherwise batch normalisation is folded away.
            training=torch.onnx.TrainingMode.PRESERVE,
        )
        flat = lambda t: [round(v, 7) for v in t.flatten().tolist()]
        expected[name] = {
            'x': {'shape': list(x.shape), 'data': x.flatten().tolist()},
            'y': {'shape': list(y.shape), 'data': flat(y)},
        }
    with open(f'{FOLDER}.json', 'w') as file:
        json.dump(expected, file, separators=(',', ':'))
        file.write('\n')


main()
