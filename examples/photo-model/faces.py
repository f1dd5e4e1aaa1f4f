#!/usr/bin/env python3
"""Renders faces of invented people with their action units, for `clile train`.

    faces.py HEAD.npz OUT_DIR --seed N --people N [--first N] [--images N] [--jobs N]

People FIRST .. FIRST+PEOPLE-1, IMAGES of each, the first two of them at rest.
The same seed gives the same files for any --jobs.  A run that was stopped continues
when it is started again; --people 0 collects what is there.  OUT_DIR gets
    img/PERSON/NN.jpg   160 x 160 pixels
    manifest.csv           manifest of the layout `csv`: image, subject, 17 AU columns, 68 landmarks
    targets.safetensors    row for row: points and blendshapes for `clile train`, and their mirrored partners
    targets.npz            row for row: points [n,164,2], blendshapes [n,k], strength [n,17], names, rotation [n,3]
    people.csv          subject, sex, tone (0 light .. 1 dark), age (0 young .. 1 old), glasses
"""
import argparse
import csv
import multiprocessing
import os
import sys
import time

for _k in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_k, "1")
import numpy as np
from PIL import Image

import actions
import camera
import head
import person
import scene
import targets
import things

SIZE = 160
AUS = actions.AUS


class Actor:
    """An identity, how the face rests and moves, and what it wears."""

    def __init__(self, ident, rng):
        self.id = ident
        self.gain = {a: rng.uniform(.8, 1.2) for a in AUS}
        self.asym = {a: float(np.clip(rng.normal(0, .10), -.3, .3)) for a in AUS}
        self.bias = {a: 0.0 for a in AUS}
        for a in rng.choice([1, 2, 4, 7, 10, 12, 14, 15, 17, 20, 23, 24], size=int(rng.integers(0, 5)), replace=False):
            self.bias[int(a)] = rng.uniform(.02, .16)
        k = rng.choice([0, .4, 1], p=[.2, .3, .5])
        self.crease_gain = {c: k * rng.uniform(.4, 1.5) for c in person.WRINKLES}
        self.lid_droop = float(np.clip(rng.normal(.05, .06), -.08, .20))
        self.rig = {a: [(n, s * float(np.exp(rng.normal(0, .15)))) for n, s in c] for a, c in actions.RIG.items()}
        self.gaze_offset = rng.normal(0, 1.5)
        self.glasses = things.frame_style(rng) if rng.random() < .2 else None
        self.fringe = rng.random() < .12


def nuisance(on, rng):
    """Blendshapes that no action unit asks for."""
    e = {}
    if rng.random() < .5:
        a, b = rng.normal(0, .07, 2)
        e = {"jawLeft": max(0, a), "jawRight": max(0, -a), "mouthLeft": max(0, b), "mouthRight": max(0, -b)}
    if {12, 25} <= on:                                           # a broad smile shows the upper teeth without AU10
        e["mouthUpperUp_L"] = e["mouthUpperUp_R"] = rng.uniform(0, .35)
    r, mouth = rng.random(), on & {12, 20, 23, 24}
    if 25 in on and not mouth and rng.random() < .4:             # a round mouth, as of somebody who speaks or calls
        e["mouthFunnel"], e["mouthPucker"] = rng.uniform(0, .9), rng.uniform(0, .5)
        return e
    if r < .04:
        e["cheekPuff_L"] = e["cheekPuff_R"] = rng.uniform(.1, .6)
    elif r < .09 and not mouth:
        e["mouthPucker"] = rng.uniform(.2, .8)
    elif r < .12 and not mouth:
        e["mouthFunnel"] = rng.uniform(.2, .7)
    return e


def shoot(mdl, actor, rng, neutral):
    """One picture: 8-bit RGB, dense points, blendshapes, strengths, AUs present, rotation."""
    strength, on = actions.sample(rng, neutral)
    light, rgb = camera.Light(rng), camera.background(rng, SIZE)
    lim = np.array([35, 20, 16])
    turn = np.clip(rng.normal(0, [12, 8, 6]), -lim, lim) if rng.random() < .85 else rng.uniform(-lim, lim)
    blink = rng.uniform(.5, 1) if rng.random() < .05 and 5 not in on else 0
    w, wr = actions.weights(mdl, actor, strength, on, rng, blink, nuisance(on, rng), person.WRINKLES)
    pose = scene.Pose(*turn, dist=np.exp(rng.uniform(np.log(38), np.log(140))), gaze=rng.normal(0, [8, 5]))
    k, (cx, cy) = rng.uniform(5.9, 7.6), (.5 + np.clip(rng.normal(0, .02, 2), -.05, .05)) * SIZE
    points = scene.draw(mdl, actor, w, wr, pose, light, rgb, cx, cy, k)
    if actor.fringe and rng.random() < .8:
        things.fringe(rgb, points, actor.id.hair, rng, light)
    if actor.glasses and rng.random() < .8 and abs(turn[0]) < 24:
        things.glasses(rgb, points, actor.glasses, rng, light)
    if rng.random() < .05:
        things.hand(rgb, points, actor.id.skin, rng, light)
    img = camera.develop(rgb, scene.exposure_for(light, actor.id.skin, rng.uniform(.4, .9)), rng)
    return img, points, w, [strength[a] for a in AUS], [int(a in on) for a in AUS], turn


