"""Golden outputs and gradients of LSTM and GRU over whole sequences, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/recurrent.py

It writes src/runtime/ops/golden/<layer>.json. Where PyTorch has the layer (a sigmoid in the gates; a GRU whose reset gate
comes after the recurrent product) values and gradients are those of torch.nn.LSTM and torch.nn.GRU, with the weights
brought into their order. What it lacks (hardSigmoid, the reset before the product) is written out below, step by step,
and only its gradients are PyTorch's. The same seed gives the same files. An input is an integer k, read as k / 16: exact
in float32, so both sides compute from the very same numbers. The gradients are those of Σ weight · output.
"""

import json
from pathlib import Path

import torch
from torch.func import functional_call

SEED = 20260
FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'runtime' / 'ops' / 'golden'
# Batch, time, features, units.
SIZES = [(1, 1, 1, 1), (2, 5, 3, 4), (7, 3, 2, 5)]


def hard_sigmoid(x):
    return torch.clamp(0.2 * x + 0.5, 0, 1)


GATES = {'sigmoid': torch.sigmoid, 'hardSigmoid': hard_sigmoid}


def torch_lstm(t, options):
    features, units = t['kernel'].shape[0], t['recurrentKernel'].shape[0]
    module = torch.nn.LSTM(features, units, batch_first=True, dtype=torch.float64)
    parameters = {
        'weight_ih_l0': t['kernel'].T,
        'weight_hh_l0': t['recurrentKernel'].T,
        'bias_ih_l0': t['bias'],
        'bias_hh_l0': torch.zeros_like(t['bias']),
    }
    outputs, (_, cell) = functional_call(module, parameters, (t['x'], (t['h0'][None], t['c0'][None])))
    return {'outputs': outputs, 'lastCell': cell[0]}


def written_lstm(t, options):
    gate = GATES[options['recurrentActivation']]
    h, c, outputs = t['h0'], t['c0'], []
    for step in range(t['x'].shape[1]):
        z = t['x'][:, step] @ t['kernel'] + h @ t['recurrentKernel'] + t['bias']
        i, f, g, o = z.chunk(4, dim=1)
        c = gate(f) * c + gate(i) * torch.tanh(g)
        h = gate(o) * torch.tanh(c)
        outputs.append(h)
    return {'outputs': torch.stack(outputs, 1), 'lastCell': c}


def torch_gru(t, options):
    features, units = t['kernel'].shape[0], t['recurrentKernel'].shape[0]
    module = torch.nn.GRU(features, units, batch_first=True, dtype=torch.float64)

    def ordered(tensor):
        update, reset, candidate = tensor.split(units, dim=-1)
        return torch.cat([reset, update, candidate], dim=-1)

    parameters = {
        'weight_ih_l0': ordered(t['kernel']).T,
        'weight_hh_l0': ordered(t['recurrentKernel']).T,
        'bias_ih_l0': ordered(t['bias']),
        'bias_hh_l0': ordered(t['recurrentBias']),
    }
    outputs, _ = functional_call(module, parameters, (t['x'], t['h0'][None]))
    return {'outputs': outputs}


def written_gru(t, options):
    gate = GATES[options['recurrentActivation']]
    units = t['recurrentKernel'].shape[0]
    h, outputs = t['h0'], []
    for step in range(t['x'].shape[1]):
        of_x = (t['x'][:, step] @ t['kernel'] + t['bias']).split(units, dim=1)
        matrices = t['recurrentKernel'].split(units, dim=1)
        update = gate(of_x[0] + h @ matrices[0])
        reset = gate(of_x[1] + h @ matrices[1])
        candidate = torch.tanh(of_x[2] + (reset * h) @ matrices[2])
        h = update * h + (1 - update) * candidate
        outputs.append(h)
    return {'outputs': torch.stack(outputs, 1)}


LAYERS = {
    'lstm': (
        4,
        ['h0', 'c0'],
        [
            (torch_lstm, {'recurrentActivation': 'sigmoid'}),
            (written_lstm, {'recurrentActivation': 'hardSigmoid'}),
        ],
    ),
    'gru': (
        3,
        ['h0'],
        [
            (torch_gru, {'recurrentActivation': 'sigmoid', 'resetAfter': True}),
            (written_gru, {'recurrentActivation': 'sigmoid', 'resetAfter': False}),
            (written_gru, {'recurrentActivation': 'hardSigmoid', 'resetAfter': False}),
        ],
    ),
}


def integers(shape, scale, generator):
    return torch.round(16 * scale * torch.randn(shape, generator=generator, dtype=torch.float64))


def rounded(tensor):
    return [float(f'{number:.8g}') for number in tensor.detach().flatten().tolist()]


def make_case(size, gates, states, layer, options, generator):
    batch, time, features, units = size
    shapes = {
        'x': (batch, time, features),
        'kernel': (features, gates * units),
        'recurrentKernel': (units, gates * units),
        'bias': (gates * units,),
        **({'recurrentBias': (gates * units,)} if options.get('resetAfter') else {}),
        **{state: (batch, units) for state in states},
    }
    k = {name: integers(shape, 0.6 if name == 'recurrentKernel' else 1, generator) for name, shape in shapes.items()}
    inputs = {name: (value / 16).requires_grad_() for name, value in k.items()}
    results = layer(inputs, options)
    weights = {name: integers(result.shape, 1, generator) for name, result in results.items()}
    loss = sum((weights[name] / 16 * result).sum() for name, result in results.items())
    gradients = torch.autograd.grad(loss, list(inputs.values()))
    return {
        'options': options,
        'by': 'torch' if layer.__name__.startswith('torch') else 'written out',
        'inputs': {name: {'shape': list(shapes[name]), 'k': value.int().flatten().tolist()} for name, value in k.items()},
        'weights': {name: value.int().flatten().tolist() for name, value in weights.items()},
        'results': {name: rounded(result) for name, result in results.items()},
        'gradients': {name: rounded(gradient) for name, gradient in zip(inputs, gradients)},
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, (gates, states, variants) in LAYERS.items():
        generator = torch.Generator().manual_seed(SEED)
        cases = [
            make_case(size, gates, states, layer, options, generator)
            for layer, options in variants
            for size in SIZES
        ]
        lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
        made_by = f'scripts/golden/recurrent.py, torch {torch.__version__}, float64, seed {SEED}'
        path = FOLDER / f'{file}.json'
        path.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"cases":[\n{lines}\n]}}\n')
        print(f'{path.name}  {path.stat().st_size} bytes  {len(cases)} cases')


if __name__ == '__main__':
    main()
