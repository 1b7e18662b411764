"""Golden values and gradients of the losses on relations between examples, made with PyTorch in float64.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/lossesRelation.py
"""

import math

import torch
import torch.nn.functional as F

from lossFile import write

SCRIPT = 'lossesRelation.py'


def rows(tensor):
    return tensor.flatten(1)


def both(student, teacher):
    return rows(student['logits']), rows(teacher['logits'])


def similarity(student, teacher, options, more):
    s, t = both(student, teacher)
    return F.mse_loss(F.normalize(s @ s.T, dim=1), F.normalize(t @ t.T, dim=1))


def contrastive(student, teacher, options, more):
    s, t = both(student, teacher)
    held = more.parameters
    s = F.normalize(s @ held['studentKernel'] + held['studentBias'], dim=1)
    t = F.normalize(t @ held['teacherKernel'] + held['teacherBias'], dim=1)
    targets = torch.arange(len(s))

    def direction(anchors, others, bank):
        cosines = anchors @ others.T
        if bank is not None:
            # Place j of the bank holds example j of ten; the places beyond are empty.
            place = torch.arange(len(bank))
            hidden = (place >= 10) | (place == more.indices[:, None])
            cosines = torch.cat([cosines, (anchors @ bank.T).masked_fill(hidden, -torch.inf)], 1)
        return F.cross_entropy(cosines / options['temperature'], targets)

    return (direction(s, t, held.get('teacherBank')) + direction(t, s, held.get('studentBank'))) / 2


def distances(e):
    apart = ~torch.eye(len(e), dtype=torch.bool)
    found = torch.zeros(len(e), len(e), dtype=e.dtype)
    found[apart] = (e[:, None] - e[None])[apart].norm(dim=-1)
    return found / found[apart].mean()


def relation_distance(student, teacher, options, more):
    s, t = both(student, teacher)
    return F.smooth_l1_loss(distances(s), distances(t))


def angles(e):
    away = F.normalize(e[None] - e[:, None], dim=2)
    return away @ away.transpose(1, 2)


def relation_angle(student, teacher, options, more):
    s, t = both(student, teacher)
    return F.smooth_l1_loss(angles(s), angles(t))


def cosines(e):
    return F.cosine_similarity(e[:, None], e[None], dim=2)


def probability_transfer(student, teacher, options, more):
    s, t = ((cosines(e) + 1) / 2 for e in both(student, teacher))
    s, t = (of / of.sum(1, keepdim=True) for of in (s, t))
    return (t * torch.log((t + 1e-7) / (s + 1e-7))).sum(1).mean()


def correlation_congruence(student, teacher, options, more):
    gamma, order = options.get('gamma', 0.4), options.get('order', 2)

    def kernel(e):
        terms = [(2 * gamma) ** p / math.factorial(p) * cosines(e) ** p for p in range(order + 1)]
        return math.exp(-2 * gamma) * sum(terms)

    s, t = both(student, teacher)
    return F.mse_loss(kernel(s), kernel(t))


def hard_dark_rank(student, teacher, options, more):
    s, t = (F.normalize(e, dim=1) for e in both(student, teacher))
    examples = len(s)

    def apart(e, i):
        return torch.stack([(e[i] - e[j]).norm() for j in range(examples) if j != i])

    rows = []
    for i in range(examples):
        order = apart(t, i).argsort()[: options['neighbors']]
        scores = -options['alpha'] * apart(s, i)[order] ** options['beta']
        rows.append(sum(torch.logsumexp(scores[n:], 0) - scores[n] for n in range(len(scores))))
    return torch.stack(rows).mean()


def local_structure(student, teacher, options, more):
    examples = len(student['logits'])
    others = ~torch.eye(examples, dtype=torch.bool)

    def squares(e):
        return ((e[:, None] - e[None]) ** 2).sum(2)

    s, t = (squares(e) for e in both(student, teacher))
    rows = []
    for i in range(examples):
        near = t[i].masked_fill(~others[i], torch.inf).argsort()[: min(options['neighbors'], examples - 1)]
        shares = [F.log_softmax(torch.exp(-of[i][near] / (options['scale'] * of[others].mean())), 0) for of in (s, t)]
        rows.append(F.kl_div(*shares, reduction='sum', log_target=True))
    return torch.stack(rows).mean()


def instance_graph(student, teacher, options, more):
    outputs = options.get('outputs', ['logits'])

    def edges(e):
        squares = ((e[:, None] - e[None]) ** 2).sum(2)
        return squares / squares.max()

    pairs = zip(outputs, options.get('teacherOutputs', outputs))
    return torch.stack([F.mse_loss(edges(rows(student[a])), edges(rows(teacher[b]))) for a, b in pairs]).mean()


