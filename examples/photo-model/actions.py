"""Action units as FACS describes them: which are shown, and what each does to a face.

`sample` draws the action units of one picture; `weights` turns them into
blendshape weights and creases of one person.  Lips are closed by rule: when a shape
would part them, the other lip follows unless AU25 is shown.
"""
import numpy as np

AUS = [1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26]

# AU -> [(blendshape, weight at full strength)]; a trailing "_" means left and right.
RIG = {
    1: [("browInnerUp_", 1.65)],
    2: [("browOuterUp_", 1.35)],
    4: [("browLower_", 1.75), ("browTogether_", 1.9)],
    5: [("eyeWide_", 1.25)],
    6: [("cheekSquint_", .85), ("cheekRaiser_", .75), ("eyeSquint_", .15)],
    7: [("eyeSquint_", 1.25), ("eyeBlink_", .13)],
    9: [("noseSneer_", 1.05), ("browLower_", .45), ("browTogether_", .3)],
    10: [("mouthUpperUp_", .95), ("mouthShrugUpper", .2), ("noseSneer_", .15)],
    12: [("mouthSmile_", 1.05)],
    14: [("mouthDimple_", 1.15), ("mouthFrown_", .3), ("mouthPress_", .25)],
    15: [("mouthFrown_", 1.5)],
    17: [("mouthShrugLower", 1.05)],
    20: [("mouthStretch_", 1.1), ("mouthSmile_", .16)],
    23: [("mouthRollLower", .6), ("mouthRollUpper", .6), ("mouthPress_", .3), ("mouthStretch_", -.25)],
    24: [("mouthPress_", 1.25), ("mouthRollLower", .45), ("mouthRollUpper", .4), ("mouthStretch_", .06)],
    25: [],
    26: [("jawOpen", .42)],
}

# AU -> [(crease, strength)]
CREASES = {
    1: [("brow_in", 1.0)], 2: [("brow_out", 1.0)], 4: [("glabella", 1.0), ("nose", .12)],
    6: [("crow", .9), ("undereye", .8)], 7: [("undereye", .5), ("crow", .2)],
    9: [("nose", 1.2), ("glabella", .45), ("nasolabial", .4)],
    10: [("nasolabial", .7)], 12: [("nasolabial", .75), ("cheek", .8), ("crow", .12), ("undereye", .2)],
    14: [("dimple", 1.1)], 15: [("marionette", 1.0), ("mentolabial", .3)],
    17: [("chin", 1.1), ("mentolabial", 1.0)], 20: [("dimple", .3), ("marionette", .3), ("nasolabial", .15)],
    23: [("lips", 1.2)], 24: [("lips", .6), ("mentolabial", .4), ("dimple", .3)],
}

# expression -> (always shown, each shown half of the time)
EXPRESSIONS = {
    "smile": ((12,), (6, 25)), "laugh": ((6, 12, 25), (26, 7)), "polite": ((12,), (14, 24)),
    "surprise": ((1, 2, 25, 26), (5,)), "startle": ((1, 2, 5), (25,)),
    "anger": ((4, 7), (5, 23, 24, 17)), "rage": ((4, 7, 23), (5, 10, 25)), "stern": ((4,), (24, 17, 7)),
    "disgust": ((9, 10), (4, 17, 25)), "nose": ((9, 4, 7), (17, 10)), "lip": ((10,), (25, 17, 4)),
    "sad": ((1, 4, 15), (17,)), "grief": ((1, 4), (15, 17, 25, 6)), "sulk": ((15, 17), (1, 4, 24)),
    "fear": ((1, 2, 4, 5, 20, 25), (26,)), "dread": ((1, 4, 20), (5, 25, 2)), "contempt": ((14,), (24, 17)),
    "press": ((24, 17), (23, 14)), "doubt": ((1, 2, 17), (15,)),
}
RATE = {1: .24, 2: .28, 4: .20, 5: .36, 6: .40, 7: .34, 9: .36, 10: .36, 12: .36, 14: .36, 15: .36, 17: .34, 20: .44,
        23: .44, 24: .40, 25: .34, 26: .26}
# Not shown together: the first named gives way, or now and then the second.
CLASH = [(24, 25), (24, 26), (23, 26), (17, 26), (15, 12), (20, 12), (17, 25), (5, 6), (24, 23)]


def drop_clashes(on, rng):
    """Weakens action units that cannot be shown together."""
    for a, b in CLASH:
        if a in on and b in on and rng.random() < .92:
            on.discard(a if rng.random() < .6 else b)
    if 26 in on:                                       # an open jaw parts the lips
        on.add(25)
        on.discard(24)


