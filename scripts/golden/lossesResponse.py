"""Golden values and gradients of the losses on what a model answers: logits, scores and plain numbers.

Run from the repository's root, with Debian's python3-torch:

    /usr/bin/python3 scripts/golden/lossesResponse.py

It writes src/losses/golden/<loss>.json; lossFile.py says how. Formulas are those of the papers, written with PyTorch's
own functions, and every gradient is PyTorch's own.
"""

import torch
import torch.nn.functional as F
from lossFile import write

SCRIPT = 'lossesResponse.py'
EQUAL = {'student': {'logits': (8, 10)}, 'teacher': {'logits': (8, 10)}}
PAIR = {'student': {'logits': (2, 3)}, 'teacher': {'logits': (2, 3)}}
TOKENS = {'student': {'logits': (3, 4, 5)}, 'teacher': {'logits': (3, 4, 5)}}
WIDE = {'student': {'logits': (4, 1000)}, 'teacher': {'logits': (4, 1000)}}
LABELLED = [{**PAIR, 'classes': 3}, {**EQUAL, 'classes': 10}, {**WIDE, 'classes': 1000}]


def soft_divergence(student, teacher, temperature):
    """T² KL(teacher ‖ student), mean over the rows."""
    rows = (-1, student.shape[-1])
    return temperature**2 * F.kl_div(
        F.log_softmax(student.reshape(rows) / temperature, 1),
        F.log_softmax(teacher.reshape(rows) / temperature, 1),
        reduction='batchmean',
        log_target=True,
    )


def without_label(logits, labels):
    """[B, C] → [B, C − 1]."""
    classes = torch.arange(logits.shape[1])
    return torch.stack([row[classes != label] for row, label in zip(logits, labels)])


def decoupled_targets(student, teacher, options, more):
    s, t = student['logits'], teacher['logits']
    labels = torch.where(more.labels < 0, t.argmax(1), more.labels)
    temperature = options.get('temperature', 4)

    def target_and_rest(logits):
        p = F.softmax(logits / temperature, 1)
        of_label = p[torch.arange(len(labels)), labels]
        return torch.stack([of_label, without_label(p, labels).sum(1)], 1)

    tckd = F.kl_div(target_and_rest(s).log(), target_and_rest(t), reduction='batchmean') * temperature**2
    nckd = soft_divergence(without_label(s, labels), without_label(t, labels), temperature)
    return options.get('alpha', 1) * tckd + options.get('beta', 8) * nckd


def distribution_correlation(student, teacher, options, more):
    temperature = options.get('temperature', 1)
    s, t = (F.softmax(side['logits'].flatten(0, -2) / temperature, 1) for side in (student, teacher))

    def distance(a, b):
        a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
        return 1 - ((a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-8)).mean()

    between, within = options.get('betweenClasses', 1), options.get('withinClasses', 1)
    return temperature**2 * (between * distance(s, t) + within * distance(s.T, t.T))


def standardized_targets(student, teacher, options, more):
    def standardized(logits):
        return (logits - logits.mean(-1, keepdim=True)) / (1e-7 + logits.std(-1, keepdim=True))

    return soft_divergence(standardized(student['logits']), standardized(teacher['logits']), options.get('temperature', 2))



def logit_regression(student, teacher, options, more):
    return F.mse_loss(student['logits'], teacher['logits'])


def soft_cross_entropy(student, teacher, options, more):
    temperature = options.get('temperature', 4)
    s, t = (side['logits'].flatten(0, -2) / temperature for side in (student, teacher))
    return temperature**2 * F.cross_entropy(s, F.softmax(t, 1))


def label_smoothing(student, teacher, options, more):
    logits, labels, alpha = student['logits'], more.labels, options.get('alpha', 0.1)
    if options.get('spread') == 'all':
        return F.cross_entropy(logits, labels, label_smoothing=alpha)
    targets = torch.full_like(logits, alpha / (logits.shape[1] - 1))
    targets[torch.arange(len(labels)), labels] = 1 - alpha
    return F.cross_entropy(logits, targets)


