"""Golden training runs of the zoo's students, made with PyTorch in float64: six steps of Adam each.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/students.py

It writes src/train/golden/<student>.json. A student has too many weights to store, so weights, inputs and labels come
from `drawn`, which the test computes too, exactly: whole numbers in [-limit, limit], of 4096ths, plus an offset. Stored
are the limits, the loss before each step, logits before and after (batch normalisation by its moving averages), and of
each weight after the last step its sum, the sum of its absolute values and eight of its values. Weights are in tfjs's
layout and order: what learns, layer by layer, then the moving averages. As in tfjs and TensorFlow: padding 'same' puts
the odd pixel at the end, batch normalisation has epsilon 0.001, and its averages take the biased variance; its momentum
is the zoo's, 0.9. A reader of lines learns sequences by PyTorch's ctc_loss, and its recurrent layer is PyTorch's LSTM. Language
models learn the next token by cross_entropy with ignore_index; of a GRU only the gradient is PyTorch's, since tfjs resets
before the recurrent product. It prints how far the same run in float32 ends from the one in float64.
"""

import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

STEPS, BATCH, CLASSES, UNIT = 6, 8, 3, 4096
# Adam divides a gradient by its own size. Some are nothing but rounding: an attention's key biases, and a depthwise
# kernel on maps of 1 x 1 below a norm that undoes it. A larger epsilon keeps those where they are. Mobilenet's 27 norms
# over a batch of 8 multiply every rounding: longer steps would drive float32 and float64 apart within six of them.
SETTINGS = {
    'dsCnn': (1e-3, 1e-7),
    'resnet8': (1e-3, 1e-7),
    'mobilenetV1': (1e-4, 1e-3),
    'transformerTiny': (1e-3, 1e-4),
    'crnn': (1e-3, 1e-4),
    'decoder': (1e-3, 1e-4),
    'gruDecoder': (1e-3, 1e-4),
    'lstmDecoder': (1e-3, 1e-4),
}
# The longest sequence of those who learn sequences; class 0 is blank.
SEQUENCES = {'crnn': 2}
# Those who learn the token that follows each; -1 counts nothing.
LANGUAGE = {'decoder', 'gruDecoder', 'lstmDecoder'}
INPUTS, LABELS = 1000, 2000  # Numbers of the first step's streams; weights count from 0.
FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'train' / 'golden'


def drawn(stream, count, limit):
    """The integer hash of (stream, index), brought to -limit ... limit."""
    index = torch.arange(1, count + 1, dtype=torch.int64)
    mask = 0xFFFFFFFF
    h = (index * 0x9E3779B1 & mask) ^ ((stream + 1) * 0x85EBCA6B & mask)
    h = h ^ (h >> 15)
    # Python's integers wrap nowhere, torch's at 64 bits: the low 32 of a product are right in both.
    h = h * 0x2C1B3C6D & mask
    h = h ^ (h >> 12)
    h = h * 0x297A2D39 & mask
    h = h ^ (h >> 15)
    return h * (2 * limit + 1) // 2**32 - limit


class Weights:
    """Hands out weights in the order in which the network first asks; the same ones, in that order, ever after."""

    def __init__(self, dtype):
        self.dtype, self.trained, self.averages, self.specs, self.at = dtype, [], [], {}, [0, 0]

    def restart(self):
        self.at = [0, 0]

    def take(self, shape, limit, offset=0.0, trained=True):
        kept = self.trained if trained else self.averages
        at = self.at[trained]
        self.at[trained] += 1
        if at == len(kept):
            kept.append((list(shape), round(limit * UNIT), offset))
        return kept[at] if isinstance(kept[at], torch.Tensor) else torch.zeros(shape, dtype=self.dtype)

    def fill(self):
        """After a dry run: the real numbers. Gives what the test needs to make the same."""
        specs = [*self.trained, *self.averages]
        tensors = [
            (drawn(i, math.prod(shape), limit).to(self.dtype) / UNIT + offset).reshape(shape)
            for i, (shape, limit, offset) in enumerate(specs)
        ]
        count = len(self.trained)
        self.trained = [tensor.requires_grad_() for tensor in tensors[:count]]
        self.averages = tensors[count:]
        return specs


