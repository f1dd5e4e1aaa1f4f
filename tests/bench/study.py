#!/usr/bin/env python3
"""The method on people it has never seen: every variant on the same folds, seeds, backbone and epochs (docs/results.md).

    python3 tests/bench/study.py --clile build/examples/clile --data DIR --layout bp4d --protocol bp4d --sizes 64,112 \\
        --work study --figure study.svg

Each (size, variant, seed) is one `clile train --fold all`, one `clile eval` and one `clile eval --centred`. What is in --work
already is not run again, and an interrupted training is resumed from its checkpoint, to the same bits; a run made with other
settings is refused. The table gives the mean over folds and seeds of F1 and AUC (mean of folds, average over AUs), the
subject probe, and the paired difference to the first variant (`bce`) of the same size with its 95 % interval: subjects are
drawn with replacement, the same draw for both sides, all folds and all seeds. Rows "beside own neutral" are the same models
beside each person's own neutral, estimated without labels (docs/method.md), and are compared with the baseline treated alike.
The figure shows F1 and AUC of all rows with intervals over subjects. Needs numpy; --figure needs matplotlib.

    python3 tests/bench/study.py --clile build/examples/clile --data TRAIN --people OTHERS --sizes 64,112 --work others

trains on all of --data instead of folds of it, and tests on the people of another data set, in the same table.

    python3 tests/bench/study.py --methods --clile build/examples/clile --data DIR --layout bp4d --protocol bp4d --work methods

compares the systems of docs/methods.md instead, with their parameters, the time of an answer, and the F1 that their papers give
(on BP4D or DISFA, from networks, crops and recipes of their own)."""
import argparse
import csv
import glob
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

# name: settings on top of --set (which all share). The ablations change one thing each in the default configuration. `bce` is the
# strongest baseline: by default it has the epochs of both stages of CL-ILE and its exchange of face halves. `bce_plain` has neither,
# `bce_long` the epochs alone.
VARIANTS = {
    "bce": ["method=bce"],
    "default": [],
    "bce_plain": ["method=bce", "epochs=20", "exchange_halves=0"],
    "bce_long": ["method=bce", "exchange_halves=0"],
    "no_halves": ["exchange_halves=0"],
    "no_contrast": ["lambda_contra=0"],
    "none": ["elimination=none"],
    "orthogonal": ["elimination=orthogonal"],
    "residual": ["elimination=orthogonal", "identity_part=residual"],
    "decorrelate": ["elimination=decorrelate", "lambda_id=0.1"],
    "adversarial": ["elimination=adversarial", "lambda_id=0.1"],
    "published": ["preset=published"],
}
# With --methods. published: average F1 of BP4D and DISFA, three folds, as the paper of each system or a later one gives it;
# megraph's with ResNet-50 (its README: with Swin-B 65.5 and 62.4).
METHODS = {name: ["method=" + name] + (["exchange_halves=0"] if name == "bce" else [])
           for name in ("bce", "cl-ile", "drml", "atf", "lpnet", "augcn", "srerl", "piap", "suphcl", "megraph")}
# How a model's answers are judged: name of the files, and arguments of `clile eval`.
KINDS = {"eval": [], "centred": ["--centred"]}
PUBLISHED = {
    "bp4d": {"drml": 48.3, "atf": 55.4, "lpnet": 61.0, "augcn": 62.8, "srerl": 62.9, "piap": 64.1, "suphcl": 64.4,
             "megraph": 64.7, "cl-ile": 64.6},
    "disfa": {"drml": 26.7, "atf": 49.2, "lpnet": 56.9, "augcn": 55.0, "srerl": 55.9, "piap": 63.8, "megraph": 63.1,
              "cl-ile": 62.8},
}


def run(command):
    return run_timed(command)[0]


