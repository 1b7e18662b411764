"""Golden values and gradients of the losses, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/losses.py

It writes src/losses/golden/<loss>.json. Every loss is PyTorch's own function, not our formula written again, and every
gradient is PyTorch's own. The same seed gives the same files. An input is an integer k, read as scale * k / 16: exact
in float32, so both sides compute from the very same numbers.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20260
FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'losses' / 'golden'
SHAPES = [(1, 2), (8, 10), (5, 1000)]
SCALES = [1, 10, 100]
TEMPERATURES = [1, 2, 4, 20]
# Above this many values a gradient is kept at some places only, so that the files stay small.
MOST_VALUES = 100


def soft_targets(student, teacher, labels, options):
    temperature = options['temperature']
    log_student = F.log_softmax(student / temperature, dim=-1)
    log_teacher = F.log_softmax(teacher / temperature, dim=-1)
    return temperature**2 * F.kl_div(log_student, log_teacher, reduction='batchmean', log_target=True)


def cross_entropy(student, teacher, labels, options):
    return F.cross_entropy(student, labels)


def weighted(student, teacher, labels, options):
    terms = {'softTargets': soft_targets, 'crossEntropy': cross_entropy}
    parts = [t['weight'] * terms[t['name']](student, teacher, labels, t['options']) for t in options['terms']]
    return torch.stack(parts).sum()


def term(weight, name, **options):
    return {'weight': weight, 'name': name, 'options': options}


def mixture(*terms):
    return {'terms': list(terms)}


LOSSES = {
    'softTargets': (soft_targets, [{'temperature': t} for t in TEMPERATURES]),
    'crossEntropy': (cross_entropy, [{}]),
    'weighted': (
        weighted,
        [
            mixture(term(0.9, 'softTargets', temperature=4), term(0.1, 'crossEntropy')),
            mixture(
                term(2, 'softTargets', temperature=1),
                term(0, 'crossEntropy'),
                term(0.5, 'softTargets', temperature=20),
            ),
        ],
    ),
}


def integers(shape, generator):
    return torch.round(16 * torch.randn(shape, generator=generator, dtype=torch.float64)).to(torch.int64)


def make_inputs(shape, generator, has_teacher, has_labels):
    """One set of inputs: the integers k by side and output, and labels. `at`: where a gradient is kept, if not all."""
    student, teacher = integers(shape, generator).tolist(), integers(shape, generator).tolist()
    labels = torch.randint(shape[1], (shape[0],), generator=generator).tolist()
    stored = {'student': {'logits': {'shape': list(shape), 'k': sum(student, [])}}}
    if shape[0] * shape[1] > MOST_VALUES:
        stored['student']['logits']['at'] = places(student, teacher, labels)
    if has_teacher:
        stored['teacher'] = {'logits': {'shape': list(shape), 'k': sum(teacher, [])}}
    if has_labels:
        stored['labels'] = labels
    return stored


def places(student, teacher, labels):
    """Each row's most likely classes, its label, and five others."""
    chosen = set()
    for row, (of_student, of_teacher, label) in enumerate(zip(student, teacher, labels)):
        classes = len(of_student)
        columns = [of_student.index(max(of_student)), of_teacher.index(max(of_teacher)), label]
        columns += [(197 * i + 31 * row) % classes for i in range(5)]
        chosen.update(row * classes + column for column in columns)
    return sorted(chosen)


def rounded(number):
    return float(f'{number:.9g}')


def make_case(loss, name, inputs, scale, options):
    def tensor(side):
        if side not in inputs:
            return None
        logits = inputs[side]['logits']
        return torch.tensor(logits['k'], dtype=torch.float64).reshape(logits['shape']) * scale / 16

    student = tensor('student').requires_grad_()
    labels = torch.tensor(inputs['labels']) if 'labels' in inputs else None
    value = loss(student, tensor('teacher'), labels, options)
    (gradient,) = torch.autograd.grad(value, student)
    flat = gradient.flatten().tolist()
    at = inputs['student']['logits'].get('at', range(len(flat)))
    return {
        'inputs': name,
        'scale': scale,
        'options': options,
        'value': rounded(value.item()),
        'gradient': {'logits': [rounded(flat[i]) for i in at]},
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, (loss, all_options) in LOSSES.items():
        generator = torch.Generator().manual_seed(SEED)
        has_teacher, has_labels = file != 'crossEntropy', file != 'softTargets'
        inputs = {'x'.join(map(str, s)): make_inputs(s, generator, has_teacher, has_labels) for s in SHAPES}
        cases = [
            make_case(loss, name, inputs[name], scale, options)
            for options in all_options
            for name in inputs
            for scale in SCALES
        ]
        lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
        stored = ',\n'.join(f'{json.dumps(n)}:{json.dumps(i, separators=(",", ":"))}' for n, i in inputs.items())
        made_by = f'scripts/golden/losses.py, torch {torch.__version__}, float64, seed {SEED}'
        path = FOLDER / f'{file}.json'
        path.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"inputs":{{\n{stored}}},\n"cases":[\n{lines}\n]}}\n')
        print(f'{path.name}  {path.stat().st_size} bytes  {len(cases)} cases')


if __name__ == '__main__':
    main()
