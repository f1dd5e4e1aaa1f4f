"""Per-identity appearance, painted in the UV space of the mean mesh: skin,
lips, brows, hair line, beard, and the height maps of expression wrinkles."""
import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates

from head import smoothstep

SKIN_SRGB = np.array([(240, 205, 186), (230, 184, 158), (216, 166, 136), (196, 143, 110),
                      (166, 114, 82), (128, 84, 59), (96, 62, 46), (72, 48, 38)], float)
HAIR_LINEAR = {"black": (.010, .009, .008), "dark": (.026, .017, .012), "brown": (.060, .036, .022),
               "light": (.125, .080, .045), "blond": (.30, .21, .11), "red": (.20, .070, .028),
               "grey": (.24, .235, .225)}
IRIS_LINEAR = {"dark": ((.030, .016, .008), (.045, .024, .012)), "brown": ((.070, .034, .014), (.12, .055, .02)),
               "hazel": ((.12, .085, .030), (.17, .10, .03)), "green": ((.10, .13, .065), (.17, .15, .06)),
               "blue": ((.11, .18, .27), (.20, .26, .33)), "grey": ((.16, .19, .21), (.22, .24, .25))}
WRINKLES = ["brow_in", "brow_out", "glabella", "crow", "undereye", "nose", "nasolabial", "dimple",
            "marionette", "chin", "mentolabial", "lips", "cheek"]


def to_linear(srgb):
    c = np.asarray(srgb, float) / 255
    return np.where(c <= .04045, c / 12.92, ((c + .055) / 1.055) ** 2.4)


def noise(rng, n, cells, aspect=1.0):
    """Smooth unit-variance noise with about `cells` bumps across the map."""
    h, w = max(2, int(cells)), max(2, int(cells * aspect))
    a = np.asarray(Image.fromarray(rng.normal(size=(h, w)).astype(np.float32)).resize((n, n), Image.BICUBIC))
    return (a - a.mean()) / (a.std() + 1e-9)


def gauss(x, y, cx, cy, sx, sy):
    return np.exp(-((x - cx) / sx) ** 2 - ((y - cy) / sy) ** 2)


def spline(pts, k=8, closed=False):
    """Catmull-Rom through the points."""
    p = np.asarray(pts, float)
    q = np.vstack([p[-1], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, k, endpoint=False)[:, None]
    out = []
    for a, b, c, d in zip(q, q[1:], q[2:], q[3:]):
        out.append(.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t ** 2 + (3 * b - a - 3 * c + d) * t ** 3))
    out = np.vstack(out)
    return out if closed else np.vstack([out, p[-1:]])


class Canvas:
    """Rest positions of every texel, shared by all identities."""

    def __init__(self, model):
        self.n = model.tex_n
        self.pos = model.bakes
        self.x, self.y, self.z = (model.bakes[0][..., k] for k in range(3))
        self.uv = model.vert_uv[model.landmarks]
        v, u = np.mgrid[0:self.n, 0:self.n]
        self.u, self.v = (u + .5) / self.n, 1 - (v + .5) / self.n
        self.ear = (smoothstep(.385, .41, np.abs(self.u - .5)) * smoothstep(.36, .39, self.v)
                    * (1 - smoothstep(.67, .69, self.v)))
        self.front = smoothstep(2.5, 5, self.z)
        self.lips = self._polygon(spline(self.uv[48:60], closed=True), 1.6)
        self.lip_core = self._polygon(spline(self.uv[48:60], closed=True), 5)

    def _polygon(self, uv, blur):
        k, n = 2, self.n
        im = Image.new("L", (n * k, n * k))
        ImageDraw.Draw(im).polygon([(u * n * k, (1 - v) * n * k) for u, v in uv], fill=255)
        return gaussian_filter(np.asarray(im.resize((n, n), Image.BOX), np.float32) / 255, blur)


def hair_line(p, h0, recess):
    """Soft hair mask at rest positions p (..., 3): 1 = hair."""
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    phi = np.degrees(np.arctan2(x, z - 1.0))
    line = np.interp(phi, [0, 22, 38, 50, 60, 68, 76, 84, 100, 180],
                     [h0, h0 + .1, h0 - .3 + recess, h0 - 1.6 + .6 * recess, 6.5, 4.6, 2.4, 1.6, -2.5, -4.5])
    return smoothstep(-.5, .8, y - line)


