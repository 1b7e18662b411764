"""Golden values and gradients of losses that combine others, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/lossesCombined.py
"""

import math

import torch
import torch.nn.functional as F

from lossFile import write

SCRIPT = 'lossesCombined.py'


def soft_targets(student, teacher, temperature):
    """Of each example."""
    log_student = F.log_softmax(student['logits'] / temperature, dim=-1)
    log_teacher = F.log_softmax(teacher['logits'] / temperature, dim=-1)
    return temperature**2 * F.kl_div(log_student, log_teacher, reduction='none', log_target=True).sum(-1)


def cross_entropy(student, labels):
    return F.cross_entropy(student['logits'], labels, reduction='none')


def scheduled(student, teacher, options, more):
    """A fixed weight, and two that come with the step."""
    moving, second = more.numbers
    return (
        0.5 * soft_targets(student, teacher, 1).mean()
        + moving * soft_targets(student, teacher, 4).mean()
        + second * cross_entropy(student, more.labels).mean()
    )


def uncertainty(student, teacher, options, more):
    """Gaussian likelihoods of deviation exp(s / 2), without their constant; the first loss is such a sum itself."""
    inner = gaussian(
        more.parameters['0/logVariances'],
        [cross_entropy(student, more.labels).mean(), soft_targets(student, teacher, 2).mean()],
    )
    return gaussian(more.parameters['logVariances'], [inner, soft_targets(student, teacher, 4).mean()])


def gaussian(log_variances, losses):
    deviations = torch.exp(log_variances / 2)
    return sum(loss / (2 * sigma**2) + torch.log(sigma) for loss, sigma in zip(losses, deviations))


def example_weighted(student, teacher, options, more):
    values = soft_targets(student, teacher, 1)
    judged = torch.distributions.Categorical(logits=teacher['logits'] / options.get('temperature', 1))
    best, classes = judged.probs.max(-1)
    kind = options.get('kind', 'confidence')
    weights = {
        'confidence': (best >= options.get('threshold', 0.95)).double(),
        'soft-confidence': torch.where(best >= options.get('threshold', 0), best, torch.zeros_like(best)),
        'entropy': 1 - judged.entropy() / math.log(teacher['logits'].shape[-1]),
        'label-agreement': (classes == more.labels).double(),
    }[kind]
    total = weights.sum() if options.get('normalizeBy') == 'weights' else len(weights)
    return (weights * values).sum() / total if total > 0 else 0 * values.sum()


SHAPES = [(8, 10), (5, 100)]


def logits(rows, classes, **more):
    shape = (rows, classes)
    return {'student': {'logits': shape}, 'teacher': {'logits': shape}, 'classes': classes, **more}


def main():
    write(SCRIPT, 'weightedScheduled', scheduled, [logits(*shape, numbers=[0.375, 1.25]) for shape in SHAPES], [{}])
    variances = {'logVariances': (2,), '0/logVariances': (2,)}
    write(SCRIPT, 'uncertaintyWeighted', uncertainty, [logits(*shape, parameters=variances) for shape in SHAPES], [{}])
    write(
        SCRIPT,
        'exampleWeighted',
        example_weighted,
        [logits(*shape) for shape in SHAPES],
        [
            {},
            {'kind': 'confidence', 'threshold': 0.5, 'normalizeBy': 'weights'},
            {'kind': 'soft-confidence', 'temperature': 2},
            {'kind': 'soft-confidence', 'threshold': 0.4, 'normalizeBy': 'weights'},
            {'kind': 'entropy'},
            {'kind': 'entropy', 'normalizeBy': 'weights', 'temperature': 4},
            {'kind': 'label-agreement'},
            {'kind': 'label-agreement', 'normalizeBy': 'weights'},
        ],
        # So flat that no teacher is sure enough, and so steep that most are.
        scales=(1, 8),
    )


if __name__ == '__main__':
    main()