def multi_level_targets(student, teacher, options, more):
    s, t = student['logits'], teacher['logits']
    parts = []
    for temperature in options.get('temperatures', [2, 3, 4, 5, 6]):
        p, q = F.softmax(t / temperature, 1), F.softmax(s / temperature, 1)
        of_classes = (p.T @ p - q.T @ q).square().sum() / s.shape[1]
        of_batch = (p @ p.T - q @ q.T).square().sum() / s.shape[0]
        parts.append(soft_divergence(s, t, temperature))
        parts.append(options.get('classWeight', 1) * of_classes + options.get('batchWeight', 1) * of_batch)
    return torch.stack(parts).sum()


def normalized_targets(student, teacher, options, more):
    s, t, labels = student['logits'], teacher['logits'], more.labels
    temperature = options.get('temperature', 1)
    of_label = torch.gather(F.softmax(t, 1), 1, labels[:, None])[:, 0]
    target = (of_label * F.cross_entropy(s, labels, reduction='none')).mean()
    others = F.cross_entropy(
        without_label(s, labels) / temperature, F.softmax(without_label(t, labels) / temperature, 1)
    )
    return target + options.get('gamma', 1.5) * temperature**2 * others


def weighted_soft_labels(student, teacher, options, more):
    s, t, temperature = student['logits'], teacher['logits'], options.get('temperature', 4)
    of_student, of_teacher = (F.cross_entropy(side.detach(), more.labels, reduction='none') for side in (s, t))
    weights = 1 - torch.exp(-of_student / (of_teacher + 1e-7))
    soft = F.cross_entropy(s / temperature, F.softmax(t / temperature, 1), reduction='none')
    return temperature**2 * (weights * soft).mean()


def teacher_free(student, teacher, options, more):
    logits, confidence = student['logits'], options.get('confidence', 0.99)
    virtual = torch.full_like(logits, (1 - confidence) / (logits.shape[1] - 1))
    virtual[torch.arange(len(logits)), more.labels] = confidence
    return soft_divergence(logits, virtual.log(), options.get('temperature', 20))


def generalized_divergence(student, teacher, options, more):
    beta, temperature = options.get('beta', 0.5), options.get('temperature', 1)
    q, p = (F.softmax(side['logits'].flatten(0, -2) / temperature, 1) for side in (student, teacher))

    def kl(a, b):
        return (a * (a.log() - b.log())).sum(1).mean()

    if beta == 0:
        return temperature**2 * kl(p, q)
    if beta == 1:
        return temperature**2 * kl(q, p)
    middle = beta * p + (1 - beta) * q
    return temperature**2 * (beta * kl(p, middle) + (1 - beta) * kl(q, middle))


def class_wise(student, teacher, options, more):
    logits, labels, temperature = student['logits'], more.labels.tolist(), options.get('temperature', 4)
    rows = []
    for i, label in enumerate(labels):
        order = [(i + step) % len(labels) for step in range(1, len(labels))]
        mate = next((j for j in order if labels[j] == label), None)
        if mate is not None:
            rows.append(soft_divergence(logits[i : i + 1], logits[mate : mate + 1].detach(), temperature))
    return torch.stack(rows).sum() / len(labels) if rows else logits.sum() * 0


def bounded_regression(student, teacher, options, more):
    s, t, truth = student['values'], teacher['values'], teacher['target']
    of_student, of_teacher = ((side - truth).square().flatten(1).mean(1) for side in (s, t))
    return (of_student * (of_student + options.get('margin', 0) > of_teacher)).mean()


def regression(student, teacher, options, more):
    s, t = student['values'], teacher['values']
    if options.get('measure') == 'huber':
        return F.huber_loss(s, t, delta=options.get('delta', 1))
    return F.mse_loss(s, t)


def margin_mse(student, teacher, options, more):
    s, t = student['scores'], teacher['scores']
    return F.mse_loss(s[:, :1] - s[:, 1:], t[:, :1] - t[:, 1:])


