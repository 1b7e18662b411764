"""Writes golden values and gradients of losses: what the scripts named losses*.py share.

A loss is a function (student, teacher, options, more) of float64 tensors by name, written from its formula in PyTorch.
`more` holds what it reads beside them: labels, sequences, indices, parameters, numbers. An input is an integer k, read as
scale * k / 16 (parameters as k / 16): exact in float32, so both sides compute from the very same numbers.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import torch

SEED = 20260
FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'losses' / 'golden'
# Above this many values a gradient is kept at some places only, so that the files stay small.
MOST_VALUES = 100


def write(script, name, loss, inputs, options, scales=(1, 4)):
    """Writes src/losses/golden/<name>.json: every option with every input at every scale.

    `inputs` is a list of such as
        {'student': {'logits': (8, 10)}, 'teacher': {'logits': (8, 10)}, 'classes': 10, 'examples': 100,
         'parameters': {'kernel': (4, 6)}, 'fixed': {'bank': (100, 16)}, 'numbers': [0.5]}
    of which only `student` must be there. `classes` adds labels, of which the first `unlabelled` are −1, and `examples` indices; `parameters` are trained, `fixed`
    are parameters without a gradient. `sequences` are lists of equal length, with −1 behind the end of each.
    """
    generator = torch.Generator().manual_seed(SEED)
    made = {input_name(given): make_inputs(given, generator) for given in inputs}
    cases = [
        make_case(loss, key, stored, scale, chosen) for chosen in options for key, stored in made.items() for scale in scales
    ]
    lines = ',\n'.join(dumped(case) for case in cases)
    public = {key: {part: held for part, held in stored.items() if part != 'trained'} for key, stored in made.items()}
    stored = ',\n'.join(f'{json.dumps(key)}:{dumped(held)}' for key, held in public.items())
    made_by = f'scripts/golden/{script}, torch {torch.__version__}, float64, seed {SEED}'
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f'{name}.json'
    path.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"inputs":{{\n{stored}}},\n"cases":[\n{lines}\n]}}\n')


def dumped(value):
    return json.dumps(value, separators=(',', ':'))


def input_name(given):
    parts = [f"{side} {name} {'x'.join(map(str, shape))}" for side in ('student', 'teacher') for name, shape in given.get(side, {}).items()]
    return ', '.join(parts)


def make_inputs(given, generator):
    stored = {side: make_side(given[side], generator) for side in ('student', 'teacher') if side in given}
    rows = next(iter(given['student'].values()))[0]
    if 'classes' in given:
        stored['labels'] = torch.randint(given['classes'], (rows,), generator=generator).tolist()
        missing = given.get('unlabelled', 0)
        stored['labels'][:missing] = [-1] * missing
    if 'sequences' in given:
        held = given['sequences']
        stored['sequences'] = {'shape': [len(held), len(held[0])], 'values': [value for row in held for value in row]}
    if 'examples' in given:
        stored['indices'] = torch.randperm(given['examples'], generator=generator)[:rows].tolist()
    parameters = {**given.get('parameters', {}), **given.get('fixed', {})}
    if parameters:
        stored['parameters'] = make_side(parameters, generator)
    if 'numbers' in given:
        stored['numbers'] = list(given['numbers'])
    stored['trained'] = list(given.get('parameters', {}))
    return stored


def make_side(shapes, generator):
    side = {}
    for name, shape in shapes.items():
        k = torch.round(16 * torch.randn(shape, generator=generator, dtype=torch.float64)).to(torch.int64)
        side[name] = {'shape': list(shape), 'k': k.flatten().tolist()}
        count = k.numel()
        if count > MOST_VALUES:
            side[name]['at'] = sorted({(197 * i) % count for i in range(40)})
    return side


def make_case(loss, key, stored, scale, options):
    def tensors(side, by):
        held = stored.get(side, {})
        return {
            name: torch.tensor(values['k'], dtype=torch.float64).reshape(values['shape']) * by / 16
            for name, values in held.items()
        }

    student, teacher, parameters = tensors('student', scale), tensors('teacher', scale), tensors('parameters', 1)
    trained = [parameters[name].requires_grad_() for name in stored['trained']]
    sources = [tensor.requires_grad_() for tensor in student.values()] + trained
    more = SimpleNamespace(
        labels=torch.tensor(stored['labels']) if 'labels' in stored else None,
        sequences=torch.tensor(stored['sequences']['values']).reshape(stored['sequences']['shape']) if 'sequences' in stored else None,
        indices=torch.tensor(stored['indices']) if 'indices' in stored else None,
        parameters=parameters,
        numbers=stored.get('numbers'),
    )
    value = loss(student, teacher, options, more)
    gradients = torch.autograd.grad(value, sources, allow_unused=True, materialize_grads=True)
    names = list(student) + [f'parameters/{name}' for name in stored['trained']]
    held = {**stored['student'], **{f'parameters/{name}': of for name, of in stored.get('parameters', {}).items()}}
    gradient = {}
    for name, slopes in zip(names, gradients):
        flat = slopes.flatten().tolist()
        gradient[name] = [rounded(flat[i]) for i in held[name].get('at', range(len(flat)))]
    return {'inputs': key, 'scale': scale, 'options': options, 'value': rounded(value.item()), 'gradient': gradient}


def rounded(number):
    return float(f'{number:.9g}')
