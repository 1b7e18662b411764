"""Golden values and gradients of the losses on sequences.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/lossesSequences.py

It writes src/losses/golden/<loss>.json; lossFile.py says how. The loss is PyTorch's own ctc_loss, in float64.
"""

import torch
import torch.nn.functional as F
from lossFile import write

# Repeated classes, an empty label, one that takes every step there is, and one with no blank to spare between repeats.
SHORT = {'student': {'logits': (4, 5, 4)}, 'sequences': [[1, 1, 2, -1], [-1, -1, -1, -1], [1, 2, 3, 1], [3, 3, 3, -1]]}
LONG = {'student': {'logits': (3, 20, 12)}, 'sequences': [[3, 1, 4, 1, 5, 9, 2, 6], [5, 3, 5, 5, -1, -1, -1, -1], [11, -1, -1, -1, -1, -1, -1, -1]]}
ONE = {'student': {'logits': (1, 1, 3)}, 'sequences': [[2]]}
# For a blank that is the last class, as in Keras.
LAST = {'student': {'logits': (2, 6, 5)}, 'sequences': [[0, 0, 1], [3, 2, -1]]}
# The first two need more steps than there are.
INFEASIBLE = {'student': {'logits': (3, 4, 3)}, 'sequences': [[1, 1, 1, -1], [1, 2, 2, 1], [2, 1, -1, -1]]}


def ctc(student, teacher, options, more):
    logits, sequences = student['logits'], more.sequences
    steps = torch.full((logits.shape[0],), logits.shape[1])
    return F.ctc_loss(
        F.log_softmax(logits, 2).transpose(0, 1),
        sequences.clamp(min=0),
        steps,
        (sequences >= 0).sum(1),
        blank=options.get('blank', 0),
        reduction=options.get('reduction', 'mean'),
        zero_infinity=options.get('zeroInfinity', False),
    )


# The next token at each position, -1 where nothing counts: in front, behind, everywhere.
TOKENS = {
    'student': {'logits': (4, 3, 5)},
    'teacher': {'logits': (4, 3, 5)},
    'sequences': [[1, 4, 0], [-1, 2, 3], [4, -1, -1], [-1, -1, -1]],
}
ONE_TOKEN = {'student': {'logits': (1, 1, 6)}, 'teacher': {'logits': (1, 1, 6)}, 'sequences': [[2]]}


def next_token(student, teacher, options, more):
    return F.cross_entropy(student['logits'].flatten(0, 1), more.sequences.flatten(), ignore_index=-1)


def taught_tokens(student, teacher, options, more):
    counts, t = (more.sequences >= 0).double(), options.get('temperature', 4)
    logs = [F.log_softmax(side['logits'] / t, 2) for side in (student, teacher)]
    values = t**2 * F.kl_div(*logs, reduction='none', log_target=True).sum(2)
    return (values * counts).sum() / counts.sum()


def main():
    script = 'lossesSequences.py'
    write(script, 'ctc', ctc, [SHORT, LONG, ONE], [{}, {'reduction': 'sum'}])
    write(script, 'perToken', taught_tokens, [TOKENS, ONE_TOKEN], [{'temperature': 1}, {'temperature': 4}])
    write(script, 'perTokenLabels', next_token, [TOKENS, ONE_TOKEN], [{}])
    write(script, 'ctcLastBlank', ctc, [LAST], [{'blank': 4}])
    write(script, 'ctcZeroInfinity', ctc, [INFEASIBLE], [{'zeroInfinity': True}, {'zeroInfinity': True, 'reduction': 'sum'}])


if __name__ == '__main__':
    main()
