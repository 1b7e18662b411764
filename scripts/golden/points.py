"""Golden values of soft-argmax, and of the metrics of points and boxes, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/points.py

It writes src/student/layers/golden/softArgmax.json and src/train/metrics/golden/points.json. Numbers of maps, points and boxes are
integers k, read as k / 16: exact in float32. The soft-argmax is the marginal form of Nibali et al. 2018: the mean of x under the
softmax's column sums, and of y under its row sums. The gradient is that of the sum of all coordinates, each times its factor.
"""

import json
from pathlib import Path

import torch

SEED, UNIT = 20265, 16
SOURCE = Path(__file__).resolve().parents[2] / 'src'


def whole(shape, generator, deviation=UNIT):
    return torch.round(deviation * torch.randn(shape, generator=generator, dtype=torch.float64)).to(torch.int64)


def rounded(tensor):
    return [float(f'{x:.9g}') for x in tensor.detach().flatten().tolist()]


def soft_argmax(maps):
    b, h, w, p = maps.shape
    shares = maps.permute(0, 3, 1, 2).reshape(b, p, -1).softmax(-1).reshape(b, p, h, w)
    x = (shares.sum(2) * (torch.arange(w, dtype=torch.float64) + 0.5) / w).sum(-1)
    y = (shares.sum(3) * (torch.arange(h, dtype=torch.float64) + 0.5) / h).sum(-1)
    return torch.stack([x, y], -1)


def map_case(shape, scale, generator):
    k = whole(shape, generator)
    maps = (scale * k.double() / UNIT).requires_grad_()
    points = soft_argmax(maps)
    factors = whole(points.shape, generator)
    (slopes,) = torch.autograd.grad((points * factors / UNIT).sum(), [maps])
    return {
        'shape': list(shape),
        'scale': scale,
        'maps': k.flatten().tolist(),
        'points': rounded(points),
        'factors': factors.flatten().tolist(),
        'gradient': rounded(slopes),
    }


def point_case(shape, generator):
    teacher = whole(shape, generator, 4 * UNIT)
    student = teacher + whole(shape, generator, UNIT // 2)
    errors = torch.linalg.vector_norm((student - teacher).double(), dim=2)
    box = teacher.double().amax(1) - teacher.double().amin(1)
    by_diagonal = errors / torch.linalg.vector_norm(box, dim=1, keepdim=True)
    by_pair = errors / torch.linalg.vector_norm((teacher[:, 0] - teacher[:, 1]).double(), dim=1, keepdim=True)
    return {
        'shape': list(shape),
        'student': student.flatten().tolist(),
        'teacher': teacher.flatten().tolist(),
        'normalizedMeanError': by_diagonal.mean().item(),
        'normalizedMeanErrorByPair': by_pair.mean().item(),
        'correctPoints': (by_diagonal <= 0.05).double().mean().item(),
        'correctPointsByPair': (by_pair <= 0.2).double().mean().item(),
    }


def box_case(shape, generator):
    """Overlaps by counting unit squares: the boxes have whole corners."""
    boxes = torch.randint(0, 24, (2, *shape), generator=generator)
    # Half of the boxes are near each other.
    boxes[1, ::2] = (boxes[0, ::2] + torch.randint(-2, 3, boxes[0, ::2].shape, generator=generator)).clamp(0, 24)
    columns = torch.arange(24)

    def covers(box):
        x1, y1, x2, y2 = box.tolist()
        across = (columns >= min(x1, x2)) & (columns < max(x1, x2))
        down = (columns >= min(y1, y2)) & (columns < max(y1, y2))
        return down[:, None] & across[None, :]

    overlaps = []
    for own, given in zip(*boxes.reshape(2, -1, 4)):
        a, b = covers(own), covers(given)
        overlaps.append((a & b).sum().double() / (a | b).sum().clamp(min=1))
    return {
        'shape': list(shape),
        'student': boxes[0].flatten().tolist(),
        'teacher': boxes[1].flatten().tolist(),
        'meanOverlap': torch.stack(overlaps).mean().item(),
    }


def write(path, **held):
    made_by = f'scripts/golden/points.py, torch {torch.__version__}, float64, seed {SEED}'
    parts = [f'"madeBy":{json.dumps(made_by)}', f'"unit":{UNIT}']
    for name, cases in held.items():
        lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
        parts.append(f'"{name}":[\n{lines}\n]')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{' + ','.join(parts) + '}\n')


generator = torch.Generator().manual_seed(SEED)
write(
    SOURCE / 'student' / 'layers' / 'golden' / 'softArgmax.json',
    cases=[
        map_case(shape, scale, generator)
        for shape, scale in (((2, 3, 5, 2), 1), ((1, 8, 8, 3), 4), ((3, 1, 4, 1), 2), ((2, 4, 1, 2), 16))
    ],
)
write(
    SOURCE / 'train' / 'metrics' / 'golden' / 'points.json',
    points=[point_case(shape, generator) for shape in ((6, 5, 2), (1, 2, 2), (4, 9, 3))],
    boxes=[box_case(shape, generator) for shape in ((8, 4), (3, 4, 4), (5, 2, 2))],
)
