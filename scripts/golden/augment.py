"""Writes src/data/golden/augment.json: images drawn at new places, by PyTorch's grid_sample in float64."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

HEIGHT, WIDTH, CHANNELS = 7, 6, 2
PLACEMENTS = [
    {},
    {'right': 2, 'down': -1},
    {'right': 0.25, 'down': 1.5},
    {'radians': 0.3},
    {'size': 1.25},
    {'size': 0.6},
    {'lean': 0.4},
    {'mirrorsX': True},
    {'mirrorsX': True, 'mirrorsY': True, 'radians': -1.1, 'size': 0.9, 'lean': -0.2, 'right': 1.3, 'down': -0.7},
]
FILLS = [0, 9]


def place(image, placement, fill):
    """Turn · lean · size · mirror about the middle, then moved: the matrix is inverted as a whole, not by its parts."""
    of = {'right': 0, 'down': 0, 'radians': 0, 'size': 1, 'lean': 0, 'mirrorsX': False, 'mirrorsY': False, **placement}
    angle = torch.tensor(float(of['radians']), dtype=torch.float64)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    lean = torch.tensor([[1, of['lean']], [0, 1]], dtype=torch.float64)
    mirror = torch.diag(torch.tensor([-1.0 if of['mirrorsX'] else 1.0, -1.0 if of['mirrorsY'] else 1.0], dtype=torch.float64))
    matrix = torch.linalg.inv(turn @ lean @ (of['size'] * mirror))
    y, x = torch.meshgrid(torch.arange(HEIGHT, dtype=torch.float64), torch.arange(WIDTH, dtype=torch.float64), indexing='ij')
    middle = torch.tensor([(WIDTH - 1) / 2, (HEIGHT - 1) / 2], dtype=torch.float64)
    moved = torch.stack([x, y], -1) - middle - torch.tensor([of['right'], of['down']], dtype=torch.float64)
    source = moved @ matrix.T + middle
    grid = 2 * source / torch.tensor([WIDTH - 1, HEIGHT - 1], dtype=torch.float64) - 1
    drawn = F.grid_sample((image - fill).permute(2, 0, 1)[None], grid[None], mode='bilinear', padding_mode='zeros', align_corners=True)
    return (drawn[0].permute(1, 2, 0) + fill).flatten().tolist()


generator = torch.Generator().manual_seed(1)
image = torch.randint(0, 256, (HEIGHT, WIDTH, CHANNELS), generator=generator).to(torch.float64)
cases = [
    {'placement': placement, 'fill': fill, 'result': [round(value, 6) for value in place(image, placement, fill)]}
    for placement in PLACEMENTS
    for fill in FILLS
]
golden = {
    'madeBy': f'scripts/golden/augment.py, torch {torch.__version__}, float64',
    'shape': [HEIGHT, WIDTH, CHANNELS],
    'image': image.to(torch.int64).flatten().tolist(),
    'cases': cases,
}
path = Path(__file__).resolve().parents[2] / 'src' / 'data' / 'golden' / 'augment.json'
path.write_text(json.dumps(golden, separators=(',', ':')) + '\n')
