"""Golden values of the cache's encodings: float16 as numpy rounds it, top-k as PyTorch takes it, CRC-32 as zlib has it.

Run from the repository's root, with Debian's python3-torch and python3-numpy:

    /usr/bin/python3 scripts/golden/precision.py

It writes src/teacher/cache/golden/precision.json. Nothing is computed by a formula of ours: numpy's own float16, torch's
topk, logsumexp and softmax, zlib's crc32. Where many values are compared, the file keeps their SHA-256. The same seed
gives the same file.
"""

import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
import torch

SEED = 20261
PATH = Path(__file__).resolve().parents[2] / 'src' / 'teacher' / 'cache' / 'golden' / 'precision.json'
# Float32 bit patterns i * STRIDE for i below COUNT: every exponent, both signs, all kinds of fractions.
COUNT, STRIDE = 1 << 20, 4093
EDGES = [0.0, -0.0, 1.0, -2.5, 65504.0, 65519.996, 65520.0, -1e9, 2**-14, 2**-14 - 2**-25, 2**-24, 2**-25, 1.5 * 2**-24,
         2**-25 * (1 + 2**-23), 2.5 * 2**-24, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-11 + 2**-23, float('inf'), -float('inf')]
SHAPES = [(10, 8), (10, 3), (300, 8), (300, 100), (70000, 5)]


def halves(values):
    """Numpy's rounding; what it would round to infinity is cut at the largest number, as the cache does."""
    with np.errstate(over='ignore'):
        rounded = values.astype(np.float16)
    cut = np.isinf(rounded) & np.isfinite(values)
    return np.where(cut, np.copysign(np.float16(65504), values), rounded).astype(np.float16).view(np.uint16)


def sha256(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def float16():
    edges = np.array(EDGES, np.float32)
    sweep = (np.arange(COUNT, dtype=np.uint64) * STRIDE % (1 << 32)).astype(np.uint32)
    numbers = sweep.view(np.float32)
    numbers = np.where(np.isnan(numbers), np.float32(0), numbers)
    decoded = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    decoded = np.where(np.isnan(decoded), np.float32(0), decoded)
    return {
        'edges': [[int(bits), int(half)] for bits, half in zip(edges.view(np.uint32), halves(edges))],
        'sweep': {'count': COUNT, 'stride': STRIDE, 'sha256': sha256(halves(numbers))},
        'decoded': sha256(decoded),
    }


def top_k(generator, classes, k):
    """A row of integers n, read as n / 64, which float16 holds; what is kept of it, computed in float64."""
    kept = torch.randperm(classes, generator=generator)[:k].sort().values
    row = torch.full((classes,), -3, dtype=torch.int64)
    if classes <= 1024:
        row = torch.randperm(1024, generator=generator)[:classes] - 512
    else:
        row[kept] = 900 + torch.randperm(100, generator=generator)[:k]
    logits = row.double() / 64
    kept = torch.topk(logits, k).indices.sort().values
    rest = torch.ones(classes, dtype=torch.bool)
    rest[kept] = False
    probs = torch.softmax(logits, 0)
    return {
        'classes': classes,
        'k': k,
        # A long row is its kept numbers, and -3 everywhere else.
        'row': row.tolist() if classes <= 1024 else [[int(i), int(row[i])] for i in kept],
        'places': kept.tolist(),
        'probs': [rounded(p) for p in probs[kept]],
        'restMass': rounded(probs[rest].sum()),
        'restLogSum': rounded(torch.logsumexp(logits[rest], 0)),
    }


def rounded(number):
    return float(f'{number.item():.9g}')


def main():
    generator = torch.Generator().manual_seed(SEED)
    golden = {
        'float16': float16(),
        'topK': [top_k(generator, classes, k) for classes, k in SHAPES],
        'crc32': [[text, zlib.crc32(text.encode())] for text in ['', 'a', 'distillation']],
        'crc32Of256Bytes': zlib.crc32(bytes(range(256))),
    }
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(json.dumps(golden, separators=(',', ':')) + '\n')


if __name__ == '__main__':
    main()