class Identity:
    """Everything that stays fixed for one person."""

    def __init__(self, model, canvas, rng, sex):
        self.sex = sex
        male = sex == "M"
        c = rng.normal(size=100) * .85
        c += model.face_direction * (1.0 if male else -1.0) * rng.uniform(.5, 1.2)
        self.coeffs = np.clip(c, -2.4, 2.4).astype(np.float32)
        self.tone = rng.beta(1.1, 1.5)
        self.age = np.clip(rng.beta(1.6, 2.2), .05, 1)
        self._colours(rng, male)
        self._hair(model, canvas, rng, male)
        self._paint(canvas, rng, male)
        self._wrinkles(canvas, rng)
        self._mesh(model, rng)
        self.seed = int(rng.integers(1, 1 << 30))

    # ------------------------------------------------------------- colours
    def _colours(self, rng, male):
        t = self.tone * (len(SKIN_SRGB) - 1)
        i = min(int(t), len(SKIN_SRGB) - 2)
        skin = to_linear(SKIN_SRGB[i] * (1 - t + i) + SKIN_SRGB[i + 1] * (t - i))
        self.skin = skin * np.exp(rng.normal(0, .07)) * np.exp(rng.normal(0, .05) * np.array([.6, 0, -1.2]) + rng.normal(0, .012, 3))
        if self.tone < .33:
            names, p = ["dark", "brown", "light", "blond", "red", "grey"], [.25, .27, .2, .15, .06, .07]
        else:
            names, p = ["black", "dark", "brown", "grey"], [.6, .28, .06, .06]
        self.hair_name = str(rng.choice(names, p=p))
        self.hair = np.array(HAIR_LINEAR[self.hair_name]) * np.exp(rng.normal(0, .25)) * np.exp(rng.normal(0, .12) * np.array([.5, 0, -.5]))
        if self.tone < .35:
            iris, p = ["dark", "brown", "hazel", "green", "blue", "grey"], [.1, .25, .18, .13, .26, .08]
        else:
            iris, p = ["dark", "brown", "hazel"], [.6, .35, .05]
        a, b = IRIS_LINEAR[str(rng.choice(iris, p=p))]
        k = np.exp(rng.normal(0, .2)) * (.55 if self.tone > .5 else 1)
        self.iris, self.iris2 = np.array(a) * k, np.array(b) * k
        self.sclera = np.array([.60, .57, .54]) * rng.uniform(.8, 1.05) * np.exp(rng.normal(0, .03, 3))
        self.tooth = np.array([.62, .53, .42]) * rng.uniform(.75, 1.15) * np.array([1, 1, rng.uniform(.85, 1.1)])
        self.gum = np.array([.34, .12, .11]) * (1 - .45 * self.tone)
        self.iris_radius = rng.uniform(.118, .132)
        self.pupil_radius = rng.uniform(.034, .058)
        self.gloss = rng.uniform(.5, 1.5)
        self.lash_density = rng.uniform(.25, .5) if male else rng.uniform(.4, .85)

    # ---------------------------------------------------------------- hair
    def _hair(self, model, canvas, rng, male):
        self.bald = male and rng.random() < .13
        self.h0 = rng.uniform(9.4, 10.9) + (.6 * rng.random() if male else 0)
        if not male and rng.random() < .15:           # a short fringe
            self.h0 = rng.uniform(7.7, 8.9)
        self.recess = rng.uniform(0, 1.6) if male else rng.uniform(-.4, .5)
        self.hair_thick = 0 if self.bald else rng.uniform(.15, .8) if male else rng.uniform(.5, 1.1)
        self.long_hair = (not male) and rng.random() < .8
        self.hair_masks = []
        for tile in (0, 1):
            m = hair_line(canvas.pos[tile], self.h0, self.recess)
            if tile == 0:
                m = m * (1 - canvas.ear)
            self.hair_masks.append((m * (.25 if self.bald else 1)).astype(np.float32))
        vm = hair_line(model.mean, self.h0, self.recess)
        u, v = model.vert_uv[:, 0], model.vert_uv[:, 1]
        ear = (np.abs(u - .5) > .39) & (v > .37) & (v < .68)
        vm[:9409][ear[:9409]] = 0
        vm[11248:] = 0
        self.hair_verts = vm * self.hair_thick
        grey = rng.uniform(15, 215)
        self.cloth = to_linear(np.clip(grey + rng.uniform(-55, 55, 3) * rng.random(), 5, 240))
        self.neckline = rng.uniform(-15.5, -12.5)

    def _strands(self, p, rng):
        phi = np.arctan2(p[..., 0], p[..., 2] - 1.0)
        tab = gaussian_filter(rng.normal(size=(24, 384)), (.9, .6)) + .8 * gaussian_filter(rng.normal(size=(24, 384)), (.7, 2.5)) * 2
        tab /= tab.std()
        q = np.array([np.clip((p[..., 1] + 8) / 24, 0, 1) * 23, (phi / (2 * np.pi) + .5) * 383])
        return map_coordinates(tab, q, order=1, mode="wrap")

    # ---------------------------------------------------------------- skin
    def _paint(self, cv, rng, male):
        n, x, y, z = cv.n, cv.x, cv.y, cv.z
        ax, light = np.abs(x), 1 - self.tone
        alb = np.ones((n, n, 3)) * self.skin
        tint = lambda m, rgb: alb.__imul__(1 + m[..., None] * (np.array(rgb) - 1))
        # blood: cheeks, nose, chin, ears, lids
        blood = (rng.uniform(.2, 1.2) * gauss(ax, y, 4.3, -.3, 2.0, 2.2) + rng.uniform(.2, 1.0) * gauss(x, y, 0, .2, 1.4, 1.4)
                 + rng.uniform(.1, .5) * gauss(x, y, 0, -6.3, 1.8, 1.0) + .7 * cv.ear + .25 * gauss(ax, y, 3.1, 3.6, 2.2, 1.6)
                 + .16 * noise(rng, n, 9) + .08 * noise(rng, n, 26))
        tint(np.clip(blood, -.3, 1.6) * (.4 + .6 * light), (1.01, .80, .80))
        tint(gauss(x, y, 0, 8.6, 4.5, 2.4) * cv.front, (1.04, 1.05, 1.02))
        tint(gauss(ax, y, 3.0, 2.25, 1.5, .55) * rng.uniform(.1, .9), (.82, .76, .80))
        tint(gauss(ax, y, 2.0, 3.6, .6, 1.2) * rng.uniform(.2, .9), (.84, .76, .76))
        tint(gauss(ax, y, 3.1, 4.25, 1.6, .45) * rng.uniform(.2, .9), (.86, .78, .77))
        # pigment variation, pores
        tint(noise(rng, n, 6), (.975, .97, .965))
        tint(.5 * noise(rng, n, 60) + .5 * noise(rng, n, 150), (1 - .022 * rng.uniform(.6, 1.6),) * 3)
        if self.tone < .45 and rng.random() < .3:
            f = np.clip(noise(rng, n, 210) - 1.3, 0, 1) * np.clip(gauss(ax, y, 2.5, 1, 4, 3) + .1, 0, 1)
            tint(np.clip(rng.uniform(.5, 1.3) * f, 0, .8), (.78, .64, .56))
        for _ in range(rng.poisson(2.5)):
            u0, v0, r = rng.uniform(.15, .85), rng.uniform(.2, .9), rng.uniform(.0025, .006)
            tint(np.exp(-((cv.u - u0) ** 2 + (cv.v - v0) ** 2) / r ** 2) * rng.uniform(.4, .9), (.4, .3, .28))
        # nostrils
        for u0 in (.455, .543):
            tint(np.exp(-((cv.u - u0) / .012) ** 2 - ((cv.v - .56) / .010) ** 2), (.22, .12, .11))
        # make-up
        makeup = (not male) and rng.random() < .5
        if makeup:
            shadow = np.exp(rng.normal(-.45, .2, 3))
            tint(gauss(ax, y, 3.3, 4.4, 1.5, .5) * rng.uniform(.2, .8), shadow)
            tint(gauss(ax, y, 5.0, -.2, 1.5, 1.3) * rng.uniform(0, .6), (1, .75, .76))
        # lash line
        lid = np.exp(-((cv.v - .7195) / .0055) ** 2) * (smoothstep(.085, .10, np.abs(cv.u - .5)) * (1 - smoothstep(.19, .205, np.abs(cv.u - .5))))
        tint(lid * (rng.uniform(.6, .95) if makeup else rng.uniform(.2, .55)), (.30, .24, .22))
        # lips
        lipstick = makeup and rng.random() < .6
        if lipstick:
            col = to_linear([rng.uniform(130, 190), rng.uniform(35, 85), rng.uniform(50, 95)]) * (.25 + .75 * light)
            k = rng.uniform(.5, .85)
        else:
            col = self.skin * np.array([rng.uniform(.72, .92), rng.uniform(.34, .54), rng.uniform(.40, .62)])
            k = rng.uniform(.6, .92)
        m = (cv.lips * k)[..., None]
        tex = 1 + .05 * noise(rng, n, 30, 4.0)[..., None]
        alb = alb * (1 - m) + col * tex * m
        core = np.clip(cv.lips - cv.lip_core, 0, 1)[..., None]
        alb = alb * (1 - .12 * core)
        self._beard(cv, rng, male, alb)
        self._brows(cv, rng, male, alb)
        # hair on the scalp, cloth on the shoulders
        gloss = np.ones((n, n)) * .8 + .25 * gauss(x, y, 0, 7.5, 3, 4) + .5 * gauss(x, y, 0, .8, 1.2, 2.2) + .8 * cv.lips * rng.uniform(.3, 1.0)
        gloss += .12 * noise(rng, n, 90) - .3 * self.beard_mask
        tiles = []
        head = np.ones((n, n, 3)) * self.skin
        for tile, a in ((0, alb), (1, head)):
            p = cv.pos[tile]
            s = self._strands(p, rng)
            h = self.hair_masks[tile]
            edge = np.clip(h + .16 * s * h * (1 - h) * 4, 0, 1)
            self.hair_masks[tile] = edge.astype(np.float32)
            hc = self.hair * np.clip(1 + .28 * s, .3, 2.0)[..., None]
            a = a * (1 - edge[..., None]) + hc * edge[..., None]
            c = smoothstep(self.neckline + .4, self.neckline - .4, p[..., 1] + .35 * np.abs(p[..., 0]) * -.3)[..., None]
            a = a * (1 - c) + self.cloth * c
            g = (gloss if tile == 0 else np.full((n, n), .8)) * (1 - .7 * edge) * (1 - c[..., 0])
            tiles.append(np.ascontiguousarray(np.dstack([np.clip(a, .002, .95), np.clip(g, 0, 3)]), np.float32))
        self.tex = tiles

    def _beard(self, cv, rng, male, alb):
        x, y, z, ax = cv.x, cv.y, cv.z, np.abs(cv.x)
        top = np.interp(ax, [0, 1.0, 2.2, 3.2, 5.0, 6.4, 7.6], [-1.35, -1.35, -1.75, -3.0, -2.8, -.8, 2.2])
        jaw = smoothstep(.5, -.5, y - top) * smoothstep(-11.5, -8.5, y) * (1 - cv.ear)
        hole = gauss(ax, y, 1.7, -5.3, .8, .6) * .5
        m = np.clip(jaw - hole, 0, 1) * (1 - cv.lips)
        tache = gauss(ax, y, 1.2, -1.9, 1.5, .6)
        self.beard = 0.0
        if male:
            r = rng.random()
            self.beard = 0 if r < .2 else rng.uniform(.1, .45) if r < .66 else rng.uniform(.6, .95)
            r = rng.random()
            if self.beard > .5 and r < .45:           # moustache alone, or with the chin
                lip = gauss(ax, y, .9, -1.75, 2.0, .62)
                m = m * np.clip(lip + (gauss(ax, y, 0, -6.3, 1.7, 1.6) if r < .2 else 0), 0, 1)
                m *= smoothstep(.2, .55, m)
        self.beard_mask = m * self.beard
        if self.beard:
            grain = np.clip(1 + .16 * noise(rng, cv.n, 200, 1.4) + .10 * noise(rng, cv.n, 30), .4, 1.4)
            k = np.clip(m * (1 + .25 * tache) * self.beard * grain, 0, .93)[..., None]
            target = self.skin * np.array([.45, .48, .54]) if self.beard < .5 else self.hair * 1.3 + .01
            alb *= 1 - k
            alb += k * target

    def _brows(self, cv, rng, male, alb):
        x, y, ax = cv.x, cv.y, np.abs(cv.x)
        xi, xo = rng.uniform(.95, 1.4), rng.uniform(5.1, 5.9)
        drop = rng.uniform(.25, .75) + (.1 if male else -.05)
        arch, tilt = rng.uniform(-.15, .35) - (.12 if male else 0), rng.uniform(-.25, .25)
        h0 = rng.uniform(.34, .58) if male else rng.uniform(.22, .44)
        s = (ax - xi) / (xo - xi)
        yc = np.interp(ax, [0.6, 1.17, 2.41, 3.79, 4.93, 5.82, 6.5], [5.80, 5.91, 6.19, 6.26, 5.98, 5.20, 4.6]) - drop
        yc = yc + arch * np.exp(-((s - .62) / .25) ** 2) + tilt * (s - .5)
        h = h0 * np.interp(s, [0, .12, .4, .7, 1], [.8, 1.05, 1.0, .72, .28])
        d = (y - yc) / h
        asym = noise(rng, cv.n, 40)
        body = smoothstep(1.35, .3, np.abs(d) + .10 * asym)
        ends = smoothstep(-.12, .16, s) * smoothstep(1.05, .75, s)
        # hair strokes leaning outwards
        q = np.array([np.clip(ax / 8, 0, 1) * 149 - (y - yc) * 14 * (.25 + .75 * np.clip(s, 0, 1)), np.clip((y - yc + 1) / 2, 0, 1) * 15 + 16 * (x > 0)])
        tab = rng.normal(size=(150, 32))
        strokes = map_coordinates(gaussian_filter(tab, (.5, 1.2)), q, order=1, mode="wrap")
        strokes /= strokes.std()
        dens = rng.uniform(.55, .95) if self.hair_name not in ("blond", "grey") else rng.uniform(.4, .75)
        k = np.clip(body * ends * dens * (1 + .22 * strokes), 0, .96) * cv.front
        col = self.hair * (.55 if self.hair_name in ("blond", "light", "red", "grey") else 1.0)
        col = np.minimum(col, self.skin * .5)
        alb *= 1 - k[..., None]
        alb += k[..., None] * col
        self.brow_mask = k

    # ------------------------------------------------------------ wrinkles
    def _wrinkles(self, cv, rng):
        n, x, y, ax = cv.n, cv.x, cv.y, np.abs(cv.x)
        J = lambda s: rng.normal(0, s)
        yy = y + .10 * noise(rng, n, 14)       # make every line wander a little
        xx = ax + .08 * noise(rng, n, 14)
        maps = {k: np.zeros((n, n)) for k in WRINKLES}

        def line(pts, amp, sig, bulge=.35, fade=(.25, .25)):
            c = spline(np.array(pts) + rng.normal(0, .05, (len(pts), 2)), 6)
            lo, hi = c.min(0) - 5 * sig, c.max(0) + 5 * sig
            sel = (xx > lo[0]) & (xx < hi[0]) & (yy > lo[1]) & (yy < hi[1]) & (cv.z > 1)
            px, py = xx[sel], yy[sel]
            best, arg = np.full(px.shape, 1e9), np.zeros(px.shape)
            for i in range(len(c) - 1):
                a, e = c[i], c[i + 1] - c[i]
                t = np.clip(((px - a[0]) * e[0] + (py - a[1]) * e[1]) / (e @ e + 1e-9), 0, 1)
                dd = (px - a[0] - t * e[0]) ** 2 + (py - a[1] - t * e[1]) ** 2
                m = dd < best
                best[m], arg[m] = dd[m], (i + t[m]) / (len(c) - 1)
            d = np.sqrt(best) / sig
            w = smoothstep(0, fade[0], arg) * smoothstep(1, 1 - fade[1], arg)
            out = np.zeros((n, n))
            out[sel] = amp * w * (-np.exp(-d ** 2) + bulge * np.exp(-((d - 2.1) / 1.2) ** 2))
            return out

        k = int(rng.integers(3, 6))
        ys = np.linspace(7.2, 9.3, k) + rng.normal(0, .08, k)
        fore = np.zeros((n, n))
        for y0 in ys:
            bow = rng.uniform(.1, .5)
            yc = y0 + bow * (1 - (xx / 4.2) ** 2) * .5 + .15 * np.cos(xx * 1.2 + J(1))
            d = (yy - yc) / rng.uniform(.13, .18)
            fore += rng.uniform(.05, .09) * (-np.exp(-d ** 2) + .45 * np.exp(-((np.abs(d) - 2.0) / 1.1) ** 2))
        fore *= smoothstep(10.6, 9.6, y) * cv.front
        maps["brow_in"] = fore * smoothstep(3.2, 1.6, ax)
        maps["brow_out"] = fore * smoothstep(1.2, 2.6, ax) * smoothstep(5.6, 4.2, ax)
        g = rng.uniform(.40, .62)
        maps["glabella"] = (line([(g, 4.9), (g + .12, 5.7), (g + .05, 6.6)], .11, .16) + line([(.05, 5.1), (.05, 6.2)], .04 * rng.random(), .12)
                            + .07 * gauss(ax, y, 1.3, 5.9, .55, .5) + line([(0, 4.15), (.5, 4.25), (.9, 4.5)], .05, .14))
        for a in np.linspace(-38, 38, int(rng.integers(3, 6))) + rng.normal(0, 5):
            L, t = rng.uniform(.9, 1.5), np.radians(a)
            x0, y0 = 4.85, 3.45
            maps["crow"] += line([(x0 + .1 * np.cos(t), y0 + .35 * np.sin(t)), (x0 + .55 * L * np.cos(t), y0 + .6 * L * np.sin(t)),
                                  (x0 + L * np.cos(t), y0 + L * np.sin(t) - .15)], .065, .11)
        for dy, amp in ((-.95, .05), (-1.45, .045)):
            maps["undereye"] += line([(1.9, 3.2 + .6 * dy), (2.7, 3.1 + dy), (3.7, 3.1 + dy), (4.7, 3.4 + .7 * dy)], amp, .14)
        maps["undereye"] += .05 * gauss(ax, y, 3.1, 2.7, 1.4, .3)
        for y0 in (4.3, 3.7, 3.1):
            maps["nose"] += line([(.05, y0 + .05), (.5, y0), (1.0, y0 - .45)], rng.uniform(.05, .08), .12)
        maps["nose"] += line([(.9, 2.6), (1.2, 1.6), (1.55, .4)], .06, .16)
        e = rng.uniform(-.2, .25)
        maps["nasolabial"] = (line([(1.55, .05), (2.0, -.75), (2.75 + e, -1.9), (3.25 + e, -3.1), (3.3 + e, -4.1)], .12, .22, .5, (.12, .35))
                              + .07 * gauss(ax, y, 3.6, -1.1, 1.2, 1.2))
        maps["dimple"] = line([(3.05, -2.7), (3.2, -3.4), (3.05, -4.1)], .12, .17, .5) - .06 * gauss(ax, y, 3.5, -3.4, .5, .6)
        maps["marionette"] = line([(2.45, -3.45), (2.75, -4.1), (2.9, -4.7), (2.85, -5.5)], .09, .23, .35, (.45, .35))
        peb = noise(rng, n, 75)
        maps["chin"] = .042 * peb * gauss(x, y, 0, -6.0, 1.7, .95) - .02 * np.clip(noise(rng, n, 95), 0, 2) * gauss(x, y, 0, -6.0, 1.6, .9)
        maps["mentolabial"] = line([(0, -5.05), (.9, -5.15), (1.7, -5.5)], .10, .20, .4, (.0, .4))
        lipline = np.sin(xx * 14 + J(1)) * .012
        maps["lips"] = lipline * (gauss(x, y, 0, -3.4, 2.2, 1.1)) + line([(0, -2.2), (1, -2.3), (2.2, -3.2)], .03, .12, .5, (0, .3))
        maps["cheek"] = line([(4.6, .3), (4.55, -1.4), (4.1, -3.0), (3.6, -4.2)], .05, .28, .4)
        strength = .6 + .9 * self.age
        self.wrinkles = np.ascontiguousarray(np.stack([maps[k] * strength for k in WRINKLES]), np.float32)
        rows = [np.where(np.abs(w).max(1) > 1e-4)[0] for w in self.wrinkles]
        self.wrinkle_rows = [(int(r[0]), int(r[-1]) + 1) if len(r) else (0, 0) for r in rows]
        # permanent relief: age lines at rest, pores, brow relief
        perm = self.age ** 1.5
        base = sum(maps[k] * rng.uniform(0, w) * perm for k, w in
                   (("brow_in", .5), ("brow_out", .5), ("glabella", .5), ("crow", .55), ("undereye", .9),
                    ("nasolabial", .8), ("marionette", .6), ("mentolabial", .5)))
        base = base + .0032 * noise(rng, n, 200) * (.5 + self.age) + .05 * self.brow_mask
        base = base + .035 * self.beard_mask * np.clip(noise(rng, n, 180), -1, 1) * (self.beard > .5)
        self.bump_base = np.ascontiguousarray(base, np.float32)

    # ---------------------------------------------------------------- mesh
    def _mesh(self, model, rng):
        v = model.identity_mesh(self.coeffs)
        n = model.normals(v)
        bump = 1 + .25 * np.sin(v[:, 0] * .9 + rng.uniform(0, 6)) * np.sin(v[:, 2] * .8 + rng.uniform(0, 6))
        v = v + n * (self.hair_verts * bump)[:, None]
        a, b = 14062, 21451
        v[a:b, 2] -= .22                     # keep teeth clear of pressed lips
        v[a:b, 0] *= .97
        v[17039:b] += n[17039:b] * .025      # close the gaps between teeth
        for lo, hi in ((21451, 23021), (23021, 24591)):
            v[lo:hi, 2] -= .06
        self.base = v.astype(np.float32)
        # light falls off behind the lips
        vs = np.ones(model.nv, np.float32)
        z = model.mean[:, 2]
        vs[14062:21451] = np.clip(np.exp(-(10.6 - z[14062:21451]) * .42), .05, 1)
        vs[11248:13294] = np.clip(np.exp(-(10.8 - z[11248:13294]) * .8), .03, 1)
        self.extra = None
        if self.long_hair:
            self.extra = self._long_hair(model, rng)
            vs = np.concatenate([vs, np.ones(len(self.extra[0]), np.float32)])
        self.vshade = vs

    def _long_hair(self, model, rng):
        """A sheet of hair around the back and sides of the head."""
        na, nb = 56, 40
        front, bottom = rng.uniform(58, 76), rng.uniform(-17, -7)
        sc = np.abs(self.base[:9409, 0]).max() / 9.2
        al = np.linspace(-1, 1, na)[None, :]
        be = np.linspace(0, 1, nb)[:, None]
        y = 14.2 - be * (14.2 - bottom)
        up = np.clip((y - 4.5) / 10.2, 0, 1)
        cap = np.sqrt(np.clip(1 - up ** 2.2, 0, 1))
        # the opening for the face widens below the hair line and closes above
        open_deg = np.interp(y, [bottom, -6, 3, 8, 11, 14.2], [front + 14, front + 6, front, front - 8, 38, 0])
        phi = np.radians(180 + al * (180 - open_deg))
        wave = .35 * np.sin(phi * 7 + y * .35 + rng.uniform(0, 6)) + .25 * np.sin(phi * 13 - y * .5)
        flare = np.interp(y, [bottom, -4, 3, 14], [.3, .8, .3, .2]) + rng.uniform(0, .9)
        rx = (8.6 + flare + self.hair_thick * .6 + .35 * wave) * cap * sc
        rz = (9.0 + flare + self.hair_thick * .6 + .35 * wave) * cap * sc
        x = rx * np.sin(phi)
        z = rz * np.cos(phi) - .8
        top = self.base[9409:11248, 1].max() - 14.5
        pts = np.stack([x, y + top + 0 * al, z], -1).reshape(-1, 3).astype(np.float32)
        i = np.arange(nb - 1)[:, None] * na + np.arange(na - 1)[None]
        q = np.stack([i, i + 1, i + na, i + na + 1], -1).reshape(-1, 4)
        tri = np.vstack([q[:, [0, 2, 1]], q[:, [1, 2, 3]]]).astype(np.int32) + model.nv
        uvg = np.stack(np.broadcast_arrays(al * 2 + 2, be * 3), -1).reshape(-1, 2).astype(np.float32)
        uv = uvg[tri - model.nv].reshape(-1, 6).astype(np.float32)
        return pts, tri, uv
