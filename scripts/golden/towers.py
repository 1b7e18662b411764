"""Golden outputs and gradients of the students with several inputs or outputs, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/towers.py

It writes src/student/golden/towers.json. Weights, inputs and the factors of the outputs are integers k, read as k / 64, or token
ids: exact in float32. A weight has the name that the layer gives it, and tfjs's layout. The gradient is that of the sum of all outputs, each
number times its factor.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED, UNIT = 20264, 64
FILE = Path(__file__).resolve().parents[2] / 'src' / 'student' / 'golden' / 'towers.json'


class Weights:
    """Makes a weight when the network first asks for it."""

    def __init__(self, generator):
        self.generator, self.held, self.integers = generator, {}, {}

    def __call__(self, name, *shape):
        if name not in self.held:
            k = torch.randint(-UNIT, UNIT + 1, shape, generator=self.generator)
            self.integers[name] = k
            self.held[name] = (k.double() / UNIT).requires_grad_()
        return self.held[name]

    def dense(self, name, x, units):
        return x @ self(f'{name}/kernel', x.shape[-1], units) + self(f'{name}/bias', units)


def tower(weights, name, x, options):
    width, hidden, is_tokens = options['width'], options.get('hidden', []), options.get('reads') != 'features'
    if is_tokens:
        table = weights(f'{name}_tokens/embeddings', options['vocabulary'], width)
        bags = F.embedding_bag(x.reshape(-1, x.shape[-1]), table, mode='mean', padding_idx=0)
        # An empty bag is zeros; token 0 of PyTorch does not count either.
        x = bags.reshape(*x.shape[:-1], width)
    for i, units in enumerate(hidden):
        x = F.relu(weights.dense(f'{name}_dense_{i + 1}', x, units))
    return x if is_tokens and not hidden else weights.dense(f'{name}_vector', x, width)


def two_tower(weights, inputs, options):
    is_shared = options.get('towers') != 'separate'
    q = tower(weights, 'tower' if is_shared else 'query_tower', inputs['query'], options)
    c = tower(weights, 'tower' if is_shared else 'candidate_tower', inputs['candidates'], options)
    if options.get('similarity') == 'cosine':
        scores = 20 * F.cosine_similarity(q[:, None], c, dim=2)
    else:
        scores = torch.einsum('bf,bnf->bn', q, c)
    return {'scores': scores, 'queryVector': q, 'candidateVectors': c}


def autoencoder(weights, inputs, options):
    x, hidden = inputs['input'], options['hidden']
    shape, h = x.shape, x.flatten(1)
    for i, units in enumerate(hidden):
        h = F.relu(weights.dense(f'encoder_{i + 1}', h, units))
    code = h = weights.dense('code', h, options['code'])
    for i, units in enumerate(reversed(hidden)):
        h = F.relu(weights.dense(f'decoder_{i + 1}', h, units))
    last = 'reconstruction' if len(shape) == 2 else 'decoded'
    return {'reconstruction': weights.dense(last, h, shape[1:].numel()).reshape(shape), 'code': code}


TOKENS = {'queryLength': 4, 'candidateLength': 6, 'vocabulary': 7, 'width': 3}
FEATURES = {'reads': 'features', 'queryLength': 5, 'candidateLength': 5, 'width': 3}
# Student, network, options, and inputs: a shape, and the number of tokens if they are some.
CASES = [
    ('twoTower', two_tower, TOKENS, {'query': ([2, 4], 7), 'candidates': ([2, 3, 6], 7)}),
    ('twoTower', two_tower, {**TOKENS, 'hidden': [5, 4]}, {'query': ([2, 4], 7), 'candidates': ([2, 3, 6], 7)}),
    ('twoTower', two_tower, {**TOKENS, 'towers': 'separate'}, {'query': ([2, 4], 7), 'candidates': ([2, 5, 6], 7)}),
    ('twoTower', two_tower, {**FEATURES, 'hidden': [4]}, {'query': ([2, 5], 0), 'candidates': ([2, 3, 5], 0)}),
    (
        'twoTower',
        two_tower,
        {**FEATURES, 'candidateLength': 4, 'towers': 'separate', 'similarity': 'cosine'},
        {'query': ([3, 5], 0), 'candidates': ([3, 4, 4], 0)},
    ),
    ('autoencoder', autoencoder, {'inputShape': [6], 'hidden': [5, 4], 'code': 2}, {'input': ([3, 6], 0)}),
    ('autoencoder', autoencoder, {'inputShape': [3, 2, 2], 'hidden': [7], 'code': 3}, {'input': ([2, 3, 2, 2], 0)}),
]


def integers(tensor):
    return {'shape': list(tensor.shape), 'k': tensor.flatten().tolist()}


def rounded(tensor):
    return {'shape': list(tensor.shape), 'values': [float(f'{x:.9g}') for x in tensor.detach().flatten().tolist()]}


def make(student, network, options, given, generator):
    weights = Weights(generator)
    held = {
        name: torch.randint(tokens, shape, generator=generator)
        if tokens
        else torch.randint(-2 * UNIT, 2 * UNIT + 1, shape, generator=generator)
        for name, (shape, tokens) in given.items()
    }
    inputs = {name: k if given[name][1] else k.double() / UNIT for name, k in held.items()}
    outputs = network(weights, inputs, options)
    factors = {name: torch.randint(-UNIT, UNIT + 1, y.shape, generator=generator) for name, y in outputs.items()}
    total = sum((y * factors[name] / UNIT).sum() for name, y in outputs.items())
    slopes = torch.autograd.grad(total, list(weights.held.values()))
    return {
        'student': student,
        'options': options,
        'tokens': sorted(name for name, (_, tokens) in given.items() if tokens),
        'inputs': {name: integers(k) for name, k in held.items()},
        'weights': {name: integers(k) for name, k in weights.integers.items()},
        'outputs': {name: rounded(y) for name, y in outputs.items()},
        'factors': {name: integers(k) for name, k in factors.items()},
        'gradient': {name: rounded(slope) for name, slope in zip(weights.held, slopes)},
    }


generator = torch.Generator().manual_seed(SEED)
cases = [make(*case, generator) for case in CASES]
made_by = f'scripts/golden/towers.py, torch {torch.__version__}, float64, seed {SEED}'
lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
FILE.write_text(f'{{"madeBy":{json.dumps(made_by)},"unit":{UNIT},"cases":[\n{lines}\n]}}\n')
print(f'{FILE.name}  {FILE.stat().st_size} bytes')