def multi_head_relation(student, teacher, options, more):
    held, length = more.parameters, options['headLength']
    s, t = (F.normalize(e, dim=1) for e in both(student, teacher))
    s, t = s @ held['studentViews'], t @ held['teacherViews']
    heads = []
    for ours, theirs in zip(s.split(length, 1), t.split(length, 1)):
        ours, theirs = (F.log_softmax(of @ of.T / math.sqrt(length), 1) for of in (ours, theirs))
        heads.append(F.kl_div(ours, theirs, reduction='batchmean', log_target=True))
    return torch.stack(heads).mean()


def relational_representation(student, teacher, options, more):
    s, t = both(student, teacher)
    held = more.parameters
    s = F.normalize(s @ held['studentKernel'] + held['studentBias'], dim=1)
    t = F.normalize(t @ held['teacherViews'], dim=1)
    others = torch.cat([t, held['teacherBank']]) if 'teacherBank' in held else t
    target = torch.softmax(t @ others.T / options['teacherTemperature'], 1)
    return F.kl_div(torch.log_softmax(s @ others.T / options['temperature'], 1), target, reduction='batchmean')


def main():
    flat = {'student': {'logits': (8, 6)}, 'teacher': {'logits': (8, 10)}}
    maps = {'student': {'logits': (4, 2, 2, 3)}, 'teacher': {'logits': (4, 9)}}
    write(SCRIPT, 'similarity', similarity, [flat, maps], [{}])
    write(SCRIPT, 'relationDistance', relation_distance, [flat, maps], [{}])
    write(SCRIPT, 'relationAngle', relation_angle, [flat, maps], [{}])
    write(SCRIPT, 'probabilityTransfer', probability_transfer, [flat, maps], [{}])
    write(SCRIPT, 'correlationCongruence', correlation_congruence, [flat, maps], [{}, {'gamma': 1, 'order': 4}])
    ranks = [{'neighbors': 4, 'alpha': 3, 'beta': 3}, {'neighbors': 2, 'alpha': 1, 'beta': 2}]
    write(SCRIPT, 'hardDarkRank', hard_dark_rank, [flat, maps], ranks, [4, 8])
    graphs = [{'neighbors': 8, 'scale': 1}, {'neighbors': 3, 'scale': 0.25}]
    write(SCRIPT, 'localStructure', local_structure, [flat, maps], graphs)

    layers = {'student': {'first': (5, 2, 2, 2), 'last': (5, 4)}, 'teacher': {'early': (5, 7), 'late': (5, 3, 2)}}
    names = {'outputs': ['first', 'last'], 'teacherOutputs': ['early', 'late']}
    write(SCRIPT, 'instanceGraph', instance_graph, [layers], [names])

    heads = {
        **{'student': {'logits': (7, 6)}, 'teacher': {'logits': (7, 5)}},
        **{'parameters': {'studentViews': (6, 6)}, 'fixed': {'teacherViews': (5, 6)}},
    }
    views = [{'heads': 2, 'headLength': 3}, {'heads': 1, 'headLength': 6}]
    write(SCRIPT, 'multiHeadRelation', multi_head_relation, [heads], views)

    projections = {'studentKernel': (6, 4), 'studentBias': (4,), 'teacherKernel': (5, 4), 'teacherBias': (4,)}
    pair = {'student': {'logits': (7, 6)}, 'teacher': {'logits': (7, 5)}, 'parameters': projections}
    banks = {'studentBank': (12, 4), 'teacherBank': (12, 4)}
    kept = {'student': {'logits': (6, 3, 2)}, 'teacher': {'logits': (6, 5)}, 'parameters': projections, 'fixed': banks, 'examples': 10}
    plain = [{'temperature': t, 'embeddingLength': 4} for t in (0.07, 0.5)]
    write(SCRIPT, 'contrastive', contrastive, [pair], plain, [1, 4])
    write(SCRIPT, 'contrastiveBank', contrastive, [kept], [{'temperature': 0.5, 'embeddingLength': 4, 'bank': 12}], [4])

    seen = {
        **{'student': {'logits': (7, 6)}, 'teacher': {'logits': (7, 5)}},
        **{'parameters': {'studentKernel': (6, 4), 'studentBias': (4,)}, 'fixed': {'teacherViews': (5, 4)}},
    }
    remembered = {**seen, 'fixed': {**seen['fixed'], 'teacherBank': (9, 4)}}
    sharp = [{'temperature': s, 'teacherTemperature': t, 'embeddingLength': 4} for s, t in ((0.1, 0.02), (0.5, 0.5))]
    write(SCRIPT, 'relationalRepresentation', relational_representation, [seen], sharp)
    write(SCRIPT, 'relationalRepresentationBank', relational_representation, [remembered], [{**sharp[1], 'bank': 9}])


if __name__ == '__main__':
    main()