def run_timed(command):
    """What the command writes, and its processor time in seconds: that is the same beside other work."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        text = process.stdout.read()
        process.stdout.close()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise RuntimeError("%s\n%s" % (" ".join(command), errors.read()[-2000:]))
    return text, used.ru_utime + used.ru_stime


def check_same_run(folder, settings):
    """Refuses to take another run's results for this one's."""
    path, text = os.path.join(folder, "settings.json"), json.dumps(settings)
    if os.path.exists(path):
        with open(path) as file:
            found = json.load(file)
        if found != settings:
            sys.exit("study.py: %s was made with %s, now it is %s: choose another --work" % (folder, " ".join(found), " ".join(settings)))
        return
    os.makedirs(folder, exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def models(args, folder):
    """The models of a run: of all data, or one a fold."""
    names = ["model"] if args.people else ["model.fold%d" % fold for fold in range(1, args.folds + 1)]
    return [os.path.join(folder, name + ".safetensors") for name in names]


def evaluate(args, folder, common, report, answers, *more):
    """Writes both files at once, the report last."""
    if os.path.exists(report):
        return
    command = [args.clile, "eval", *common, "--json", "--quiet", "--answers", answers, "--set", "threads=1", *more]
    for model in models(args, folder):
        command += ["--model", model]
    text = run(command)
    with open(report + ".tmp", "w") as file:
        file.write(text)
    os.replace(report + ".tmp", report)


def train_and_eval(args, size, name, settings, seed):
    """The folder of the models, reports and per-image answers of one size, variant and seed."""
    place = os.path.join(*(["%dpx" % size] if size else []), name, "seed%d" % seed)
    folder = os.path.join(args.work, place)
    pairs = ["threads=1", "seed=%d" % seed, *(["image_size=%d" % size] if size else []), *args.set, *settings]
    common = ["--data", args.data, "--layout", args.layout]
    folds = [] if args.people else ["--protocol", args.protocol, "--fold", "all"]
    tested = ["--data", args.people, "--layout", args.people_layout] if args.people else common
    trained, checkpoint = os.path.join(folder, "train.json"), os.path.join(folder, "checkpoint")
    check_same_run(folder, [args.people or args.protocol, *pairs, *(["start=" + args.start] if args.start else [])])
    if not os.path.exists(trained):
        command = [args.clile, "train", *common, *folds, "--out", os.path.join(folder, "model.safetensors"), "--json", "--quiet"]
        for pair in pairs:
            command += ["--set", pair]
        if args.start:  # a fold that begins after an interruption would not be given the import: all begin again
            for path in glob.glob(checkpoint + "*"):
                os.remove(path)
            command += ["--import", models(args, os.path.join(args.start, place))[0]]
        begun = glob.glob(checkpoint + "*")
        text, seconds = run_timed(command + ["--resume" if begun else "--checkpoint", checkpoint])
        log = json.loads(text)
        log["seconds"] = None if begun else seconds  # of a run that was not interrupted
        with open(trained + ".tmp", "w") as file:
            json.dump(log, file)
        os.replace(trained + ".tmp", trained)
        for path in glob.glob(checkpoint + "*"):
            os.remove(path)
    for kind, more in KINDS.items():
        evaluate(args, folder, tested, os.path.join(folder, kind + ".json"), os.path.join(folder, kind + ".csv"), *more)
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
    """95 % percentile interval of the mean (F1, AUC), or of the mean paired difference to `base`, over draws of subjects."""
    rng = np.random.default_rng(seed)
    n = len(ours[0].subjects)
    differences = []
    for _ in range(draws):
        weight = np.bincount(rng.integers(0, n, n), minlength=n)
        differences.append(np.mean([a.metrics(weight) - (b.metrics(weight) if b else 0) for a, b in zip(ours, base or [None] * len(ours))],
                                   axis=0))
    return np.percentile(differences, [2.5, 97.5], axis=0)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clile", default="build/examples/clile")
    parser.add_argument("--data", required=True)
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--protocol", help="default: bp4d")
    parser.add_argument("--folds", type=int, help="default: 3")
    parser.add_argument("--people", metavar="DATA", help="train on all of --data and test on this, without a protocol")
    parser.add_argument("--people-layout", help="default: auto")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--sizes", help="image sizes, separated by commas; default: that of --set or of clile")
    parser.add_argument("--variants", help="names, separated by commas; default: all")
    parser.add_argument("--methods", action="store_true", help="the systems of docs/methods.md")
    parser.add_argument("--variant", action="append", default=[], help="NAME:key=value,key=value: one more")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--work", required=True)
    parser.add_argument("--start", metavar="WORK", help="another study's --work: every run starts with the backbone of its first model, same variant and seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at once, each with one thread")
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--table", help="write the table here, too (Markdown)")
    parser.add_argument("--figure", help="draw the rows here (SVG, PDF or PNG)")
    args = parser.parse_args()
    if args.people and (args.protocol or args.folds):
        parser.error("--people tests on another data set: --protocol and --folds have no meaning beside it")
    if args.people_layout and not args.people:
        parser.error("--people-layout is the layout of --people, which is not given")
    args.protocol, args.folds, args.people_layout = args.protocol or "bp4d", args.folds or 3, args.people_layout or "auto"
    return args


class Row:
    """One size and variant, judged one way, over all seeds."""

    def __init__(self, args, folders, size, name, kind, base):
        self.size, self.name, self.kind = size, name, kind
        self.answers = [Answers(os.path.join(folder, kind + ".csv")) for folder in folders]
        reports = [read(folder, kind) for folder in folders]
        ones = np.ones(len(self.answers[0].subjects))
        self.mean = np.mean([a.metrics(ones) for a in self.answers], axis=0)
        self.ends = interval(self.answers, None, args.draws)
        self.within, self.probe = np.mean([within(r) for r in reports]), np.mean([probe(r) for r in reports])
        self.difference = None
        if base is not None:
            self.difference = np.mean([a.metrics(ones) - b.metrics(ones) for a, b in zip(self.answers, base.answers)], axis=0)
            self.difference_ends = interval(self.answers, base.answers, args.draws)
        times = [read(folder, "train")["seconds"] for folder in folders]
        self.seconds = None if None in times else np.mean(times)

    def label(self):
        return self.name + ("" if self.kind == "eval" else ", beside own neutral")

    def cells(self):
        cells = ["%d" % self.size] if self.size else []
        cells += [self.label(), "%.3f" % self.mean[0], "%.3f" % self.mean[1], "%.3f" % self.within, "%.3f" % self.probe]
        for k in range(2):
            cells.append("" if self.difference is None else "%+.3f [%+.3f, %+.3f]" % (
                self.difference[k], self.difference_ends[0][k], self.difference_ends[1][k]))
        return cells + ["" if self.kind != "eval" else "interrupted" if self.seconds is None else "%.0f" % self.seconds]


def draw(rows, path):
    """F1 and AUC of each row with its interval over subjects; plain ones filled, those beside the own neutral hollow."""
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "study", "svg.fonttype": "none"})
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(1, 2, sharey=True, figsize=(9, 1 + 0.3 * len(rows)), layout="constrained")
    places = np.arange(len(rows))[::-1]
    for k, (axis, title) in enumerate(zip(axes, ("F1", "AUC"))):
        for place, row in zip(places, rows):
            colour = "#1f5f99" if row.difference is None else "#b3541e"
            axis.plot([row.ends[0][k], row.ends[1][k]], [place, place], color=colour, linewidth=1)
            axis.plot([row.mean[k]], [place], "o", color=colour, markerfacecolor=colour if row.kind == "eval" else "white")
        axis.set_title(title)
        axis.grid(axis="x", linewidth=0.3)
    axes[0].set_yticks(places, [row.label() + (", %d px" % row.size if row.size else "") for row in rows])
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


def main():
    args = arguments()
    table = METHODS if args.methods else VARIANTS
    variants = {name: table[name] for name in (args.variants.split(",") if args.variants else table) if name}
    for text in args.variant:
        name, _, pairs = text.partition(":")
        variants[name] = [pair for pair in pairs.split(",") if pair]
    seeds = [int(seed) for seed in args.seeds.split(",")]
    sizes = [int(size) for size in args.sizes.split(",")] if args.sizes else [0]
    with ThreadPoolExecutor(args.jobs) as pool:
        jobs = {(size, name, seed): pool.submit(train_and_eval, args, size, name, variants[name], seed)
                for seed in seeds for size in sizes for name in variants}
        folders = {key: job.result() for key, job in jobs.items()}

    first = next(iter(variants))
    more = ["parameters", "ms an answer", "F1 published, % (own network)"] if args.methods else []
    head = (["px"] if args.sizes else []) + ["variant", "F1", "AUC", "AUC within subjects", "subject probe", "F1 - %s [95 %%]" % first,
                                             "AUC - %s [95 %%]" % first, "processor seconds" + ("" if args.people else " (%d folds)" % args.folds), *more]
    rows, lines = [], ["| %s |" % " | ".join(head), "|" + "---|" * len(head)]
    for size in sizes:
        for kind in KINDS:
            base = None
            for name in variants:
                of_seeds = [folders[size, name, seed] for seed in seeds]
                row = Row(args, of_seeds, size, name, kind, base)
                base = base or row
                cells = row.cells()
                if args.methods:
                    published = PUBLISHED.get(args.protocol, {}).get(name) if kind == "eval" else None
                    cells += ["%d" % parameters(args, of_seeds[0]), "%.2f" % answer_time([read(f, kind) for f in of_seeds]),
                              "" if published is None else "%.1f" % published]
                rows.append(row)
                lines.append("| %s |" % " | ".join(cells))
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if args.table:
        with open(args.table, "w") as file:
            file.write(text)
    if args.figure:
        draw(rows, args.figure)


def read(folder, name):
    with open(os.path.join(folder, name + ".json")) as file:
        return json.load(file)


def parameters(args, folder):
    """Of the deployed model: encoder and AU vectors."""
    info = json.loads(run([args.clile, "info", "--json", models(args, folder)[0]]))
    return info["encoder_parameters"] + info["au_parameters"]


def answer_time(reports):
    """Milliseconds for an image on one thread, decoding included."""
    models = [model for report in reports for model in report["models"]]
    return 1000 * sum(m["seconds"] for m in models) / sum(m["images"] for m in models)


def within(report):
    return report["report"]["mean_of_folds"]["auc_within"]["average"]


def probe(report):
    """Of all subjects of a fold's data; of the tested ones where training and test are different data sets."""
    return next(value for name, value in report["report"]["values"].items() if name.startswith("subject probe"))


if __name__ == "__main__":
    main()
