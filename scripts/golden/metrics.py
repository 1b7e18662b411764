"""Golden values of the metrics, and of what is told about a teacher: from their formulas, in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/metrics.py

It writes src/train/metrics/golden/metrics.json and src/distill/golden/temperature.json. The negative log-likelihood is
PyTorch's cross_entropy; the calibration error is equation 3 of Guo et al. 2017 (arXiv:1706.04599), bin by bin, with bins
that are open below and closed above; temperatures are fitted with PyTorch's LBFGS on the logarithm of the temperature,
or, for an entropy, on the squared distance from it. Logits are integers k, read as scale * k / 16. The same seed gives
the same files.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

SEED = 20263
SOURCE = Path(__file__).resolve().parents[2] / 'src'


def calibration_error(logits, labels, bins=15):
    confidences, classes = F.softmax(logits, 1).max(1)
    total = 0.0
    for k in range(bins):
        inside = (confidences > k / bins) & (confidences <= (k + 1) / bins)
        if inside.any():
            accuracy = (classes[inside] == labels[inside]).double().mean()
            total += inside.double().mean() * (accuracy - confidences[inside].mean()).abs()
    return float(total)


def entropy(logits):
    return torch.distributions.Categorical(logits=logits).entropy().mean()


def jensen_shannon(first, second):
    """Mean over the rows, by the two divergences from the middle."""
    p, q = F.softmax(first, 1), F.softmax(second, 1)
    middle = ((p + q) / 2).log()
    return float((F.kl_div(middle, p, reduction='batchmean') + F.kl_div(middle, q, reduction='batchmean')) / 2)


def fitted(objective):
    """The temperature that makes the objective least."""
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [log_temperature], max_iter=500, tolerance_grad=1e-14, tolerance_change=1e-16, line_search_fn='strong_wolfe'
    )

    def closure():
        optimizer.zero_grad()
        loss = objective(log_temperature.exp())
        loss.backward()
        return loss

    optimizer.step(closure)
    return float(log_temperature.detach().exp())


def write(path, cases):
    made_by = f'scripts/golden/metrics.py, torch {torch.__version__}, float64, seed {SEED}'
    lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"madeBy":{json.dumps(made_by)},"cases":[\n{lines}\n]}}\n')


def metric_cases(generator):
    for count, classes, scale in [(1, 2, 1), (6, 1, 1), (64, 10, 0.25), (64, 10, 4), (50, 3, 1), (30, 100, 2)]:
        logits = torch.randint(-32, 33, (count, classes), generator=generator)
        labels = torch.randint(classes, (count,), generator=generator)
        # A third of them right, so that accuracies are neither 0 nor chance.
        labels = torch.where(torch.arange(count) % 3 == 0, logits.argmax(1), labels)
        values = scale * logits.double() / 16
        yield {
            'shape': [count, classes],
            'scale': scale,
            'logits': logits.flatten().tolist(),
            'labels': labels.tolist(),
            'accuracy': float((values.argmax(1) == labels).double().mean()),
            'negativeLogLikelihood': float(F.cross_entropy(values, labels)),
            'calibrationError': calibration_error(values, labels),
            'entropy': float(entropy(values)),
            # From the same answers in the opposite order of examples.
            'jensenShannon': jensen_shannon(values, values.flip(0)),
        }


def temperature_cases(generator):
    for count, classes, scale, truth in [(120, 10, 2, 2.5), (120, 10, 2, 1), (150, 5, 1, 0.4), (200, 2, 4, 6)]:
        logits = torch.randint(-32, 33, (count, classes), generator=generator)
        values = scale * logits.double() / 16
        labels = torch.multinomial(F.softmax(values / truth, 1), 1, generator=generator)[:, 0]
        yield {
            'shape': [count, classes],
            'scale': scale,
            'logits': logits.flatten().tolist(),
            'labels': labels.tolist(),
            'temperature': fitted(lambda t: F.cross_entropy(values / t, labels)),
            'forEntropy': {
                str(fraction): fitted(lambda t: (entropy(values / t) / torch.tensor(classes).log() - fraction) ** 2)
                for fraction in (0.3, 0.5, 0.8)
            },
        }


generator = torch.Generator().manual_seed(SEED)
write(SOURCE / 'train' / 'metrics' / 'golden' / 'metrics.json', list(metric_cases(generator)))
write(SOURCE / 'distill' / 'golden' / 'temperature.json', list(temperature_cases(generator)))
