"""Light, background, camera: what varies from picture to picture."""
import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

import person
import scene


class Light(scene.Light):
    """Flash, hard side light, flat light, or the soft room of scene.Light."""

    def __init__(self, rng):
        super().__init__(rng)
        r = rng.random()
        if r < .22:                                             # flash from the camera
            self.dirs, self.rgb = [[rng.normal(0, .12), rng.normal(.12, .15), 1.0]], [np.ones(3) * rng.uniform(.6, 1.6)]
            self.shadow = [rng.uniform(.3, 1)]
            self.sh[0] *= rng.uniform(.3, 1)
        elif r < .45:                                           # hard, from far aside or above
            az, el = np.radians([rng.uniform(25, 85) * rng.choice([-1, 1]), rng.uniform(-20, 75)])
            self.dirs[0] = [np.sin(az) * np.cos(el), np.sin(el), np.cos(az) * np.cos(el)]
            self.rgb[0] = np.asarray(self.rgb[0]) * rng.uniform(.9, 1.9)
            self.shadow[0] = rng.uniform(.6, 1)
            self.sh[0] *= rng.uniform(.3, 1)
        elif r < .62:                                           # flat
            self.rgb = [np.asarray(c) * rng.uniform(.05, .5) for c in self.rgb]
            self.sh[0] *= rng.uniform(1, 1.6)
        self.sh = self.sh * np.exp(rng.normal(0, [.12, .03, .16]))
        self.rgb = [np.asarray(c) * np.exp(rng.normal(0, [.10, .03, .13])) for c in self.rgb]
        d = np.array(self.dirs, float)
        self.dirs = [list(v / np.linalg.norm(v)) for v in d]
        self.ao = rng.uniform(.8, 2.2)


def background(rng, n):
    r = rng.random()
    if r < .5:
        return scene.background(rng, n, n)
    if r < .7:                                                  # a plain wall
        c = person.to_linear(rng.uniform(5, 250) + rng.uniform(-25, 25, 3) * rng.random())
        y, x = np.mgrid[0:n, 0:n] / n - .5
        g = np.exp((rng.normal(0, .4) * x + rng.normal(0, .4) * y))[..., None]
        return np.ascontiguousarray(np.clip(c, .001, 1) * g, np.float32)
    im = np.zeros((n, n, 3))
    im[:] = person.to_linear(rng.uniform(10, 240, 3))
    for _ in range(int(rng.integers(3, 16))):                   # blobs and bars
        c, k = person.to_linear(rng.uniform(5, 250, 3)), rng.uniform(.3, 1)
        m = Image.new("L", (n, n))
        d = ImageDraw.Draw(m)
        x, y, a, b = rng.uniform(-.2, 1.2) * n, rng.uniform(-.2, 1.2) * n, np.exp(rng.uniform(1, 4)), np.exp(rng.uniform(1, 4))
        (d.ellipse if rng.random() < .5 else d.rectangle)([x - a, y - b, x + a, y + b], fill=255)
        m = np.asarray(m.rotate(rng.uniform(0, 360)), np.float32)[..., None] / 255 * k
        im = im * (1 - m) + c * m
    im = im * np.exp(rng.uniform(0, .6) * person.noise(rng, n, np.exp(rng.uniform(1, 4)))[..., None])
    s = np.exp(rng.uniform(-1, 1.8))
    return np.ascontiguousarray(gaussian_filter(np.clip(im, 0, 1.2), (s, s, 0)), np.float32)


def develop(lin, exposure, rng):
    """Linear picture -> 8-bit RGB: focus, white balance, exposure, tone curve, some noise."""
    s = rng.uniform(0, .9)
    x = gaussian_filter(lin, (s, s, 0)) * np.exp(rng.normal(0, [.07, .025, .09])) * exposure * np.exp(rng.normal(0, .35))
    g = x.mean(-1, keepdims=True)
    x = np.maximum(g + (x - g) * rng.uniform(.5, 1.25), 0)
    x = np.where(x < .6, x, .6 + .4 * (1 - np.exp(-(x - .6) / .4)))
    x = np.where(x <= .0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-6), 1 / 2.4) - .055)
    x = np.clip(.5 + (x - .5) * rng.uniform(.8, 1.3), 0, 1) ** np.exp(rng.normal(0, .15))
    if rng.random() < .5:
        s = np.exp(rng.uniform(np.log(.001), np.log(.02)))
        x = x + s * (rng.normal(size=x.shape[:2] + (1,)) + .7 * rng.normal(size=x.shape))
    return (np.clip(x, 0, 1) * 255 + .5).astype(np.uint8)
