#!/usr/bin/env python3
"""How well a model reads photographs that have an emotion for a label: the area under the ROC curve (AUC) of each action unit
that the emotion makes one expect, against the photographs whose emotion does not.

    score.py LABELS.csv FOLDER [--model FILE] [--points FILE] [--each N] [--thresholds OUT.csv] [--share 0.015]

LABELS.csv has the columns image and emotion: happiness, surprise, anger, disgust, sadness, fear or neutral. The largest face of
each photograph counts. Expected action units are not coded ones: many sad faces do not show AU15, so that even a perfect reader
does not reach 1. The second AUC leaves out what such a face may well show besides (AU25 of an angry face, say).

--thresholds writes, for each action unit, the offset of the model's decision with which that share of the neutral photographs is
above (of AU25 more): finish.py puts them into a model. Give those who speak another label than neutral, such as "lips
apart": rows with an emotion that is not in the list are left out."""
import argparse
import csv
import os
import random
import time

import numpy as np

import clile

EXPECTED = {"happiness": [6, 12, 25], "surprise": [1, 2, 5, 25, 26], "anger": [4, 7, 23, 24], "disgust": [4, 9, 10],
            "sadness": [1, 4, 15, 17], "fear": [1, 2, 4, 5, 20, 25], "neutral": []}
# shown by many such faces, without being expected
POSSIBLE = {"happiness": [7, 10, 26], "surprise": [4], "anger": [5, 9, 10, 15, 17, 25, 26], "disgust": [6, 7, 15, 17, 25, 26],
            "sadness": [6, 7, 10, 20, 23, 24, 25], "fear": [7, 10, 26], "neutral": []}
# Some people at rest have their lips a little apart, even where those who speak were left out of the labels.
APART = {25: 0.025}


def auc(score, positive):
    """Share of pairs of a positive and a negative that the score orders rightly; a tie is half a pair."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2.0)[place]
    p, n = positive.sum(), (~positive).sum()
    return (rank[positive].sum() - p * (p + 1) / 2) / (p * n) if p and n else np.nan


def read_all(args):
    """Score of the decision (its sign is the answer) of the largest face of each photograph, and their emotions."""
    with open(args.labels, newline="") as file:
        given = [(row["image"], row["emotion"]) for row in csv.DictReader(file)]
    rows = [row for row in given if row[1] in EXPECTED]
    if len(rows) < len(given):
        print(f"{len(given) - len(rows)} rows of {args.labels} have another emotion and are left out")
    random.Random(1).shuffle(rows)
    model = clile.Model.load(args.model) if args.model else clile.Model.default()
    reader = clile.Reader(model)
    if args.points:
        reader.set_points_model(None if args.points == "none" else clile.Model.load(args.points))
    score, emotion, seen, missed, began = [], [], {}, 0, time.perf_counter()
    for image, label in rows:
        seen[label] = seen.get(label, 0) + 1
        if args.each and seen[label] > args.each:
            continue
        faces = reader.read(os.path.join(args.folder, image))
        missed += not faces
        if faces:
            p = np.clip(np.asarray(faces[0].probability, np.float64), 1e-7, 1 - 1e-7)
            score.append(np.log(p / (1 - p)))
            emotion.append(label)
    read = len(score) + missed
    print(f"{read} photographs, no face in {missed}, {1e3 * (time.perf_counter() - began) / max(read, 1):.1f} ms each")
    return model, np.array(score), np.array(emotion)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    parser.add_argument("folder")
    parser.add_argument("--model", help="default: the one that comes with libclile")
    parser.add_argument("--points", help="model that locates the points, or none; default: the one that comes with libclile")
    parser.add_argument("--each", type=int, help="at most N photographs of an emotion, drawn at random")
    parser.add_argument("--thresholds")
    parser.add_argument("--share", type=float, default=0.015)
    args = parser.parse_args()
    model, score, emotion = read_all(args)
    rest = emotion == "neutral"
    table = []
    print(f"{'AU':>4} {'expected':>8} {'AUC':>6} {'AUC, clear':>10} {'false alarms at rest':>20}")
    for k, au in enumerate(model.au_ids):
        positive = np.array([au in EXPECTED[e] for e in emotion])
        clear = positive | np.array([au not in POSSIBLE[e] for e in emotion])
        row = [auc(score[:, k], positive), auc(score[clear, k], positive[clear])] if positive.any() else [np.nan, np.nan]
        alarms = (score[rest, k] > 0).mean() if rest.any() else np.nan
        table.append(row + [alarms])
        print(f"{au:>4} {positive.sum():>8} {row[0]:>6.3f} {row[1]:>10.3f} {100 * alarms:>19.1f}%")
    mean = np.nanmean(np.array(table), axis=0)
    print(f"mean {'':>8} {mean[0]:>6.3f} {mean[1]:>10.3f} {100 * mean[2]:>19.1f}%")
    if args.thresholds:
        above = [max(args.share, APART.get(int(au), 0)) for au in model.au_ids]
        highest = np.array([np.quantile(score[rest, k], 1 - share) for k, share in enumerate(above)])
        offset = np.array(model.decision.offset) - np.maximum(highest, 0)
        with open(args.thresholds, "w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["AU", "offset"])
            out.writerows((int(au), f"{np.floor(1e4 * value - 1) / 1e4:.4f}") for au, value in zip(model.au_ids, offset))  # down, not up


if __name__ == "__main__":
    main()
