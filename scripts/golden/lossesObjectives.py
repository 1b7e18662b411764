"""Golden values of the losses that objectives need: adaptation without a source, and learning without forgetting."""

import torch
import torch.nn.functional as F
from lossFile import write


def information_maximization(student, teacher, options, more):
    dist = torch.distributions.Categorical(logits=student['logits'])
    if 'exampleWeights' in options:
        weights = teacher[options['exampleWeights']].flatten()
        weights = weights / weights.sum()
    else:
        weights = torch.full((len(student['logits']),), 1 / len(student['logits']), dtype=torch.float64)
    certain = (weights * dist.entropy()).sum()
    diverse = torch.distributions.Categorical(probs=weights @ dist.probs).entropy()
    return options.get('certainty', 1) * certain - options.get('diversity', 1) * diverse


def former_outputs(student, teacher, options, more):
    first, last = options.get('classes', [0, teacher['logits'].shape[1]])
    temperature = options.get('temperature', 2)
    return F.kl_div(
        F.log_softmax(student['logits'][:, first:last] / temperature, 1),
        F.log_softmax(teacher['logits'] / temperature, 1),
        reduction='batchmean',
        log_target=True,
    )


SCRIPT = 'lossesObjectives.py'
write(
    SCRIPT,
    'informationMaximization',
    information_maximization,
    [{'student': {'logits': (6, 4)}}, {'student': {'logits': (16, 10)}}],
    [{}, {'certainty': 0.5, 'diversity': 2}, {'certainty': 1, 'diversity': 0}],
)
write(
    SCRIPT,
    'formerOutputs',
    former_outputs,
    [{'student': {'logits': (6, 9)}, 'teacher': {'logits': (6, 5)}}],
    [{}, {'classes': [3, 8], 'temperature': 1}, {'classes': [4, 9], 'temperature': 4}],
)
