"""Golden adaptations in float64: LoRA, EWC, Fisher importance, DP-SGD without noise, and the least of a drawn head.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/adaptation.py

It writes src/train/golden/adaptation.json. Two small students stand in Keras' layouts: one dense, one with a convolution
of stride 2. Each run is some steps of PyTorch's SGD on all examples, along gradients that autograd derives from the
definition itself: of A and B through W0 + alpha/rank A B (Hu et al. 2022, arXiv:2106.09685, section 4.1), of the
penalty strength/2 sum F (w - w0)^2 (Kirkpatrick et al. 2017, arXiv:1612.00796, eq. 3), of each example by torch.func
(importance: their mean square; DP-SGD: Abadi et al. 2016, arXiv:1607.00133, algorithm 1). A head is brought to its
minimum by torch.optim.LBFGS, and by Newton's method to the last digits. What is given are integers k, read as k / 64. The
same seed gives the same file.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

SEED = 20267
RATE, STEPS = 0.25, 6
FILE = Path(__file__).resolve().parents[2] / 'src' / 'train' / 'golden' / 'adaptation.json'
# Of what a ReLU reads: a float32 run must stay on the same side of zero.
NEAREST = 1e-5


def dense(w, x):
    """What the ReLU reads, and logits."""
    before = x @ w['hidden/kernel'] + w['hidden/bias']
    return before, F.relu(before) @ w['logits/kernel'] + w['logits/bias']


def convolution(w, x):
    before = F.conv2d(x.permute(0, 3, 1, 2), w['hidden/kernel'].permute(3, 2, 0, 1), w['hidden/bias'], stride=2)
    # Keras flattens with channels last.
    return before, F.relu(before).permute(0, 2, 3, 1).flatten(1) @ w['logits/kernel'] + w['logits/bias']


# Forward pass, examples, one input, classes, and shapes of the weights.
STUDENTS = {
    'dense': (dense, 16, [6], 3, [[6, 8], [8], [8, 3], [3]]),
    'convolution': (convolution, 12, [6, 6, 2], 3, [[3, 3, 2, 4], [4], [16, 3], [3]]),
}
NAMES = ['hidden/kernel', 'hidden/bias', 'logits/kernel', 'logits/bias']

# Lots of examples by number, some of them empty; what they are divided by.
LOTS = [[0, 5, 2, 9], [], [7, 1], [3, 11, 5, 8, 2], [4], []]
LATE_LOTS = [[], [], [10, 4, 6], [], [1, 8, 3, 0, 9], [2, 11, 5, 7]]
EXPECTED_LOT = 3

# Options as limbeck takes them; importance and the clip norm are put in below.
RUNS = [
    ('low-rank', 'dense', {'learns': 'low-rank', 'rank': 2, 'alpha': 3}),
    ('low-rank', 'convolution', {'learns': 'low-rank', 'rank': 2, 'alpha': 1, 'withBiases': True}),
    ('anchored', 'dense', {'anchor': {'strength': 1.5}}),
    ('anchored low-rank', 'convolution', {'learns': 'low-rank', 'rank': 1, 'alpha': 1, 'anchor': {'strength': 2}}),
    ('private', 'dense', {'privacy': LOTS}),
    (
        'private low-rank',
        'convolution',
        {'learns': 'low-rank', 'rank': 2, 'alpha': 2, 'withBiases': True, 'privacy': LATE_LOTS},
    ),
]


def exact(k):
    return torch.tensor(np.array(k) / 64)


def numbers(tensor):
    return [float(f'{x:.9g}') for x in tensor.detach().flatten().tolist()]


def integers(tensor):
    return [round(x * 64) for x in tensor.flatten().tolist()]


def all_numbers(tensors, write=numbers):
    return {name: write(tensor) for name, tensor in tensors.items()}


def make_student(rng, name):
    forward, size, shape, classes, shapes = STUDENTS[name]
    width = [1, 4, 1, 4] if name == 'dense' else [2, 4, 2, 4]
    weights = {n: exact(rng.integers(-48, 49, s) // w) for n, s, w in zip(NAMES, shapes, width)}
    inputs = exact(rng.integers(-96, 97, [size, *shape]))
    return forward, weights, inputs, torch.tensor(rng.integers(0, classes, size))


def factors_of(rng, weights, rank):
    """A drawn, B zero, for each kernel seen as a matrix of C columns."""
    kernels = {n: w.reshape(-1, w.shape[-1]) for n, w in weights.items() if n.endswith('kernel')}
    for matrix in kernels.values():
        # limbeck lets others learn whole.
        assert rank * sum(matrix.shape) < matrix.numel()
    left = {n: exact(rng.integers(-32, 33, [m.shape[0], rank])) for n, m in kernels.items()}
    right = {n: torch.zeros(rank, m.shape[1]) for n, m in kernels.items()}
    return left, right


def run_of(rng, student, options):
    """One adaptation: what is given beside the options, what was learned, and all weights at the end."""
    forward, weights, inputs, labels = student
    given, learned, importance = {}, dict(weights), {}
    scale = options.get('alpha', 1) / options.get('rank', 1)
    if options.get('learns') == 'low-rank':
        left, right = factors_of(rng, weights, options['rank'])
        given['left'] = all_numbers(left, integers)
        learned = {**{f'{n}/A': a for n, a in left.items()}, **{f'{n}/B': b for n, b in right.items()}}
        if options.get('withBiases'):
            learned |= {n: w for n, w in weights.items() if n.endswith('bias')}
    if 'anchor' in options:
        # One weight is free.
        importance = {n: exact(rng.integers(0, 65, w.shape)) for n, w in weights.items() if n != 'hidden/bias'}
        given['importance'] = all_numbers(importance, integers)
    learned = {n: w.clone().requires_grad_() for n, w in learned.items()}

    def weights_of(learned):
        product = lambda n: (learned[f'{n}/A'] @ learned[f'{n}/B']).reshape(weights[n].shape)
        return {n: w + scale * product(n) if f'{n}/A' in learned else learned.get(n, w) for n, w in weights.items()}

    def loss_of(learned, x, y):
        return F.cross_entropy(forward(weights_of(learned), x)[1], y)

    def penalty():
        now = weights_of(learned)
        return options['anchor']['strength'] / 2 * sum((f * (now[n] - weights[n]) ** 2).sum() for n, f in importance.items())

    def check_sides():
        assert forward(weights_of(learned), inputs)[0].abs().min() > NEAREST

    optimizer = torch.optim.SGD(learned.values(), lr=RATE)
    if 'privacy' in options:
        lots = options['privacy']
        privacy = private_steps(optimizer, learned, loss_of, inputs, labels, lots, check_sides)
        options = {**options, 'privacy': privacy}
        given['order'] = sum(lots, [])
    else:
        losses = []
        for _ in range(STEPS):
            check_sides()
            loss = loss_of(learned, inputs, labels)
            losses.append(loss.item())
            optimizer.zero_grad()
            (loss + penalty() if importance else loss).backward()
            optimizer.step()
        given['losses'] = numbers(torch.tensor(losses))
    if 'left' in given:
        given['leftAfter'] = {n: numbers(learned[f'{n}/A']) for n in left}
        given['rightAfter'] = {n: numbers(scale * learned[f'{n}/B']) for n in left}
    return {'adaptation': options, **given, 'weights': all_numbers(weights_of(learned))}


def private_steps(optimizer, learned, loss_of, inputs, labels, lots, check_sides):
    """DP-SGD without noise; the clip norm is the median of the norms at the start."""
    gradient = torch.func.vmap(torch.func.grad(lambda p, x, y: loss_of(p, x[None], y[None])), (None, 0, 0))
    gradients_of = lambda examples: gradient({n: p.detach() for n, p in learned.items()}, inputs[examples], labels[examples])
    norms_of = lambda gradients: sum(g.square().flatten(1).sum(1) for g in gradients.values()).sqrt()
    clip = round(norms_of(gradients_of(list(range(len(labels))))).median().item() * 64) / 64
    norms = []
    for lot in lots:
        check_sides()
        if lot:
            gradients = gradients_of(lot)
            shares = torch.clamp(clip / norms_of(gradients), max=1)
            norms += norms_of(gradients).tolist()
        for n, p in learned.items():
            p.grad = torch.tensordot(shares, gradients[n], 1) / EXPECTED_LOT if lot else torch.zeros_like(p)
        optimizer.step()
    clipped = sum(norm > clip for norm in norms)
    assert 2 < clipped < len(norms) - 2, norms
    print(f'  {clipped} of {len(norms)} gradients clipped to {clip}')
    noise = {'noiseMultiplier': 0, 'noiseSeed': list(range(1, 9))}
    return {'clipNorm': clip, 'lots': [len(lot) for lot in lots], 'expectedLot': EXPECTED_LOT, **noise}


def importance_of(student):
    """Mean over examples of squared gradients, one example after the other."""
    forward, weights, inputs, labels = student
    assert forward(weights, inputs)[0].abs().min() > NEAREST
    sums = {n: torch.zeros_like(w) for n, w in weights.items()}
    for x, y in zip(inputs, labels):
        own = {n: w.clone().requires_grad_() for n, w in weights.items()}
        F.cross_entropy(forward(own, x[None])[1], y[None]).backward()
        for n, w in own.items():
            sums[n] += w.grad**2
    return all_numbers({n: s / len(inputs) for n, s in sums.items()})


def head_of(rng, l2, has_bias):
    size, width, classes = 20, 6, 4
    features = exact(rng.integers(-192, 193, [size, width]))
    logits = exact(rng.integers(-128, 129, [size, classes]))
    # Of 64ths that sum to one.
    targets = exact(rng.multinomial(64, [0.5, 0.3, 0.15, 0.05], size))
    targets = torch.stack([row[torch.tensor(rng.permutation(classes))] for row in targets])
    weights = exact(rng.integers(16, 129, size))
    length = features.square().sum(1).mean().sqrt()
    rows = features / length
    change = torch.zeros(width + has_bias, classes, requires_grad=True)

    def objective(change):
        added = rows @ change[:width] + (change[width] if has_bias else 0)
        costs = F.cross_entropy(logits + added, targets, reduction='none')
        return (weights * costs).sum() + l2 / 2 * change.square().sum()

    settings = {'tolerance_grad': 1e-12, 'tolerance_change': 0, 'line_search_fn': 'strong_wolfe'}
    optimizer = torch.optim.LBFGS([change], max_iter=500, **settings)

    def closure():
        optimizer.zero_grad()
        cost = objective(change)
        cost.backward()
        return cost

    start = optimizer.step(closure).item()
    near = change.detach().clone()
    # Where costs no longer differ in float64, gradients still do: the last digits are Newton's.
    for _ in range(3):
        bend = torch.func.hessian(objective)(change.detach()).reshape(change.numel(), -1)
        slope = torch.func.grad(objective)(change.detach())
        with torch.no_grad():
            change -= torch.linalg.solve(bend, slope.flatten()).reshape(change.shape)
    slope, minimum = torch.func.grad(objective)(change.detach()).norm().item(), objective(change).item()
    assert slope < 1e-10 and (change - near).abs().max() < 1e-5, slope
    print(f'head with l2 {l2}: from {start:.6f} to {minimum:.6f}, gradient {slope:.0e}')
    given = {'features': features, 'logits': logits, 'targets': targets, 'weights': weights}
    return {
        **{'size': size, 'width': width, 'classes': classes, 'l2': l2, 'hasBias': has_bias},
        **all_numbers(given, integers),
        'kernel': numbers(change[:width] / length),
        'bias': numbers(change[width:]),
        'minimum': float(f'{minimum:.12g}'),
    }


def main():
    torch.set_default_dtype(torch.float64)
    rng = np.random.default_rng(SEED)
    students = {name: make_student(rng, name) for name in STUDENTS}
    stored = {
        'madeBy': f'scripts/golden/adaptation.py, torch {torch.__version__}, numpy {np.__version__}, float64, seed {SEED}',
        'learningRate': RATE,
        'steps': STEPS,
        'students': {
            name: {
                'inputs': integers(inputs),
                'labels': labels.tolist(),
                'weights': all_numbers(weights, integers),
                'importance': importance_of(students[name]),
            }
            for name, (_, weights, inputs, labels) in students.items()
        },
        'runs': [],
    }
    for name, student, adaptation in RUNS:
        run = run_of(rng, students[student], adaptation)
        moved = max(np.abs(np.array(v) - students[student][1][n].flatten().numpy()).max() for n, v in run['weights'].items())
        print(f'{name}, {student}: moved by {moved:.3f}', run.get('losses', ''))
        stored['runs'].append({'name': name, 'student': student, **run})
    stored['heads'] = [head_of(rng, l2, has_bias) for l2, has_bias in ((0.03, True), (0.03, False), (1, True))]
    FILE.write_text(json.dumps(stored, separators=(',', ':')) + '\n')
    print(f'{FILE.name}  {FILE.stat().st_size} bytes')


if __name__ == '__main__':
    main()