def render_person(job):
    """All pictures of one person, and PARTS/PERSON.npz at the end; a person who has that file is skipped."""
    out, seed, number, images = job
    name = "p%05d" % number
    part = os.path.join(out, "parts", name + ".npz")
    if os.path.exists(part):
        return
    mdl, canvas = render_person.head
    rng = np.random.default_rng([seed, number])
    ident = person.Identity(mdl, canvas, rng, "FM"[int(rng.integers(2))])
    scene.attach_topology(mdl, ident)
    actor = Actor(ident, rng)
    os.makedirs(os.path.join(out, "img", name), exist_ok=True)
    shots = []
    for i in range(images):
        img, *shown = shoot(mdl, actor, rng, i < 2)
        Image.fromarray(img).save(os.path.join(out, "img", name, "%02d.jpg" % i), quality=int(rng.integers(75, 97)))
        shots.append(shown)
    points, blend, strength, present, turn = (np.array(v, np.float32) for v in zip(*shots))
    who = np.array([ident.sex, "%.3f" % ident.tone, "%.3f" % ident.age, int(actor.glasses is not None)])
    with open(part + ".tmp", "wb") as fh:
        np.savez(fh, vertices=mdl.dense, points=points, blendshapes=blend, strength=strength, present=present, rotation=turn, who=who)
    os.replace(part + ".tmp", part)


def start(path):
    mdl = head.Model(path)
    render_person.head = mdl, person.Canvas(mdl)


def write_csv(path, rows):
    with open(path, "w", newline="") as fh:
        csv.writer(fh).writerows(rows)


def merge(out, mdl):
    """manifest.csv, people.csv, targets.npz and targets.safetensors of all parts."""
    keys = ("points", "blendshapes", "strength", "rotation")
    rows, people, columns = [], [], {k: [] for k in keys}
    for file in sorted(f for f in os.listdir(os.path.join(out, "parts")) if f.endswith(".npz")):
        part, name = np.load(os.path.join(out, "parts", file)), file[:-4]
        if "vertices" not in part or not np.array_equal(part["vertices"], mdl.dense):
            sys.exit("%s: its points are not those of this program: render it again" % file)
        for i, (present, points) in enumerate(zip(part["present"], part["points"])):
            rows.append(["img/%s/%02d.jpg" % (name, i), name] + [int(v) for v in present]
                        + ["%.2f" % c for c in points[:68].reshape(-1)])
        people.append([name] + list(part["who"]))
        for k in keys:
            columns[k].append(part[k])
    marks = ["%s%d" % (c, i) for i in range(68) for c in "xy"]
    write_csv(os.path.join(out, "manifest.csv"), [["image", "subject"] + ["AU%d" % a for a in AUS] + marks] + rows)
    write_csv(os.path.join(out, "people.csv"), [["subject", "sex", "tone", "age", "glasses"]] + people)
    columns = {k: np.concatenate(v) for k, v in columns.items()}
    np.savez(os.path.join(out, "targets.npz"), names=np.array(mdl.names), aus=np.array(AUS), **columns)
    targets.write(os.path.join(out, "targets.safetensors"), columns["points"], columns["blendshapes"], mdl.names,
                  mdl.mean[mdl.dense])
    with open(os.path.join(out, "data_kind"), "w") as fh:
        fh.write("rendered\n")
    y = np.array([r[2:2 + len(AUS)] for r in rows], float).mean(0)
    print("%d images, %d people; " % (len(rows), len(people)) + ", ".join("AU%d %.2f" % p for p in zip(AUS, y)))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("head")
    p.add_argument("out")
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--people", type=int, required=True)
    p.add_argument("--first", type=int, default=0)
    p.add_argument("--images", type=int, default=16)
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    o = p.parse_args()
    os.makedirs(os.path.join(o.out, "parts"), exist_ok=True)
    jobs = [(o.out, o.seed, i, o.images) for i in range(o.first, o.first + o.people)]
    t0 = time.time()
    with multiprocessing.Pool(o.jobs, start, (o.head,)) as pool:
        for i, _ in enumerate(pool.imap_unordered(render_person, jobs)):
            if i % 20 == 19:
                print("%d people, %.1f images/s" % (i + 1, (i + 1) * o.images / (time.time() - t0)), file=sys.stderr, flush=True)
    merge(o.out, head.Model(o.head))


if __name__ == "__main__":
    main()
