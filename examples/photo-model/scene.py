"""Action units -> blendshapes, camera, light, background and camera noise."""
import ctypes as C
import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

import head as M
from person import WRINKLES, noise, to_linear

def attach_topology(mdl, idt):
    """Joins the head and the person's extra hair sheet into one mesh."""
    if idt.extra is None:
        return
    _, tri, uv = idt.extra
    idt.topology = (np.ascontiguousarray(np.vstack([mdl.tri, tri]), np.int32),
                    np.ascontiguousarray(np.vstack([mdl.tri_uv.reshape(-1, 6), uv]), np.float32),
                    np.concatenate([mdl.mat, np.full(len(tri), M.M_HAIR, np.int32)]).astype(np.int32))


class Light:
    """Random soft environment plus one to three directional lights."""

    def __init__(self, rng):
        sh = np.zeros((9, 3))
        tint = np.exp(rng.normal(0, [.06, .02, .08]))
        sh[0] = rng.uniform(.25, .65) * tint
        sh[1] = rng.uniform(.02, .30) * sh[0]                       # sky above
        sh[2] = rng.uniform(.05, .45) * sh[0]                       # towards the viewer
        sh[3] = rng.normal(0, .20) * sh[0]
        sh[4:] = rng.normal(0, .04, (5, 1)) * sh[0]
        sh[1:4] *= np.exp(rng.normal(0, .08, (3, 3)))
        self.sh = sh
        n = int(rng.choice([1, 2, 3], p=[.35, .45, .2]))
        self.dirs, self.rgb, self.shadow = [], [], []
        for i in range(n):
            az = rng.normal(0, 38) if i == 0 else rng.uniform(-75, 75)
            el = np.clip(rng.normal(28, 16), -8, 65)
            a, e = np.radians([az, el])
            self.dirs.append([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
            k = rng.uniform(.4, 1.3) if i == 0 else rng.uniform(.1, .45)
            self.rgb.append(k * np.exp(rng.normal(0, [.07, .02, .09])))
            self.shadow.append(rng.uniform(.55, 1.0) if i == 0 else rng.uniform(.4, .9) if i == 1 else 0.0)
        self.ao = rng.uniform(1.1, 1.9)

    def level(self):
        return float(np.mean(self.level_rgb()))

    def level_rgb(self):
        """Rough light that reaches a surface facing the camera."""
        s = self.sh[0] + self.sh[2] + 2 * self.sh[6]
        for d, c in zip(self.dirs, self.rgb):
            s = s + np.array(c) * max(0, d[2])
        return s

    def jitter(self, rng, k=.04):
        o = Light.__new__(Light)
        o.sh = self.sh * np.exp(rng.normal(0, k, (9, 1)))
        o.dirs = [list(np.array(d) + rng.normal(0, k, 3)) for d in self.dirs]
        o.dirs = [list(np.array(d) / np.linalg.norm(d)) for d in o.dirs]
        o.rgb = [c * np.exp(rng.normal(0, k)) for c in self.rgb]
        o.shadow, o.ao = self.shadow, self.ao
        return o


def background(rng, h, w):
    """Blurred indoor-like clutter, linear RGB."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    x, y = x / w - .5, y / h - .5
    a, b = to_linear(rng.uniform(25, 225, 3)), to_linear(rng.uniform(25, 225, 3))
    grey = rng.uniform(.45, 1.0)
    a, b = a * (1 - grey) + a.mean() * grey, b * (1 - grey) + b.mean() * grey
    th = rng.uniform(0, 2 * np.pi)
    t = np.clip(.5 + np.cos(th) * x + np.sin(th) * y, 0, 1)[..., None]
    im = a * (1 - t) + b * t
    for _ in range(int(rng.integers(0, 8))):
        c = to_linear(rng.uniform(10, 240, 3))
        c = c * (1 - grey) + c.mean() * grey
        k = rng.uniform(.2, .9)
        if rng.random() < .6:
            cx, cy, sx, sy = rng.uniform(-.6, .6, 2).tolist() + rng.uniform(.03, .4, 2).tolist()
            m = (np.abs(x - cx) < sx) & (np.abs(y - cy) < sy)
        else:
            cx, cy, r = rng.uniform(-.6, .6), rng.uniform(-.6, .6), rng.uniform(.05, .3)
            m = (x - cx) ** 2 + (y - cy) ** 2 < r * r
        im[m] = im[m] * (1 - k) + c * k
    n = noise(rng, 128, rng.uniform(4, 24))
    n = np.asarray(Image.fromarray(n.astype(np.float32)).resize((w, h), Image.BICUBIC))
    im = im * np.exp(.18 * rng.random() * n)[..., None]
    s = rng.uniform(.004, .03) * max(h, w)
    return np.ascontiguousarray(gaussian_filter(im, (s, s, 0)), np.float32)


class Pose:
    def __init__(self, yaw=0, pitch=0, roll=0, dist=80.0, gaze=(0, 0)):
        self.yaw, self.pitch, self.roll, self.dist, self.gaze = yaw, pitch, roll, dist, gaze


CROP_SCALE = 7.7                                # pixels per model unit in a 160 px crop
PIVOT = np.array([0, 1.0, 2.0], np.float32)     # head turns about this point
CENTRE = np.array([0, .5, 8.0], np.float32)     # and this one is put at (cx, cy)


def draw(mdl, person, w, wr, pose, light, rgb, cx, cy, px_per_unit, ss=2, alpha=None):
    """Renders one head into the linear image `rgb`; returns its dense points in pixels."""
    idt = person.id
    v = mdl.express(idt.base, w)
    # eyeballs follow the gaze
    gy, gp = pose.gaze
    for a, b in M.EYE_VERTS.values():
        c = .5 * (v[a:b].max(0) + v[a:b].min(0))
        v[a:b] = (v[a:b] - c) @ M.rotation(gy + person.gaze_offset, gp, 0).T + c
    tri, uv, mat = mdl.tri, mdl.tri_uv, mdl.mat
    if idt.extra is not None:
        v = np.vstack([v, idt.extra[0]])
        tri, uv, mat = idt.topology
    rot = M.rotation(pose.yaw, pose.pitch, pose.roll)
    v = (v - PIVOT) @ rot.T + PIVOT
    c = (CENTRE - PIVOT) @ rot.T + PIVOT
    v = np.ascontiguousarray(v - [c[0], c[1], 0], np.float32)
    focal = px_per_unit * (pose.dist - c[2])
    s = M.Scene()
    s.h, s.w, s.ss = rgb.shape[0], rgb.shape[1], ss
    s.rgb = M.fptr(rgb)
    if alpha is not None:
        s.alpha = M.fptr(alpha)
    s.nv, s.nt, s.pos, s.vshade = len(v), len(tri), M.fptr(v), M.fptr(idt.vshade)
    s.tri, s.tri_uv, s.mat = M.iptr(tri), M.fptr(uv), M.iptr(mat)
    s.cam_dist, s.focal, s.cx, s.cy = pose.dist, focal, cx, cy
    s.tex_n, s.tex0, s.tex1 = mdl.tex_n, M.fptr(idt.tex[0]), M.fptr(idt.tex[1])
    s.hair_mask0, s.hair_mask1 = M.fptr(idt.hair_masks[0]), M.fptr(idt.hair_masks[1])
    s.bump_base, s.nwrinkle, s.wrinkle = M.fptr(idt.bump_base), len(WRINKLES), M.fptr(idt.wrinkles)
    for i in range(len(WRINKLES)):
        s.wr_row0[i], s.wr_row1[i] = idt.wrinkle_rows[i]
        s.wr_left[i], s.wr_right[i] = wr[0, i], wr[1, i]
    s.sh[:] = [float(t) for t in light.sh.reshape(-1)]
    s.nlights = len(light.dirs)
    for i, (d, c3) in enumerate(zip(light.dirs, light.rgb)):
        for j in range(3):
            s.light_dir[3 * i + j], s.light_rgb[3 * i + j] = d[j], float(c3[j])
        s.light_shadow[i] = light.shadow[i]
    s.ao_strength, s.gloss, s.sss = light.ao, idt.gloss, 1.0
    for name, val in (("iris_rgb", idt.iris), ("iris_rgb2", idt.iris2), ("sclera_rgb", idt.sclera), ("tooth_rgb", idt.tooth),
                      ("gum_rgb", idt.gum), ("hair_rgb", idt.hair), ("lash_rgb", np.minimum(idt.hair * .4, .012))):
        setattr(s, name, (C.c_float * 3)(*[float(t) for t in val]))
    s.iris_radius, s.pupil_radius, s.lash_density, s.seed = idt.iris_radius, idt.pupil_radius, idt.lash_density, idt.seed
    M.render(s)
    p = v[mdl.dense]
    d = pose.dist - p[:, 2]
    return np.stack([cx + focal * p[:, 0] / d, cy - focal * p[:, 1] / d], 1)


class Camera:
    """Sensor and encoder: exposure, tone, cast, blur, noise, JPEG quality."""

    def __init__(self, rng):
        self.cast = np.exp(rng.normal(0, [.03, .012, .04]))
        self.contrast = rng.uniform(.95, 1.2)
        self.ev = rng.normal(0, .18)
        self.sat = rng.uniform(.75, 1.1)
        self.blur = rng.uniform(.25, .9)
        self.noise = rng.uniform(.0015, .008)
        self.quality = int(rng.integers(80, 96))

    def develop(self, lin, exposure, rng):
        x = gaussian_filter(lin, (self.blur, self.blur, 0)) * self.cast * exposure * np.exp(self.ev)
        g = x.mean(-1, keepdims=True)
        x = np.maximum(g + (x - g) * self.sat, 0)
        # soft shoulder, then sRGB
        x = np.where(x < .6, x, .6 + .4 * (1 - np.exp(-(x - .6) / .4)))
        x = np.where(x <= .0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-6), 1 / 2.4) - .055)
        x = .5 + (x - .5) * self.contrast
        n = rng.normal(size=x.shape) + rng.normal(size=x.shape[:2] + (1,))
        x = x + self.noise * n
        return (np.clip(x, 0, 1) * 255 + .5).astype(np.uint8)


def exposure_for(light, skin, strength=.62):
    """Camera auto-exposure: partly cancels light level and skin tone."""
    level = light.level() * float(np.mean(skin))
    return .24 / .24 ** (1 - strength) * level ** -strength if level > 0 else 1.0


def jpeg_bytes(img, quality):
    b = io.BytesIO()
    Image.fromarray(img).save(b, "JPEG", quality=quality)
    return b.getvalue()
