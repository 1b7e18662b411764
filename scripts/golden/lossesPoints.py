"""Golden values of the losses that compare points and boxes."""

import torch
from lossFile import write


def point_distance(student, teacher, options, more):
    w, curvature = options.get('width', 0.04), options.get('curvature', 0.008)
    x = (student['points'] - teacher['points']).abs()
    c = w - w * torch.log(torch.tensor(1 + w / curvature, dtype=torch.float64))
    return torch.where(x < w, w * torch.log(1 + x / curvature), x - c).mean()


def corners(boxes):
    """Algorithm 2 of the paper, line 1: the corners in order."""
    x1, y1, x2, y2 = boxes.reshape(-1, 4).unbind(1)
    return torch.min(x1, x2), torch.min(y1, y2), torch.max(x1, x2), torch.max(y1, y2)


def box_overlap(student, teacher, options, more):
    px1, py1, px2, py2 = corners(student['boxes'])
    gx1, gy1, gx2, gy2 = corners(teacher['boxes'])
    # Lines 2 to 9: areas, intersection, smallest enclosing box, IoU, GIoU.
    own, given = (px2 - px1) * (py2 - py1), (gx2 - gx1) * (gy2 - gy1)
    ix1, iy1, ix2, iy2 = torch.max(px1, gx1), torch.max(py1, gy1), torch.min(px2, gx2), torch.min(py2, gy2)
    shared = torch.where((ix2 > ix1) & (iy2 > iy1), (ix2 - ix1) * (iy2 - iy1), torch.zeros_like(own))
    around = (torch.max(px2, gx2) - torch.min(px1, gx1)) * (torch.max(py2, gy2) - torch.min(py1, gy1))
    union = own + given - shared
    giou = shared / union - (around - union) / around
    return (1 - giou).mean()


SCRIPT = 'lossesPoints.py'
write(
    SCRIPT,
    'pointDistance',
    point_distance,
    [{'student': {'points': shape}, 'teacher': {'points': shape}} for shape in ((6, 5, 2), (3, 21, 2))],
    # Widths that no distance is equal to: distances are whole numbers here.
    [{}, {'width': 18.5, 'curvature': 4}, {'width': 40.5, 'curvature': 16}],
    scales=(16, 32),
)
# Shapes whose numbers hold no coordinate twice: where two are equal, the slope is not defined.
write(
    SCRIPT,
    'boxOverlap',
    box_overlap,
    [{'student': {'boxes': shape}, 'teacher': {'boxes': shape}} for shape in ((3, 4), (1, 2, 2), (3, 2, 4))],
    [{}],
    scales=(64, 256),
)