class Network:
    def __init__(self, weights, training):
        self.weights, self.training = weights, training

    def kernel(self, *shape):
        return self.weights.take(shape, math.sqrt(6 / math.prod(shape[:-1])))

    def bias(self, size):
        return self.weights.take([size], 0.125)

    def padded(self, x, sizes, strides):
        pads = []
        for side in (1, 0):
            length, stride = x.shape[2 + side], strides[side]
            total = max((math.ceil(length / stride) - 1) * stride + sizes[side] - length, 0)
            pads += [total // 2, total - total // 2]
        return F.pad(x, pads)

    def conv(self, x, filters, size, stride=1):
        sizes = [size, size] if isinstance(size, int) else size
        kernel = self.kernel(*sizes, x.shape[1], filters)
        stride = (stride, stride) if isinstance(stride, int) else stride
        return F.conv2d(self.padded(x, sizes, stride), kernel.permute(3, 2, 0, 1), stride=stride)

    def depthwise(self, x, stride=1):
        channels = x.shape[1]
        kernel = self.weights.take([3, 3, channels, 1], math.sqrt(6 / 9))
        return F.conv2d(self.padded(x, [3, 3], (stride, stride)), kernel.permute(2, 3, 0, 1), stride=stride, groups=channels)

    def norm(self, x):
        channels = x.shape[1]
        scale, shift = self.weights.take([channels], 0.25, 1.0), self.bias(channels)
        averages = [self.weights.take([channels], 0.25, offset, trained=False) for offset in (0.0, 1.0)]
        if self.training:
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            with torch.no_grad():
                for average, value in zip(averages, (mean, variance)):
                    average.mul_(0.9).add_(0.1 * value)
        else:
            mean, variance = averages
        per_channel = lambda v: v[None, :, None, None]
        return (x - per_channel(mean)) / torch.sqrt(per_channel(variance) + 0.001) * per_channel(scale) + per_channel(shift)

    def dense(self, x, units):
        return x @ self.kernel(x.shape[-1], units) + self.bias(units)

    def lstm(self, x, units):
        """Both ways, side by side; PyTorch has the gates in tfjs's order, and a second bias."""
        features = x.shape[-1]
        ways = [(self.kernel(features, 4 * units), self.kernel(units, 4 * units), self.bias(4 * units)) for _ in range(2)]
        named = {}
        for (kernel, recurrent, bias), ending in zip(ways, ('', '_reverse')):
            named[f'weight_ih_l0{ending}'], named[f'weight_hh_l0{ending}'] = kernel.T, recurrent.T
            named[f'bias_ih_l0{ending}'], named[f'bias_hh_l0{ending}'] = bias, torch.zeros_like(bias)
        layer = torch.nn.LSTM(features, units, batch_first=True, bidirectional=True, dtype=x.dtype)
        return torch.func.functional_call(layer, named, (x,))[0]

    def lstm_forward(self, x, units):
        features = x.shape[-1]
        kernel, recurrent, bias = self.kernel(features, 4 * units), self.kernel(units, 4 * units), self.bias(4 * units)
        named = {'weight_ih_l0': kernel.T, 'weight_hh_l0': recurrent.T, 'bias_ih_l0': bias, 'bias_hh_l0': torch.zeros_like(bias)}
        layer = torch.nn.LSTM(features, units, batch_first=True, dtype=x.dtype)
        return torch.func.functional_call(layer, named, (x,))[0]

    def gru_forward(self, x, units):
        kernel, recurrent, bias = self.kernel(x.shape[-1], 3 * units), self.kernel(units, 3 * units), self.bias(3 * units)
        h, outputs = torch.zeros(x.shape[0], units, dtype=x.dtype), []
        for step in range(x.shape[1]):
            z, r, n = (x[:, step] @ kernel + bias).chunk(3, dim=1)
            of_z, of_r, of_n = recurrent.chunk(3, dim=1)
            z, r = torch.sigmoid(z + h @ of_z), torch.sigmoid(r + h @ of_r)
            h = z * h + (1 - z) * torch.tanh(n + (r * h) @ of_n)
            outputs.append(h)
        return torch.stack(outputs, 1)

    def layer_norm(self, x):
        width = x.shape[-1]
        return F.layer_norm(x, [width], self.weights.take([width], 0.25, 1.0), self.bias(width), 1e-5)

    def attention(self, x, heads, is_causal=False):
        batch, length, width = x.shape
        split = lambda y: y.reshape(batch, length, heads, width // heads).transpose(1, 2)
        q, k, v = [split(self.dense(x, width)) for _ in range(3)]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
        return self.dense(mixed.transpose(1, 2).reshape(batch, length, width), width)


def ds_cnn(net, x, filters):
    x = F.relu(net.norm(net.conv(x.permute(0, 3, 1, 2), filters, [10, 4], 2)))
    for _ in range(4):
        x = F.relu(net.norm(net.depthwise(x)))
        x = F.relu(net.norm(net.conv(x, filters, 1)))
    return net.dense(x.mean((2, 3)), CLASSES)


def resnet8(net, x):
    x = F.relu(net.norm(net.conv(x.permute(0, 3, 1, 2), 16, 3)))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = F.relu(net.norm(net.conv(x, filters, 3, stride)))
        y = net.norm(net.conv(y, filters, 3))
        x = F.relu(y + (net.conv(x, filters, 1, stride) if stride > 1 else x))
    return net.dense(x.mean((2, 3)), CLASSES)


def mobilenet_v1(net, x):
    x = F.relu(net.norm(net.conv(x.permute(0, 3, 1, 2), 8, 3, 2)))
    widths = [16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256]
    for width, stride in zip(widths, [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]):
        x = F.relu(net.norm(net.depthwise(x, stride)))
        x = F.relu(net.norm(net.conv(x, width, 1)))
    return net.dense(x.mean((2, 3)), CLASSES)


def token_blocks(net, x, vocabulary, width, heads, hidden, blocks, is_causal):
    tokens = net.weights.take([vocabulary, width], 1)
    x = tokens[x] + net.weights.take([x.shape[1], width], 0.5)
    for _ in range(blocks):
        x = x + net.attention(net.layer_norm(x), heads, is_causal)
        x = x + net.dense(F.gelu(net.dense(net.layer_norm(x), hidden)), width)
    return x


def transformer_tiny(net, x, **size):
    return net.dense(token_blocks(net, x, **size, is_causal=False).mean(1), CLASSES)


def decoder(net, x, **size):
    return net.dense(net.layer_norm(token_blocks(net, x, **size, is_causal=True)), size['vocabulary'])


def recurrent_decoder(net, x, vocabulary, width, cell, units, layers):
    x = net.weights.take([vocabulary, width], 1)[x]
    for _ in range(layers):
        x = net.lstm_forward(x, units) if cell == 'lstm' else net.gru_forward(x, units)
    return net.dense(x, vocabulary)


def crnn(net, x, filters, units):
    x = x.permute(0, 3, 1, 2)
    for times, stride in ((1, 2), (2, 2), (4, 2), (6, (2, 1))):
        x = F.relu(net.norm(net.conv(x, times * filters, 3, stride)))
    # [B, C, H, T] to [B, T, H C]
    x = x.permute(0, 3, 2, 1).flatten(2)
    return net.dense(net.lstm(F.relu(net.dense(x, 6 * filters)), units), CLASSES)


RECURRENT = {'vocabulary': 11, 'width': 6, 'units': 9, 'layers': 2}
TOKENS = {'vocabulary': 11, 'width': 16, 'heads': 2, 'hidden': 24, 'blocks': 2}
# Forward function with its options, the options of our student, the shape of an example, and its tokens if it has some.
STUDENTS = {
    'dsCnn': (lambda net, x: ds_cnn(net, x, 6), {'inputShape': [13, 7, 1], 'filters': 6}, [13, 7, 1], None),
    'resnet8': (resnet8, {'inputShape': [8, 8, 3]}, [8, 8, 3], None),
    'mobilenetV1': (mobilenet_v1, {'inputShape': [32, 32, 3], 'alpha': 0.25}, [32, 32, 3], None),
    'transformerTiny': (lambda net, x: transformer_tiny(net, x, **TOKENS), {'length': 7, **TOKENS}, [7], 11),
    'decoder': (lambda net, x: decoder(net, x, **TOKENS), {'length': 7, **TOKENS}, [7], 11),
    **{
        f'{cell}Decoder': (
            lambda net, x, cell=cell: recurrent_decoder(net, x, **RECURRENT, cell=cell),
            {'length': 7, **RECURRENT, 'cell': cell},
            [7],
            11,
        )
        for cell in ('gru', 'lstm')
    },
    'crnn': (lambda net, x: crnn(net, x, 4, 5), {'inputShape': [17, 30, 1], 'filters': 4, 'units': 5}, [17, 30, 1], None),
}


def inputs_of(step, shape, vocabulary, dtype):
    count = BATCH * math.prod(shape)
    if vocabulary is None:
        values = drawn(INPUTS + step, count, UNIT).to(dtype) / UNIT
    else:
        values = drawn(INPUTS + step, count, 100_000) % vocabulary
    return values.reshape([BATCH, *shape])


def loss_of(answers, step, length, vocabulary):
    """Cross-entropy with a class for each example, or with the next token at each position, or CTC with a sequence of up to `length` classes."""
    if vocabulary is not None:
        tokens = (drawn(LABELS + step, BATCH * length, 100_000) % vocabulary).reshape(BATCH, length)
        # Every third is padding but for its first.
        tokens[2::3, 1:] = -1
        return F.cross_entropy(answers.flatten(0, 1), tokens.flatten(), ignore_index=-1)
    if length is None:
        return F.cross_entropy(answers, drawn(LABELS + step, BATCH, 100_000) % CLASSES)
    classes = (drawn(LABELS + step, BATCH * length, 100_000) % (CLASSES - 1) + 1).reshape(BATCH, length)
    # Every third has only the first of them.
    lengths = torch.tensor([1 if i % 3 == 2 else length for i in range(BATCH)])
    steps = torch.full((BATCH,), answers.shape[1])
    return F.ctc_loss(F.log_softmax(answers, 2).transpose(0, 1), classes, steps, lengths)


def rounded(tensor):
    return [float(f'{number:.9g}') for number in tensor.detach().double().flatten().tolist()]


def summary(tensor):
    flat = tensor.detach().double().flatten()
    picked = [j * len(flat) // 8 for j in range(8)] if len(flat) >= 8 else range(len(flat))
    return {'sums': rounded(torch.stack([flat.sum(), flat.abs().sum()])), 'values': rounded(flat[list(picked)])}


def train(forward, shape, vocabulary, length, predicted, rate, epsilon, dtype):
    weights = Weights(dtype)
    forward(Network(weights, False), inputs_of(0, shape, vocabulary, dtype))
    specs = weights.fill()

    def run(step, training):
        weights.restart()
        return forward(Network(weights, training), inputs_of(step, shape, vocabulary, dtype))

    with torch.no_grad():
        before = run(0, False)
    optimizer = torch.optim.Adam(weights.trained, lr=rate, betas=(0.9, 0.999), eps=epsilon)
    losses = []
    for step in range(STEPS):
        loss = loss_of(run(step, True), step, length, predicted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    with torch.no_grad():
        after = run(0, False)
    return specs, before, torch.stack(losses), after, [*weights.trained, *weights.averages]


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, (forward, options, shape, vocabulary) in STUDENTS.items():
        rate, epsilon = SETTINGS[name]
        is_language = name in LANGUAGE
        length = shape[0] if is_language else SEQUENCES.get(name)
        given = (forward, shape, vocabulary, length, vocabulary if is_language else None, rate, epsilon)
        specs, before, losses, after, weights = train(*given, torch.float64)
        short = train(*given, torch.float32)
        far = lambda a, b: (a - b).abs().max().item()
        worst = max(far(a, b) for a, b in zip(weights, short[4]))
        parameters = sum(weight.numel() for weight in weights)
        print(f'{name}: {parameters} weights, losses {losses[0]:.4f} to {losses[-1]:.4f}; float32 is off by: logits '
              f'{far(before, short[1]):.1e} and {far(after, short[3]):.1e}, losses {far(losses, short[2]):.1e}, '
              f'weights {worst:.1e}')
        stored = {
            'madeBy': f'scripts/golden/students.py, torch {torch.__version__}, float64',
            'options': options if is_language else {**options, 'classes': CLASSES},
            'example': {'shape': shape, 'vocabulary': vocabulary, **({} if length is None else {'sequence': length}), **({'language': True} if is_language else {})},
            'batch': BATCH,
            'optimizer': {'learningRate': rate, 'epsilon': epsilon},
            'logits': {'before': rounded(before), 'after': rounded(after)},
            'losses': rounded(losses),
            'weights': [
                {'shape': shape_, 'limit': limit, 'offset': offset, **summary(tensor)}
                for (shape_, limit, offset), tensor in zip(specs, weights)
            ],
        }
        file = FOLDER / f'{name}.json'
        file.write_text(json.dumps(stored, separators=(',', ':')) + '\n')
        print(f'{file.name}  {file.stat().st_size} bytes')


if __name__ == '__main__':
    main()