def rank_net(student, teacher, options, more):
    sigma, rows = options.get('sigma', 1), []
    for s, t in zip(student['scores'], teacher['scores']):
        is_above = t[:, None] > t[None, :]
        rows.append(F.softplus(-sigma * (s[:, None] - s[None, :]))[is_above].mean())
    return torch.stack(rows).mean()


def list_net(student, teacher, options, more):
    return F.cross_entropy(student['scores'], F.softmax(teacher['scores'], 1))


def in_teachers_order(student, teacher):
    order = torch.sort(teacher['scores'], dim=1, descending=True, stable=True).indices
    return torch.gather(student['scores'], 1, order)


def position_weights(count, decay):
    return F.softmax(-torch.arange(count, dtype=torch.float64) / decay if decay else torch.zeros(count).double(), 0)


def list_mle(student, teacher, options, more):
    s = in_teachers_order(student, teacher)
    return (s.flip(1).logcumsumexp(1).flip(1) - s).mean()


def relaxed_ranking(student, teacher, options, more):
    s = in_teachers_order(student, teacher)
    top = min(options.get('top', 10), s.shape[1])
    first, others = s[:, :top], s[:, top:].exp().sum(1, keepdim=True)
    left = (first.exp().flip(1).cumsum(1).flip(1) + others).log()
    return ((left - first) * position_weights(top, options.get('decay'))).sum(1).mean()


def rank_distil(student, teacher, options, more):
    s = in_teachers_order(student, teacher)
    top = min(options.get('top', 10), s.shape[1])
    relevant = -F.logsigmoid(s[:, :top]) @ position_weights(top, options.get('decay', 10))
    beyond = F.binary_cross_entropy_with_logits(s[:, top:], torch.zeros_like(s[:, top:])) if top < s.shape[1] else 0
    return relevant.mean() + options.get('others', 1) * beyond


def quantile_regression(student, teacher, options, more):
    levels, parts = options.get('quantiles', [0.05, 0.5, 0.95]), []
    for j, level in enumerate(levels):
        d = teacher['quantiles'] - student['quantiles'][:, j : j + 1]
        parts.append(torch.where(d > 0, level * d, (level - 1) * d).mean())
    return torch.stack(parts).mean()


def mixed_regression(student, teacher, options, more):
    s, t, truth, alpha = student['values'], teacher['values'], teacher['target'], options.get('alpha', 0.5)
    if options.get('measure') == 'huber':
        of = lambda other: F.huber_loss(s, other, reduction='none', delta=options.get('delta', 1)).flatten(1).mean(1)
    else:
        of = lambda other: F.mse_loss(s, other, reduction='none').flatten(1).mean(1)
    error = (t - truth).square().flatten(1).mean(1)
    trust = (1 - error / options['distrust']).clamp(min=0) if 'distrust' in options else 1
    return (alpha * of(truth) + (1 - alpha) * trust * of(t)).mean()

