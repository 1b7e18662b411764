"""Golden means of several teachers' outputs, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/ensemble.py

It writes src/teacher/golden/ensemble.json. A logit is an integer k, read as scale * k / 16: exact in float32. For
'losses' there is the mean soft-target loss over the members and its gradient, to show that the terms add up.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20260
FILE = Path(__file__).resolve().parents[2] / 'src' / 'teacher' / 'golden' / 'ensemble.json'
# Shape of one member's output, weights, scale of the logits.
CASES = [
    ((3, 5), (1, 1), 1),
    ((2, 3, 4), (0.5, 2, 1), 1),
    ((4, 10), (3, 0, 1), 10),
    ((2, 6), (1, 1, 1), 100),
]
TEMPERATURES = (4, 2, 1)


def soft_targets(student, teacher, temperature):
    log_student = F.log_softmax(student / temperature, dim=-1)
    log_teacher = F.log_softmax(teacher / temperature, dim=-1)
    return temperature**2 * F.kl_div(log_student, log_teacher, reduction='batchmean', log_target=True)


def rounded(tensor):
    return [round(value, 9) for value in tensor.flatten().tolist()]


def make_case(shape, weights, scale, generator):
    members = torch.round(16 * torch.randn((len(weights), *shape), generator=generator)).to(torch.int64)
    logits = scale * members.double() / 16
    fractions = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    by_member = fractions.reshape(-1, *[1] * len(shape))
    probs = F.softmax(logits, dim=-1)
    # log Σ w p, by PyTorch's own log-sum-exp: exact where the probabilities are as small as e^-500.
    log_mean = torch.logsumexp(F.log_softmax(logits, dim=-1) + by_member.log(), dim=0)
    case = {
        'shape': list(shape),
        'weights': list(weights),
        'scale': scale,
        'members': [member.flatten().tolist() for member in members],
        'logits': rounded((by_member * logits).sum(0)),
        'probs': rounded(log_mean),
        # What the members' probabilities themselves give: a case where no logarithm is too small.
        'meanProbs': rounded((by_member * probs).sum(0)),
    }
    if len(shape) == 2:
        student = torch.round(16 * torch.randn(shape, generator=generator)).to(torch.int64)
        z = (student.double() / 16).requires_grad_()
        loss = sum(
            w * soft_targets(z, member, t) for w, member, t in zip(fractions, logits, TEMPERATURES, strict=False)
        )
        loss.backward()
        case['losses'] = {
            'student': student.flatten().tolist(),
            'temperatures': list(TEMPERATURES[: len(weights)]),
            'loss': round(loss.item(), 9),
            'gradient': rounded(z.grad),
        }
    return case


generator = torch.Generator().manual_seed(SEED)
cases = [make_case(*case, generator) for case in CASES]
made_by = f'scripts/golden/ensemble.py, torch {torch.__version__}, float64, seed {SEED}'
lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
FILE.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"cases":[\n{lines}\n]}}\n')
print(f'{FILE.name}: {len(cases)} cases, {FILE.stat().st_size} bytes')
