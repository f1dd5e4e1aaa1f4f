#!/usr/bin/env python3
"""The method on people it has never seen: every variant on the same folds, seeds, backbone and epochs (docs/results.md).

    python3 tests/bench/study.py --clile build/examples/clile --data DIR --layout bp4d --protocol bp4d --work study

Each (variant, seed) is one `clile train --fold all` and one `clile eval`; what is in --work already is not run again. The
table gives the mean over folds and seeds of F1 and AUC (mean of folds, average over AUs), the subject probe, and the
paired difference to `bce` with its 95 % interval: subjects are drawn with replacement, the same draw for both sides, all
folds and all seeds. Needs numpy.

    python3 tests/bench/study.py --methods --clile build/examples/clile --data DIR --layout bp4d --protocol bp4d --work methods

compares the systems of docs/methods.md instead, with their parameters, the time of an answer, and the F1 that their papers give
(on BP4D or DISFA, from networks, crops and recipes of their own)."""
import argparse
import csv
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

# name: settings on top of --set (which all share). The ablations change one thing each in the default configuration. `bce_long` has
# the epochs of both stages of CL-ILE, `bce_halves` its exchange of face halves too.
VARIANTS = {
    "bce": ["method=bce"],
    "default": [],
    "bce_long": ["method=bce", "epochs=40"],
    "bce_halves": ["method=bce", "epochs=40", "exchange_halves=0.5"],
    "no_halves": ["exchange_halves=0"],
    "no_contrast": ["lambda_contra=0"],
    "none": ["elimination=none"],
    "orthogonal": ["elimination=orthogonal"],
    "residual": ["elimination=orthogonal", "identity_part=residual"],
    "decorrelate": ["elimination=decorrelate", "lambda_id=0.1"],
    "adversarial": ["elimination=adversarial", "lambda_id=0.1"],
    "published": ["preset=published"],
}
# With --methods. published: average F1 of BP4D and DISFA, three folds, as the paper of each system or a later one gives it.
METHODS = {name: ["method=" + name]
           for name in ("bce", "cl-ile", "drml", "atf", "lpnet", "augcn", "srerl", "piap", "suphcl", "megraph")}
PUBLISHED = {
    "bp4d": {"drml": 48.3, "atf": 55.4, "lpnet": 61.0, "augcn": 62.8, "srerl": 62.9, "piap": 64.1, "suphcl": 64.4,
             "megraph": 65.5, "cl-ile": 64.6},
    "disfa": {"drml": 26.7, "atf": 49.2, "lpnet": 56.9, "augcn": 55.0, "srerl": 55.9, "piap": 63.8, "megraph": 63.1,
              "cl-ile": 62.8},
}


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError("%s\n%s" % (" ".join(command), done.stderr[-2000:]))
    return done.stdout


def train_and_eval(args, name, settings, seed):
    """Paths of the eval report and of the per-image answers of one variant and seed."""
    folder = os.path.join(args.work, name, "seed%d" % seed)
    report, answers = os.path.join(folder, "eval.json"), os.path.join(folder, "answers.csv")
    if not os.path.exists(report):
        os.makedirs(folder, exist_ok=True)
        common = ["--data", args.data, "--layout", args.layout]
        command = [args.clile, "train", *common, "--protocol", args.protocol, "--fold", "all",
                   "--out", os.path.join(folder, "model.safetensors"), "--json", "--quiet"]
        for pair in ["threads=1", "seed=%d" % seed, *args.set, *settings]:
            command += ["--set", pair]
        if args.start:
            command += ["--import", os.path.join(args.start, name, "seed%d" % seed, "model.fold1.safetensors")]
        log = run(command)
        with open(os.path.join(folder, "train.json"), "w") as file:
            file.write(log)
        command = [args.clile, "eval", *common, "--json", "--quiet", "--answers", answers, "--set", "threads=1"]
        for fold in range(1, args.folds + 1):
            command += ["--model", os.path.join(folder, "model.fold%d.safetensors" % fold)]
        text = run(command)
        with open(report + ".tmp", "w") as file:
            file.write(text)
        os.replace(report + ".tmp", report)
    return folder


class Answers:
    """Scores, decisions and labels of every test image of one variant and seed, by fold."""

    def __init__(self, path):
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        names = [key[:-2] for key in rows[0] if key.endswith("_y")]
        fold = np.array([int(row["fold"]) for row in rows])
        subject = np.array([row["subject"] for row in rows])
        self.score = np.array([[float(row[n + "_s"]) for n in names] for row in rows])
        self.present = np.array([[int(row[n + "_c"]) for n in names] for row in rows])
        self.label = np.array([[int(row[n + "_y"]) for n in names] for row in rows])
        self.folds = [np.flatnonzero(fold == f) for f in sorted(set(fold))]
        self.subjects, self.subject = np.unique(subject, return_inverse=True)
        self.order = np.argsort(self.score, axis=0, kind="stable")

    def metrics(self, weight):
        """Mean over folds of F1 and AUC, each averaged over AUs; weight: how often each subject was drawn."""
        f1, auc = [], []
        w = weight[self.subject]
        for rows in self.folds:
            inside = np.zeros(len(w), bool)
            inside[rows] = True
            for c in range(self.label.shape[1]):
                order = self.order[:, c][inside[self.order[:, c]]]
                order = order[self.label[order, c] >= 0]
                y, v = self.label[order, c] == 1, w[order]
                p = self.present[order, c] == 1
                tp, wrong = (v * (y & p)).sum(), (v * (y != p)).sum()
                f1.append(2 * tp / (2 * tp + wrong) if tp + wrong else 0.0)
                s = self.score[order, c]
                start = np.flatnonzero(np.r_[True, s[1:] != s[:-1]])
                pos, neg = np.add.reduceat(v * y, start), np.add.reduceat(v * ~y, start)
                if pos.sum() and neg.sum():
                    auc.append((pos * (np.cumsum(neg) - 0.5 * neg)).sum() / (pos.sum() * neg.sum()))
        return np.array([np.mean(f1), np.mean(auc)])


