"""Golden values and gradients of the losses of online and self-distillation, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/lossesOnline.py
"""

import torch
import torch.nn.functional as F

from lossFile import write

SCRIPT = 'lossesOnline.py'


def kd(teacher, student, temperature):
    target = F.log_softmax(teacher.detach() / temperature, dim=1)
    own = F.log_softmax(student / temperature, dim=1)
    return temperature**2 * F.kl_div(own, target, reduction='batchmean', log_target=True)


def peers(student, output='logits'):
    return [tensor for name, tensor in student.items() if name.startswith(f'{output}.')]


def mutual(student, teacher, options, more):
    total = torch.zeros((), dtype=torch.float64)
    for i, own in enumerate(peers(student)):
        others = [peer for j, peer in enumerate(peers(student)) if j != i]
        said = torch.stack([kd(peer, own, options['temperature']) for peer in others]).mean()
        total = total + options['weight'] * said
        if options['labels']:
            total = total + F.cross_entropy(own, more.labels)
    return total


def collaborative(student, teacher, options, more):
    members = torch.stack(peers(student))
    if options['target'] == 'mean':
        target = members.mean(0)
    else:
        at_label = members.gather(2, more.labels.expand(len(members), -1).unsqueeze(2))
        target = (members - at_label).min(0).values
    total = torch.zeros((), dtype=torch.float64)
    for own in peers(student):
        total = total + options['weight'] * kd(target, own, options['temperature'])
        if options['labels']:
            total = total + F.cross_entropy(own, more.labels)
    return total


def gated_branches(student, teacher, options, more):
    weight = more.numbers[0] if more.numbers else options['weight']
    ensemble = student['logits']
    total = F.cross_entropy(ensemble, more.labels)
    for branch in peers(student):
        total = total + F.cross_entropy(branch, more.labels) + weight * kd(ensemble, branch, options['temperature'])
    return total


def early_exits(student, teacher, options, more):
    temperature, alpha = options['temperature'], options['alpha']

    def lesson(logits):
        if options['from'] == 'labels':
            return F.cross_entropy(logits, more.labels)
        return kd(teacher['logits'], logits, temperature)

    last = student['logits']
    total = lesson(last)
    for k in range(options['exits']):
        own = student[f'exit.{k}']
        total = total + (1 - alpha) * lesson(own) + alpha * kd(last, own, temperature)
        if 'hint' in options:
            target = student[options['hint']['layer']].detach()
            target = target.flatten(1, -2).mean(1) if target.dim() > 2 else target
            mapped = F.linear(student[f'features.exit.{k}'], more.parameters[f'exit{k}Kernel'].T, more.parameters[f'exit{k}Bias'])
            total = total + options['hint']['weight'] * F.mse_loss(mapped, target)
    return total


def consistency(student, teacher, options, more):
    own, target = student['logits'], teacher['self'].detach()
    if options['distance'] == 'mse':
        return F.mse_loss(F.softmax(own, dim=-1), F.softmax(target, dim=-1))
    rows = own.shape[:-1].numel()
    kl = F.kl_div(F.log_softmax(own, dim=-1), F.log_softmax(target, dim=-1), reduction='sum', log_target=True)
    return kl / rows


def progressive_targets(student, teacher, options, more):
    own, past = student['logits'], F.softmax(teacher['self'], dim=1)
    share = more.numbers[0]
    target = (1 - share) * F.one_hot(more.labels, own.shape[1]) + share * past
    return F.cross_entropy(own, target)


def main():
    pair = {'student': {'logits.0': (6, 5), 'logits.1': (6, 5)}, 'classes': 5}
    three = {'student': {f'logits.{k}': (4, 7) for k in range(3)}, 'classes': 7}
    choices = [
        {'labels': True, 'temperature': 1, 'weight': 1},
        {'labels': False, 'temperature': 1, 'weight': 1},
        {'labels': True, 'temperature': 3, 'weight': 0.5},
    ]
    for count, given in ((2, pair), (3, three)):
        write(SCRIPT, f'mutual{count}', mutual, [given], [{'students': count, **chosen} for chosen in choices])

    choices = [
        {'labels': True, 'temperature': 4, 'weight': 0.5, 'target': 'mean'},
        {'labels': False, 'temperature': 1, 'weight': 1, 'target': 'mean'},
        {'labels': True, 'temperature': 2, 'weight': 1, 'target': 'min-logit'},
    ]
    for count, given in ((2, pair), (3, three)):
        write(SCRIPT, f'collaborative{count}', collaborative, [given], [{'students': count, **chosen} for chosen in choices])

    gated = {'student': {'logits': (5, 6), 'logits.0': (5, 6), 'logits.1': (5, 6)}, 'classes': 6}
    ramp = {'type': 'sigmoid-ramp', 'to': 1, 'start': 0, 'end': 0.25}
    write(SCRIPT, 'gatedBranches', gated_branches, [gated], [{'branches': 2, 'temperature': 3, 'weight': w} for w in (1, 0.2)])
    ramped = {**gated, 'numbers': [0.375]}
    write(SCRIPT, 'gatedBranchesRamp', gated_branches, [ramped], [{'branches': 2, 'temperature': 2, 'weight': ramp}])

    outputs = {'logits': (5, 6), 'exit.0': (5, 6), 'exit.1': (5, 6)}
    of_labels = {'student': outputs, 'classes': 6}
    choices = [{'exits': 2, 'from': 'labels', 'alpha': a, 'temperature': t} for a, t in ((0.3, 3), (1, 1))]
    write(SCRIPT, 'earlyExits', early_exits, [of_labels], choices)
    of_teacher = {'student': outputs, 'teacher': {'logits': (5, 6)}}
    write(SCRIPT, 'earlyExitsTeacher', early_exits, [of_teacher], [{'exits': 2, 'from': 'teacher', 'alpha': 0.3, 'temperature': 3}])
    features = {'features.exit.0': (5, 3), 'features.exit.1': (5, 3), 'late': (5, 2, 2, 4)}
    maps = {'exit0Kernel': (3, 4), 'exit0Bias': (4,), 'exit1Kernel': (3, 4), 'exit1Bias': (4,)}
    hinted = {'student': {**outputs, **features}, 'classes': 6, 'parameters': maps}
    hint = {'exits': 2, 'from': 'labels', 'alpha': 0.3, 'temperature': 3, 'hint': {'layer': 'late', 'weight': 0.5}}
    write(SCRIPT, 'earlyExitsHint', early_exits, [hinted], [hint], [1])

    flat = {'student': {'logits': (6, 5)}, 'teacher': {'self': (6, 5)}}
    tokens = {'student': {'logits': (3, 4, 5)}, 'teacher': {'self': (3, 4, 5)}}
    write(SCRIPT, 'consistency', consistency, [flat, tokens], [{'distance': d} for d in ('mse', 'kl')])

    past = {**flat, 'classes': 5}
    for at, share in (('First', 0.0), ('Later', 0.4)):
        write(SCRIPT, f'progressiveTargets{at}', progressive_targets, [{**past, 'numbers': [share]}], [{'alpha': 0.8}])


if __name__ == '__main__':
    main()