write(
    SCRIPT,
    'decoupledTargets',
    decoupled_targets,
    [*LABELLED, {'student': {'logits': (6, 5)}, 'teacher': {'logits': (6, 5)}, 'classes': 5, 'unlabelled': 3}],
    [{}, {'temperature': 1, 'alpha': 2, 'beta': 0.5}, {'temperature': 20}],
)
write(
    SCRIPT,
    'distributionCorrelation',
    distribution_correlation,
    [EQUAL, TOKENS],
    [{}, {'temperature': 4}, {'betweenClasses': 0.5, 'withinClasses': 2, 'temperature': 2}],
)
write(
    SCRIPT,
    'standardizedTargets',
    standardized_targets,
    [PAIR, EQUAL, TOKENS, WIDE],
    [{}, {'temperature': 4}],
    # Where a row varies little, slopes are steep and finite differences coarse.
    scales=(4, 16),
)
write(SCRIPT, 'logitRegression', logit_regression, [PAIR, EQUAL, TOKENS], [{}])
write(SCRIPT, 'softCrossEntropy', soft_cross_entropy, [EQUAL, TOKENS, WIDE], [{}, {'temperature': 1}])
write(
    SCRIPT,
    'labelSmoothing',
    label_smoothing,
    [{'student': given['student'], 'classes': given['classes']} for given in LABELLED],
    [{}, {'alpha': 0.3}, {'spread': 'all'}],
)
write(
    SCRIPT,
    'multiLevelTargets',
    multi_level_targets,
    [PAIR, EQUAL],
    [{}, {'temperatures': [1], 'classWeight': 3, 'batchWeight': 0.5}, {'temperatures': [4, 20], 'classWeight': 0}],
)
write(SCRIPT, 'normalizedTargets', normalized_targets, LABELLED, [{}, {'gamma': 1, 'temperature': 2}])
# Steps of finite differences are 1/64 and 1/32: inputs at multiples of 1/8 can be told from what moved away from them.
write(SCRIPT, 'weightedSoftLabels', weighted_soft_labels, LABELLED[:2], [{}, {'temperature': 1}], scales=(2, 4))
write(
    SCRIPT,
    'teacherFree',
    teacher_free,
    [{'student': given['student'], 'classes': given['classes']} for given in LABELLED],
    [{}, {'temperature': 4, 'confidence': 0.9}],
)
write(
    SCRIPT,
    'generalizedDivergence',
    generalized_divergence,
    [EQUAL, TOKENS],
    [{}, {'beta': 0}, {'beta': 1}, {'beta': 0.1, 'temperature': 0.9}],
)
write(
    SCRIPT,
    'classWise',
    class_wise,
    [{'student': {'logits': (8, 6)}, 'classes': 6}],
    [{}, {'temperature': 1}],
    scales=(2, 4),
)
REGRESSED = [
    {'student': {'values': shape}, 'teacher': {'values': shape, 'target': shape}} for shape in ((8, 4), (5, 1), (3, 2, 2))
]
write(SCRIPT, 'boundedRegression', bounded_regression, REGRESSED, [{}, {'margin': 0.2}])
# Inputs are multiples of 1/16, and no finite difference may reach over the place where 'huber' becomes straight.
write(
    SCRIPT,
    'regression',
    regression,
    [{'student': given['student'], 'teacher': {'values': given['student']['values']}} for given in REGRESSED],
    [{}, {'measure': 'huber', 'delta': 33 / 32}, {'measure': 'huber', 'delta': 97 / 32}],
)
SCORED = [{'student': {'scores': shape}, 'teacher': {'scores': shape}} for shape in ((4, 2), (6, 5))]
write(SCRIPT, 'marginMse', margin_mse, SCORED, [{}])
write(SCRIPT, 'rankNet', rank_net, SCORED, [{}, {'sigma': 3}])
write(SCRIPT, 'listNet', list_net, SCORED, [{}])
# Of whole numbers of sixteenths some are equal: ties of the teacher, which the first candidate wins.
LISTS = [*SCORED, {'student': {'scores': (3, 12)}, 'teacher': {'scores': (3, 12)}}]
write(SCRIPT, 'listMle', list_mle, LISTS, [{}])
write(SCRIPT, 'relaxedRanking', relaxed_ranking, LISTS, [{}, {'top': 3}, {'top': 4, 'decay': 2}])
write(SCRIPT, 'rankDistil', rank_distil, LISTS, [{}, {'top': 3, 'decay': 1.5}, {'top': 4, 'others': 0}])
# A finite difference moves by 1/32, and no quantile may pass a value on the way: with these counts no two are equal.
write(
    SCRIPT,
    'quantileRegression',
    quantile_regression,
    [{'student': {'quantiles': (6, 3)}, 'teacher': {'quantiles': (6, count)}} for count in (1, 4)],
    [{}, {'quantiles': [0.1, 0.5, 0.75]}],
    scales=(16, 32),
)
write(
    SCRIPT,
    'mixedRegression',
    mixed_regression,
    REGRESSED,
    [{}, {'alpha': 0.25, 'distrust': 3}, {'measure': 'huber', 'delta': 33 / 32, 'distrust': 8}],
)
