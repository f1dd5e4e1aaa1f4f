"""What hides part of a face: glasses, a fringe, a hand.  Drawn into the linear picture by its landmarks."""
import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

import person


def frame_style(rng):
    """One pair of glasses; lengths in distances between the eyes."""
    dark = rng.random() < .7
    return dict(w=rng.uniform(.40, .50), h=rng.uniform(.24, .40), t=rng.uniform(.018, .06), n=rng.uniform(2, 6),
                rgb=person.to_linear(rng.uniform(5, 90, 3) if dark else rng.uniform(60, 220, 3)),
                drop=rng.uniform(0, .10), sun=rng.uniform(.5, .95) if rng.random() < .08 else 0.0)


def eye_axes(lm):
    """Centres of the eyes, the unit vectors along and above them, and their distance."""
    left, right = lm[36:42].mean(0), lm[42:48].mean(0)
    d = max(float(np.linalg.norm(right - left)), 1.0)
    along = (right - left) / d
    return left, right, along, np.array([along[1], -along[0]]), d


def mask(n, draw, blur=0.0, k=3):
    """A soft mask [n, n, 1] of what `draw` paints on a canvas k times as large."""
    m = Image.new("L", (n * k, n * k))
    draw(ImageDraw.Draw(m))
    a = np.asarray(m.resize((n, n), Image.BOX), np.float32) / 255
    return (gaussian_filter(a, blur) if blur else a)[..., None]


def glasses(rgb, lm, style, rng, light):
    n, k = rgb.shape[0], 3
    left, right, along, up, d = eye_axes(lm)
    if d < 8:
        return
    th = np.linspace(0, 2 * np.pi, 48)
    bow = lambda c: np.sign(c) * np.abs(c) ** (2 / style["n"])
    rims = [c - up * style["drop"] * d + d * (style["w"] * bow(np.cos(th))[:, None] * along
                                              + style["h"] * bow(np.sin(th))[:, None] * up) for c in (left, right)]
    width = max(1, int(round(style["t"] * d * k)))
    mid = (left + right) / 2 + up * d * (.02 - style["drop"] + .3 * style["h"])
    gap = max(.03, .5 - style["w"]) * d
    ends = [(c + along * s * d * style["w"] + up * d * (.1 - style["drop"]), along * s) for c, s in ((left, -1), (right, 1))]

    def paint(pen):
        for p in rims:
            q = [tuple(v * k) for v in p]
            pen.line(q + q[:2], fill=255, width=width, joint="curve")
        pen.line([tuple((mid - along * gap) * k), tuple((mid + along * gap) * k)], fill=255, width=width)
        for a, s in ends:
            pen.line([tuple(a * k), tuple((a + s * d * .5) * k)], fill=255, width=width)

    a = mask(n, paint)
    g = mask(n, lambda pen: [pen.polygon([tuple(v * k) for v in p], fill=255) for p in rims])
    if rng.random() < .35:                                      # glare
        q = person.noise(rng, n, rng.uniform(2, 5))[..., None]
        rgb += g * np.clip(q - .6, 0, 1) * rng.uniform(.05, .5) * light.level()
    rgb *= 1 - max(.12 * rng.random(), style["sun"]) * g
    rgb[:] = rgb * (1 - a) + a * style["rgb"] * light.level()


def fringe(rgb, lm, hair, rng, light):
    """Strands from above the picture down to, or over, the brows."""
    n, k = rgb.shape[0], 3
    left, right, along, up, d = eye_axes(lm)
    mid = (left + right) / 2
    lowest, part = rng.uniform(.28, .75), rng.uniform(-1.2, 1.2)
    wave = rng.uniform(0, .25)

    def paint(pen):
        for _ in range(int(rng.integers(40, 160))):
            x = rng.uniform(-1.25, 1.25)
            if rng.random() < .6 and abs(x - part) < .35:
                continue
            tip = lowest + wave * abs(x - part) + rng.normal(0, .06)
            a = mid + d * (x * along + 1.9 * up)
            b = mid + d * ((x + .25 * np.sign(x - part) * rng.uniform(0, 1)) * along + tip * up)
            pen.line([tuple(a * k), tuple(b * k)], fill=int(rng.uniform(130, 255)), width=max(1, int(rng.uniform(.02, .09) * d * k)))

    a = mask(n, paint, .4) * rng.uniform(.75, 1)
    shade = np.clip(1 + .3 * person.noise(rng, n, 40)[..., None], .4, 1.8)
    rgb[:] = rgb * (1 - a) + a * hair * shade * light.level() * .8


def hand(rgb, lm, skin, rng, light):
    """A few fingers over chin, mouth, cheek or brow, with the person's own skin."""
    n, k = rgb.shape[0], 3
    _, _, along, up, d = eye_axes(lm)
    spot = lm[[8, 57, 3, 13, 48, 54, 19, 24][int(rng.integers(8))]] + d * rng.normal(0, .12, 2)
    away = spot - lm[30] + d * rng.normal(0, .3, 2)
    away = away / max(np.linalg.norm(away), 1e-3)
    side = np.array([away[1], -away[0]])
    count, wide = int(rng.integers(1, 5)), rng.uniform(.16, .24) * d

    def finger(pen, i, grow, fill):
        tip = spot + side * wide * 1.05 * (i - (count - 1) / 2) + away * abs(i - 1.4) * wide * .4
        end = tip + away * 3 * d + side * wide * .4 * (i - 1.5)
        w = max(2, int(wide * grow * k))
        pen.line([tuple(tip * k), tuple(end * k)], fill=fill, width=w)
        pen.ellipse([tip[0] * k - w / 2, tip[1] * k - w / 2, tip[0] * k + w / 2, tip[1] * k + w / 2], fill=fill)

    a = mask(n, lambda pen: [finger(pen, i, 1.0, 255) for i in range(count)], .5)
    core = mask(n, lambda pen: [finger(pen, i, .45, 255) for i in range(count)], .10 * d)
    tone = skin * np.exp(rng.normal(0, .1)) * (.55 + .5 * core)
    dark = mask(n, lambda pen: [finger(pen, i, 1.25, 255) for i in range(count)], .06 * d)
    rgb *= 1 - .35 * dark
    rgb[:] = rgb * (1 - a) + a * tone * light.level() * rng.uniform(.7, 1.1)