def sample(rng, neutral=False):
    """Returns ({AU: strength}, set of the AUs that count as present)."""
    r, on = rng.random(), set()
    if neutral or r < .06:
        pass
    elif r < .50:
        must, may = EXPRESSIONS[str(rng.choice(list(EXPRESSIONS)))]
        on = set(must) | {a for a in may if rng.random() < .5}
        if len(must) > 1 and rng.random() < .3:        # an incomplete expression
            on.discard(must[int(rng.integers(len(must)))])
        on |= {a for a in AUS if rng.random() < .035}
    elif r < .62:                                      # a single unit
        on = {int(rng.choice(AUS))}
    else:
        k = rng.uniform(.4, 1.5)
        on = {a for a in AUS if rng.random() < RATE[a] * k}
    drop_clashes(on, rng)
    level = rng.uniform(.3, 1)                         # the units of one face have similar strengths
    w = {}
    for a in AUS:
        if a in on:
            w[a] = float(np.clip(.5 * level + .5 * rng.uniform(.3, 1) + rng.normal(0, .06), .3, 1))
        else:
            w[a] = float(rng.uniform(0, .13) if rng.random() < .6 else 0)
    if {1, 2, 26} <= on and rng.random() < .4:
        w[26] = rng.uniform(1, 2.3)                    # a mouth stretched open, AU27
    elif 26 in on and 12 in on:
        w[26] = min(w[26], .7)
    return w, on


def sided(name, side):
    """The blendshape of one side, and its share: both sides drive a shape that has no sides."""
    return (name + side, 1.0) if name.endswith("_") else (name, .5)


def part_lips(head, w, wanted, on, rng):
    """Moves the lips until the gap between them is `wanted` (model units)."""
    i = head.index
    gap = float(head.lip_gap @ w)
    if 25 in on:
        need = wanted - gap
        if need > 0:                                   # .29 a unit for each lower, .35 for each upper side
            low = rng.uniform(.35, .9)
            for s in "LR":
                w[i["mouthLowerDown_" + s]] += low * need / (2 * .29)
                w[i["mouthUpperUp_" + s]] += (1 - low) * .5 * need / (2 * .35)
            w[i["jawOpen"]] += (1 - low) * .5 * need / 2.89
        elif 26 not in on and gap > 2.2 * wanted:
            w[i["mouthClose"]] += .6 * (gap - 2.2 * wanted) / 3.72
        return
    if gap > .02:                                      # the lower lip follows, the upper one gives a little
        share = rng.uniform(.55, .85)
        w[i["mouthClose"]] += share * gap / 3.72
        for s in "LR":
            w[i["mouthUpperUp_" + s]] -= (1 - share) * gap / (2 * .35)
    elif gap < -.10:                                   # the upper lip makes way
        w[i["mouthShrugUpper"]] += .75 * (-.10 - gap) / .46


def shut_lids(head, w, droop, blink):
    """Lid closure adds up over blink, squint and raised cheeks; it saturates before the lids cross."""
    for s in "LR":
        ib, iq = head.index["eyeBlink_" + s], head.index["eyeSquint_" + s]
        cheeks = .30 * (w[head.index["cheekSquint_" + s]] + w[head.index["cheekRaiser_" + s]])
        lid, squint = w[ib] + droop, w[iq]
        c = lid + .38 * squint + cheeks
        if c > .45:
            over = c - .45 - .27 * (1 - np.exp(-(c - .45) / .27))
            cut = min(over, .38 * .7 * max(squint, 0))
            squint -= cut / .38
            lid -= over - cut
        if blink > 0:
            squint *= 1 - .8 * blink
            lid = max(lid, min(lid + blink, 1 - cheeks * .8 - .38 * squint))
        w[ib], w[iq] = lid, squint


def weights(head, person, au, on, rng, blink=0.0, extra=None, wrinkles=()):
    """Blendshape weights [n] and crease weights [2, wrinkles] of the left and right side."""
    w, wr = np.zeros(len(head.names)), np.zeros((2, len(wrinkles)))
    oblique = min(1.0, au.get(1, 0.0))                 # AU1+4: drawn together, the inner corner stays up
    for a in AUS:
        for side, sign in (("L", 1), ("R", -1)):
            k = (au.get(a, 0.0) * person.gain[a] + person.bias[a]) * (1 + sign * person.asym[a])
            if a == 1:
                k *= 1 + .2 * min(1.0, au.get(4, 0.0))
            for name, s in person.rig[a]:
                if name == "browLower_" and a == 4:
                    s = s * (1 - .75 * oblique)
                full, share = sided(name, side)
                w[head.index[full]] += share * s * k
            for name, s in CREASES.get(a, ()):
                i = wrinkles.index(name)
                wr[0 if side == "L" else 1, i] += s * k * person.crease_gain[name]
    shut_lids(head, w, person.lid_droop, blink)
    jaw = w[head.index["jawOpen"]]
    for n in ("mouthPress_L", "mouthPress_R", "mouthRollLower", "mouthRollUpper"):
        w[head.index[n]] *= 1 - min(.5, 1.2 * jaw)
    for n, v in (extra or {}).items():
        w[head.index[n]] += v
    part_lips(head, w, .06 + .34 * au.get(25, 0.0) * person.gain[25], on, rng)
    return w, np.clip(wr, 0, 1.6)
