"""Small models of the kinds that teachers come in, with inputs and what onnxruntime gives for them: halves, dynamic and
static int8, products of 4 bits, and a BERT whose batch and length are free. Files and teachers.json go into
src/teacher/kernels/golden/.

Run, with Debian's python3-torch, python3-onnx and python3-onnxruntime:

    /usr/bin/python3 scripts/golden/kernelsTeachers.py
"""
import json
import math
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx.reference  # After onnxruntime it no longer loads.
import onnxruntime
import torch
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.transformers.float16 import convert_float_to_float16
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings('ignore')
onnxruntime.set_default_logger_severity(3)
FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'teacher' / 'kernels' / 'golden'
WORDS, WIDTH, HEADS, LONGEST = 17, 16, 2, 24


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.depthwise = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
        self.second = nn.Conv2d(8, 12, 1)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = F.hardswish(self.second(F.relu6(self.depthwise(x))))
        return self.head(x.mean((2, 3)))


class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = nn.Sequential(nn.Linear(24, 40), nn.GELU(), nn.LayerNorm(40), nn.Linear(40, 32), nn.ReLU(), nn.Linear(32, 7))

    def forward(self, x):
        return self.stack(x)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)])
        self.up, self.down = nn.Linear(WIDTH, 24), nn.Linear(24, WIDTH)

    def forward(self, x, bias):
        batch, length, _ = x.shape
        q, k, v = [
            part.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for part in self.qkv(x).chunk(3, -1)
        ]
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + bias
        seen = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norms[0](x + self.out(seen))
        return self.norms[1](x + self.down(F.gelu(self.up(x))))


class Bert(nn.Module):
    """Positions by arange, their row spread over the batch, a mask of shape [B, T]: as Hugging Face's BERT exports."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.pooler, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 3)

    def forward(self, tokens, mask):
        batch, length = tokens.shape
        places = torch.arange(length).unsqueeze(0).expand(batch, length)
        x = self.norm(self.words(tokens) + self.places(places))
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for block in self.blocks:
            x = block(x, bias)
        return self.head(torch.tanh(self.pooler(x[:, 0])))


class Causal(nn.Module):
    """Attention that sees the past, with positions that count the words of a mask: as GPT and RoBERTa export."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(LONGEST, WIDTH)
        self.blocks = nn.ModuleList([Block()])
        self.head = nn.Linear(WIDTH, WORDS)

    def forward(self, tokens, mask):
        length = tokens.shape[1]
        places = torch.cumsum(mask, 1) * mask
        x = self.words(tokens) + self.places(places)
        row = torch.arange(length)
        sees = row[None, :] <= row[:, None]
        bias = torch.where(sees, 0.0, -1e9)[None, None]
        for block in self.blocks:
            x = block(x, bias)
        return self.head(x)


def seeded(module, seed):
    torch.manual_seed(seed)
    model = module()
    for parameter in model.parameters():
        parameter.data = (torch.randint(-32, 33, parameter.shape) / 64)
    return model.eval()


def export(model, inputs, axes, path):
    torch.onnx.export(
        model, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=['y'], opset_version=17,
        dynamic_axes={**{name: axes for name in inputs}, 'y': {0: 'batch'}}, dynamo=False,
    )


def pictures(batch):
    return {'x': torch.randint(-32, 33, (batch, 3, 11, 9)) / 16}


def rows(batch):
    return {'x': torch.randint(-32, 33, (batch, 24)) / 16}


def sentences(batch, length):
    mask = (torch.arange(length)[None] < torch.randint(2, length + 1, (batch, 1))).long()
    return {'tokens': torch.randint(0, WORDS, (batch, length)), 'mask': mask}


class Reader(CalibrationDataReader):
    def __init__(self, make):
        self.batches = iter([{name: one.numpy() for name, one in make(8).items()} for _ in range(4)])

    def get_next(self):
        return next(self.batches, None)


