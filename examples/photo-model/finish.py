#!/usr/bin/env python3
"""A trained model to the file that comes with libclile: thresholds for faces at rest, and what the file says of itself.

    finish.py MODEL.safetensors OUT.safetensors CARD.md [--crop-scale SCALE] [--thresholds THRESHOLDS.csv]

Both models average a face with its mirror image (metadata "mirror"). SCALE, the side of the crop that points place as a share of
training's (metadata "crop_scale"), was chosen on photographs, too. thresholds.csv holds the offsets that score.py chose on
photographs of faces at rest."""
import argparse
import csv

import numpy as np

import clile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("card", help="its model card: Markdown that begins with a heading")
    parser.add_argument("--crop-scale")
    parser.add_argument("--thresholds")
    args = parser.parse_args()
    model = clile.Model.load(args.model)
    if args.thresholds:
        with open(args.thresholds, newline="") as file:
            offset = {int(row["AU"]): float(row["offset"]) for row in csv.DictReader(file)}
        model.set_decision(model.decision.slope, np.array([offset[au] for au in model.au_ids], np.float32))
    model.set_metadata("mirror", "1")
    if args.crop_scale:
        model.set_metadata("crop_scale", args.crop_scale)
    model.set_metadata("licence", "MIT; trained on faces rendered from ICT-FaceKit (MIT, (c) 2020 USC Institute for Creative Technologies)")
    with open(args.card, encoding="utf-8") as file:
        model.set_card(file.read())
    model.save(args.out)


if __name__ == "__main__":
    main()
