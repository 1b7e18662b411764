"""Golden safetensors files, made by the format's own writer and by PyTorch.

Run from the repository's root, with Debian's python3-torch and python3-safetensors:

    /usr/bin/python3 scripts/golden/safetensorsFiles.py

It writes to src/student/safetensors/golden/:

- everyType.safetensors, everyType.json: one tensor of each element type that PyTorch has, and its values
- plain.safetensors: float32 and int32 only, with one entry of metadata; it is written again, byte for byte
- torchNet.safetensors, torchNet.json: the state of a small network of PyTorch, and what it answers to one input

With a file's name it prints what the format's own reader finds in it:

    /usr/bin/python3 scripts/golden/safetensorsFiles.py some.safetensors
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open, serialize_file
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'student' / 'safetensors' / 'golden'


def every_type():
    reals = [0.0, -0.0, 1.0, -1.5, 0.1, 448.0, 2.0**-9]
    tensors = {
        name: torch.tensor(reals, dtype=torch.float64).to(dtype)
        for name, dtype in {
            'f64': torch.float64,
            'f32': torch.float32,
            'f16': torch.float16,
            'bf16': torch.bfloat16,
            'f8e4m3': torch.float8_e4m3fn,
            'f8e5m2': torch.float8_e5m2,
        }.items()
    }
    for name, dtype in {'i64': torch.int64, 'i32': torch.int32, 'i16': torch.int16, 'i8': torch.int8}.items():
        tensors[name] = torch.tensor([[-3, 0, 7], [127, -128, 1]], dtype=dtype)
    tensors['u8'] = torch.tensor([0, 200, 255], dtype=torch.uint8)
    tensors['bool'] = torch.tensor([True, False, True])
    tensors['large'] = torch.tensor([2**40, -1])
    tensors['scalar'] = torch.tensor(2.5)
    tensors['empty'] = torch.zeros(0, 3)
    # Python's front for PyTorch knows no wide unsigned numbers; the writer itself does.
    entries = {
        name: {
            'dtype': str(tensor.dtype).removeprefix('torch.'),
            'shape': list(tensor.shape),
            'data': bytes(tensor.contiguous().flatten().view(torch.uint8).numpy()) if tensor.numel() else b'',
        }
        for name, tensor in tensors.items()
    }
    for name, dtype in {'u16': 'uint16', 'u32': 'uint32', 'u64': 'uint64'}.items():
        array = np.array([0, 200, 65535], dtype=dtype)
        entries[name] = {'dtype': dtype, 'shape': [3], 'data': array.tobytes()}
        tensors[name] = torch.from_numpy(array.astype(np.int64))
    serialize_file(entries, FOLDER / 'everyType.safetensors')
    values = {
        name: {'shape': list(tensor.shape), 'values': tensor.to(torch.float64).flatten().tolist()}
        for name, tensor in tensors.items()
    }
    (FOLDER / 'everyType.json').write_text(json.dumps(values) + '\n')


def plain():
    torch.manual_seed(1)
    tensors = {
        'dense/kernel': torch.randn(5, 3),
        'dense/bias': torch.randn(3),
        'ünits "a"': torch.arange(4, dtype=torch.int32),
    }
    save_file(tensors, FOLDER / 'plain.safetensors', metadata={'license': 'mit'})


class Net(torch.nn.Module):
    """Convolution, depthwise convolution, norm, transposed convolution, an LSTM's step and a dense layer."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, (3, 2))
        self.depth = torch.nn.Conv2d(3, 6, 3, groups=3)
        self.norm = torch.nn.BatchNorm2d(6, eps=1e-3)
        self.up = torch.nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.line = torch.nn.Conv1d(4, 5, 3)
        self.head = torch.nn.Linear(5, 7)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        x = torch.relu(self.norm(self.depth(x)))
        x = self.up(x)
        x = self.line(x.mean(3))
        return self.head(x.mean(2))


def torch_net():
    torch.manual_seed(2)
    net = Net().eval()
    with torch.no_grad():
        net.norm.running_mean.normal_()
        net.norm.running_var.uniform_(0.5, 2)
        net.norm.weight.normal_()
        net.norm.bias.normal_()
        x = torch.randn(2, 2, 9, 8)
        y = net(x)
    save_file(net.state_dict(), FOLDER / 'torchNet.safetensors')
    # As tfjs takes it: channels last.
    given = x.permute(0, 2, 3, 1).flatten().tolist()
    (FOLDER / 'torchNet.json').write_text(json.dumps({'input': given, 'output': y.flatten().tolist()}) + '\n')


def show(file):
    with safe_open(file, 'pt') as opened:
        print('metadata', opened.metadata())
        for name in opened.keys():
            tensor = opened.get_tensor(name)
            print(name, tensor.dtype, list(tensor.shape), float(tensor.to(torch.float64).sum()))


if len(sys.argv) > 1:
    show(sys.argv[1])
else:
    FOLDER.mkdir(exist_ok=True)
    every_type()
    plain()
    torch_net()