def interval(ours, base, draws, seed=1):
    """95 % percentile interval of the mean paired difference (F1, AUC) over draws of subjects."""
    rng = np.random.default_rng(seed)
    n = len(ours[0].subjects)
    differences = []
    for _ in range(draws):
        weight = np.bincount(rng.integers(0, n, n), minlength=n)
        differences.append(np.mean([a.metrics(weight) - b.metrics(weight) for a, b in zip(ours, base)], axis=0))
    return np.percentile(differences, [2.5, 97.5], axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clile", default="build/examples/clile")
    parser.add_argument("--data", required=True)
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--protocol", default="bp4d")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--variants", help="names, separated by commas; default: all")
    parser.add_argument("--methods", action="store_true", help="the systems of docs/methods.md")
    parser.add_argument("--variant", action="append", default=[], help="NAME:key=value,key=value: one more")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--work", required=True)
    parser.add_argument("--start", metavar="WORK", help="another study's --work: every run starts with the backbone of its fold 1, same variant and seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at once, each with one thread")
    parser.add_argument("--draws", type=int, default=300)
    args = parser.parse_args()

    table = METHODS if args.methods else VARIANTS
    variants = {name: table[name] for name in (args.variants.split(",") if args.variants else table) if name}
    for text in args.variant:
        name, _, pairs = text.partition(":")
        variants[name] = [pair for pair in pairs.split(",") if pair]
    seeds = [int(seed) for seed in args.seeds.split(",")]
    with ThreadPoolExecutor(args.jobs) as pool:
        jobs = {(name, seed): pool.submit(train_and_eval, args, name, variants[name], seed)
                for seed in seeds for name in variants}
        folders = {key: job.result() for key, job in jobs.items()}

    base = None
    more = ["parameters", "ms an answer", "F1 published, % (own network)"] if args.methods else []
    print("| variant | F1 | AUC | AUC within subjects | subject probe | F1 - bce [95 %%] | AUC - bce [95 %%] | seconds (%d folds) |%s"
          % (args.folds, "".join(" %s |" % name for name in more)))
    print("|---|---|---|---|---|---|---|---|" + "---|" * len(more))
    for name in variants:
        answers = [Answers(os.path.join(folders[name, s], "answers.csv")) for s in seeds]
        base = answers if base is None else base
        reports = [json.load(open(os.path.join(folders[name, s], "eval.json"))) for s in seeds]
        trains = [json.load(open(os.path.join(folders[name, s], "train.json"))) for s in seeds]
        f1, auc = np.mean([a.metrics(np.ones(len(a.subjects))) for a in answers], axis=0)
        row = "| %s | %.3f | %.3f | %.3f | %.3f |" % (name, f1, auc, np.mean([within(r) for r in reports]),
                                                     np.mean([probe(r) for r in reports]))
        if answers is not base:
            ones = np.ones(len(answers[0].subjects))
            d = np.mean([a.metrics(ones) - b.metrics(ones) for a, b in zip(answers, base)], axis=0)
            ends = interval(answers, base, args.draws)
            row += " %+.3f [%+.3f, %+.3f] | %+.3f [%+.3f, %+.3f] |" % (d[0], ends[0][0], ends[1][0], d[1], ends[0][1], ends[1][1])
        else:
            row += " | |"
        row += " %.0f |" % np.mean([seconds(t) for t in trains])
        if args.methods:
            published = PUBLISHED.get(args.protocol, {}).get(name)
            row += " %d | %.2f | %s |" % (parameters(args, folders[name, seeds[0]]), answer_time(reports),
                                          "" if published is None else "%.1f" % published)
        print(row)
        sys.stdout.flush()


def parameters(args, folder):
    """Of the deployed model: encoder and AU vectors."""
    info = json.loads(run([args.clile, "info", "--json", os.path.join(folder, "model.fold1.safetensors")]))
    return info["encoder_parameters"] + info["au_parameters"]


def answer_time(reports):
    """Milliseconds for an image on one thread, decoding included."""
    models = [model for report in reports for model in report["models"]]
    return 1000 * sum(m["seconds"] for m in models) / sum(m["images"] for m in models)


def within(report):
    return report["report"]["mean_of_folds"]["auc_within"]["average"]


def probe(report):
    return report["report"]["values"]["subject probe"]


def seconds(train):
    return sum(run_.get(stage, {}).get("seconds", 0) for run_ in train["runs"] for stage in ("stage1", "stage2"))


if __name__ == "__main__":
    main()
