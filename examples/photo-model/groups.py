#!/usr/bin/env python3
"""How well a model reads rendered faces of people it was not trained on, by what they look like.

    groups.py FACES [--model FILE]

FACES: a folder that faces.py made with another seed than the training faces. Faces are aligned by their exact landmarks. Mean AUC
over the action units, by skin tone, age, sex and glasses; then the AUC of each action unit."""
import argparse
import csv
import os

import numpy as np

import clile
from score import auc


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces")
    parser.add_argument("--model", help="default: the one that comes with libclile")
    args = parser.parse_args()
    model = clile.Model.load(args.model) if args.model else clile.Model.default()
    data = clile.Dataset.open(args.faces, layout="csv")
    score = clile.Predictor(model).run_dataset(data).score
    with open(os.path.join(args.faces, "manifest.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    with open(os.path.join(args.faces, "people.csv"), newline="") as file:
        people = {row["subject"]: row for row in csv.DictReader(file)}
    if len(rows) != len(score):  # nothing would be paired with its own label
        raise SystemExit(f"{args.faces}: manifest.csv has {len(rows)} rows, but {len(score)} images can be used")
    label = np.array([[row[f"AU{au}"] == "1" for au in model.au_ids] for row in rows])
    who = [people[row["subject"]] for row in rows]
    tone, age = (np.array([float(person[key]) for person in who]) for key in ("tone", "age"))
    groups = {"all": tone >= 0, "light skin": tone < 1 / 3, "medium skin": (tone >= 1 / 3) & (tone < 2 / 3), "dark skin": tone >= 2 / 3,
              "young": age < 1 / 3, "middle-aged": (age >= 1 / 3) & (age < 2 / 3), "old": age >= 2 / 3,
              "women": np.array([person["sex"] == "F" for person in who]), "men": np.array([person["sex"] == "M" for person in who]),
              "glasses": np.array([person["glasses"] != "0" for person in who])}
    print(f"{'group':<12} {'faces':>6} {'AUC':>6}")
    for name, one in groups.items():
        print(f"{name:<12} {one.sum():>6} {np.nanmean([auc(score[one, k], label[one, k]) for k in range(label.shape[1])]):>6.3f}")
    print("\n".join(f"AU{au:<4} {label[:, k].sum():>12} {auc(score[:, k], label[:, k]):>6.3f}" for k, au in enumerate(model.au_ids)))


if __name__ == "__main__":
    main()
