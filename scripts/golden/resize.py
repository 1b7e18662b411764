"""Golden values of the bilinear resize, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/resize.py

It writes src/teacher/golden/resize.json. An input is an integer k, read as k / 64: exact in float32. Images lie there
as limbeck holds them, [height, width, channels]; PyTorch's own order is turned back before writing.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20260
FILE = Path(__file__).resolve().parents[2] / 'src' / 'teacher' / 'golden' / 'resize.json'
# From and to [height, width], and channels: larger, smaller, both at once, a single line, the same.
CASES = [
    ((5, 7), (8, 3), 1),
    ((4, 4), (9, 10), 3),
    ((6, 5), (2, 2), 3),
    ((1, 2), (4, 5), 1),
    ((12, 9), (7, 9), 1),
    ((3, 3), (3, 3), 3),
    ((3, 4), (1, 1), 1),
]


def make_case(start, size, channels, generator):
    image = torch.randint(0, 65, (1, channels, *start), generator=generator)
    resized = F.interpolate(image.double() / 64, size=size, mode='bilinear', align_corners=False)
    return {
        'from': [*start, channels],
        'to': list(size),
        'image': image[0].permute(1, 2, 0).flatten().tolist(),
        'resized': [round(value, 9) for value in resized[0].permute(1, 2, 0).flatten().tolist()],
    }


generator = torch.Generator().manual_seed(SEED)
cases = [make_case(start, size, channels, generator) for start, size, channels in CASES]
made_by = f'scripts/golden/resize.py, torch {torch.__version__}, float64, seed {SEED}'
lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
FILE.parent.mkdir(parents=True, exist_ok=True)
FILE.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"cases":[\n{lines}\n]}}\n')
print(f'{FILE.name}: {len(cases)} cases')
