#!/usr/bin/env python3
"""Prints golden_metrics.h: what scikit-learn and numpy make of the data of metrics_data.h.

    python3 golden_metrics.py > golden_metrics.h      (needs numpy and scikit-learn)
"""
import warnings

import numpy as np
import sklearn
from sklearn.calibration import _SigmoidCalibration
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

warnings.filterwarnings("ignore")


class Numbers:
    """The generator of metrics_data.h: x <- 1103515245 x + 12345 mod 2^31, its upper 16 of 31 bits."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return self.state >> 15


def frames(n=120, c=5, subjects=6):
    """As metrics_make_frames in metrics_data.h."""
    numbers = Numbers(7)
    score, present, labels, subject = np.zeros((n, c)), np.zeros((n, c), int), np.zeros((n, c), int), np.zeros(n, int)
    for i in range(n):
        subject[i] = numbers.next() % subjects
        for a in range(c):
            label = int(numbers.next() % 100 < 20 + 10 * a)
            if a == 4:
                label = 0
            noise = numbers.next() % 32
            score[i, a] = (noise + 6 * label * (a + 1) + 2 * (subject[i] % 3) - 16) / 16
            present[i, a] = score[i, a] > 0.5
            labels[i, a] = -1 if numbers.next() % 10 == 0 else label
    return score, present, labels, subject


def embeddings(n=240, d=16, subjects=6):
    """As metrics_make_embeddings in metrics_data.h."""
    numbers = Numbers(11)
    centre = np.array([[numbers.next() for _ in range(d)] for _ in range(subjects)]) / 65536 - 0.5
    subject = np.arange(n) % subjects
    noise = np.array([[numbers.next() for _ in range(d)] for _ in range(n)]) / 65536 - 0.5
    return centre[subject] + 2.5 * noise + 0.25, subject


def auc(score, label):
    return roc_auc_score(label, score) if 0 < label.sum() < len(label) else np.nan


def auc_within(score, label, subject):
    total = pairs = 0.0
    for s in np.unique(subject):
        of = subject == s
        weight = label[of].sum() * (1 - label[of]).sum()
        if weight:
            total += weight * roc_auc_score(label[of], score[of])
            pairs += weight
    return total / pairs if pairs else np.nan


def metrics(score, present, labels, subject):
    """[3, c]: F1, AUC, AUC within subjects."""
    out = []
    for a in range(labels.shape[1]):
        coded = labels[:, a] >= 0
        y, z, p, s = labels[coded, a], score[coded, a], present[coded, a], subject[coded]
        out.append([f1_score(y, p, zero_division=0), auc(z, y), auc_within(z, y, s)])
    return np.array(out).T


def threshold(score, label):
    """Best F1 of every cut by brute force, the highest of the best."""
    values = np.unique(score)[::-1]
    cuts = [(values[k] + values[k + 1]) / 2 for k in range(len(values) - 1)]
    f1 = [f1_score(label, score > t) for t in cuts]
    return cuts[int(np.argmax(np.round(f1, 12)))]


def calibrate(score, label):
    fitted = _SigmoidCalibration().fit(score, label)  # p = 1 / (1 + exp(a x + b)), Platt's targets
    return -fitted.a_, -fitted.b_


def phi(labels):
    c = labels.shape[1]
    out = np.eye(c)
    for a in range(c):
        for b in range(c):
            both = (labels[:, a] >= 0) & (labels[:, b] >= 0)
            x, y = labels[both, a], labels[both, b]
            if a != b:
                out[a, b] = np.corrcoef(x, y)[0, 1] if x.std() > 0 and y.std() > 0 else 0
    return out


def philox(counter, key):
    """Philox4x32-10 of Salmon et al., SC 2011."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def draw(number, subjects):
    """Draw `number` of the bootstrap: key (seed 1), block = (counter, stream), value = 64 bits mod subjects."""
    blocks = [philox([k, 0, number, 0], [1, 0]) for k in range(subjects)]
    return [(b[0] | b[1] << 32) % subjects for b in blocks]


def interval(score, present, labels, subject):
    """Frames of the drawn people are repeated in full; a person drawn twice is two people."""
    order = list(dict.fromkeys(subject))  # the report numbers subjects as they appear
    values = []
    for number in range(1000):
        parts = [np.where(subject == order[s])[0] for s in draw(number, len(order))]
        rows, person = np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(p) for p in parts])
        values.append(metrics(score[rows], present[rows], labels[rows], person))
    values = np.array(values)  # [draws, metrics, c]
    with np.errstate(all="ignore"):
        return tuple(np.nanquantile(v, [0.025, 0.975], axis=0) for v in (np.nanmean(values, axis=2), values))


def probe(embedding, subject):
    e = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    test = np.zeros(len(e), bool)
    for s in np.unique(subject):
        test[np.where(subject == s)[0][3::4]] = True
    e = e - e[~test].mean(0)
    e /= np.sqrt((e[~test] ** 2).sum(1).mean())
    model = LogisticRegression(C=1 / (1e-4 * (~test).sum()), max_iter=10000, tol=1e-8).fit(e[~test], subject[~test])
    return model.score(e[test], subject[test])


def show(name, values):
    flat = ", ".join("NAN" if np.isnan(v) else repr(float(v)) for v in np.asarray(values, float).ravel())
    print(f"static const double {name}[] = {{{flat}}};")


score, present, labels, subject = frames()
print("/* Made by golden_metrics.py with scikit-learn %s and numpy %s; not to be edited. */" % (sklearn.__version__, np.__version__))
print("/* clang-format off */\n#ifndef GOLDEN_METRICS_H\n#define GOLDEN_METRICS_H\n\n#include <math.h>\n")
f1, auc_all, within = metrics(score, present, labels, subject)
coded = [labels[:, a] >= 0 for a in range(labels.shape[1])]
show("GOLDEN_F1", f1)
show("GOLDEN_AUC", auc_all)
show("GOLDEN_AUC_WITHIN", within)
show("GOLDEN_THRESHOLD", [threshold(score[coded[a], a], labels[coded[a], a]) for a in range(4)])
show("GOLDEN_CALIBRATION", [calibrate(score[coded[a], a], labels[coded[a], a]) for a in range(4)])
show("GOLDEN_PHI", phi(labels))
cosine = cosine_similarity(score[:5])
show("GOLDEN_COSINE", cosine)
upper = np.triu_indices(5, 1)
show("GOLDEN_AGREEMENT", [np.corrcoef(phi(labels)[upper], cosine[upper])[0, 1]])
parts = [slice(0, 70), slice(70, 120)]
folds = [metrics(score[p], present[p], labels[p], subject[p]) for p in parts]
show("GOLDEN_FOLD_1", folds[0])
show("GOLDEN_MEAN_OF_FOLDS", np.mean([np.nanmean(f, axis=1) for f in folds], axis=0))
show("GOLDEN_POOLED", np.nanmean(metrics(score, present, labels, subject), axis=1))
for name, values in zip(("GOLDEN_INTERVAL", "GOLDEN_AU_INTERVAL"), interval(score, present, labels, subject)):
    show(name, values)
show("GOLDEN_PROBE", [probe(*embeddings())])
print("\n#endif")