def four_bits(path):
    """The same as onnxruntime's MatMul4BitsQuantizer writes, with zero points and a bias, and one of 8 bits."""
    generator = np.random.default_rng(3)
    rows_, hidden, out, block = 24, 20, 7, 16
    blocks = -(-rows_ // block)
    weights = [
        ('w', generator.integers(0, 256, (hidden, blocks, block // 2)).astype(np.uint8)),
        ('s', (generator.integers(1, 20, hidden * blocks) / 64).astype(np.float32)),
        ('z', generator.integers(0, 256, hidden * -(-blocks // 2)).astype(np.uint8)),
        ('w2', generator.integers(0, 256, (out, 2, block // 2)).astype(np.uint8)),
        ('s2', (generator.integers(1, 20, out * 2) / 64).astype(np.float32)),
    ]
    node = helper.make_node
    nodes = [
        node('MatMulNBits', ['x', 'w', 's', 'z'], ['h'], domain='com.microsoft', K=rows_, N=hidden, bits=4, block_size=block),
        node('Relu', ['h'], ['r']),
        node('MatMulNBits', ['r', 'w2', 's2'], ['y'], domain='com.microsoft', K=hidden, N=out, bits=4, block_size=block),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, 'fourBits', [value('x', TensorProto.FLOAT, ['batch', rows_])], [value('y', TensorProto.FLOAT, ['batch', out])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights],
    )
    sets = [helper.make_opsetid('', 17), helper.make_opsetid('com.microsoft', 1)]
    onnx.save(helper.make_model(graph, opset_imports=sets, ir_version=8), path)


def operators(path):
    return sorted({node.op_type for node in onnx.load(path).graph.node})


def answers(path, feeds):
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    arrays = {name: one.numpy() for name, one in feeds.items()}
    types = {one.name: one.type for one in session.get_inputs()}
    given = {name: one.astype(np.float16) if types[name] == 'tensor(float16)' else one for name, one in arrays.items()}
    y = session.run(['y'], given)[0]
    pack = lambda array: {'shape': list(array.shape), 'data': [round(float(v), 7) for v in array.flatten()]}
    return {'inputs': {name: pack(array) for name, array in arrays.items()}, 'y': pack(y)}


def main():
    FOLDER.mkdir(exist_ok=True)
    cases = {}
    file = lambda name: FOLDER / f'{name}.onnx'
    batch, text = {0: 'batch'}, {0: 'batch', 1: 'length'}

    def keep(name, *feeds):
        cases[name] = {'operators': operators(file(name)), 'runs': [answers(file(name), one) for one in feeds]}

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / 'float.onnx'
        for kind, module, make in [('pictures', Pictures, pictures), ('rows', Rows, rows)]:
            export(seeded(module, 1), make(2), batch, made)
            torch.manual_seed(5)
            feeds = [make(2), make(3)]
            onnx.save(convert_float_to_float16(onnx.load(made)), file(f'{kind}Halves'))
            onnx.save(convert_float_to_float16(onnx.load(made), keep_io_types=True), file(f'{kind}HalvesInside'))
            weight = QuantType.QUInt8 if kind == 'pictures' else QuantType.QInt8
            quantize_dynamic(made, file(f'{kind}Dynamic'), per_channel=kind == 'rows', weight_type=weight)
            quantize_static(
                made, file(f'{kind}Static'), Reader(make), quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            )
            for form in ['Halves', 'HalvesInside', 'Dynamic', 'Static']:
                keep(f'{kind}{form}', *feeds)
    four_bits(file('fourBits'))
    keep('fourBits', rows(2), rows(3))
    for name, module in [('bert', Bert), ('causal', Causal)]:
        export(seeded(module, 2), sentences(2, 5), text, file(name))
        torch.manual_seed(6)
        keep(name, sentences(2, 5), sentences(1, 9), sentences(3, 24))
    with open(FOLDER / 'teachers.json', 'w') as out:
        json.dump(cases, out, separators=(',', ':'))
        out.write('\n')
    for name, case in cases.items():
        print(name, file(name).stat().st_size, case['operators'])


main()
