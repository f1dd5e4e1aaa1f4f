"""Morphable head: loading, posing and the ctypes binding of the renderer."""
import ctypes as C
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
MAX_LIGHTS, MAX_WRINKLES = 3, 24
F = C.POINTER(C.c_float)
I = C.POINTER(C.c_int)
M_FACE, M_HEAD, M_SOCKET, M_EYESOCKET, M_GUMS, M_TEETH, M_EYE, M_LASH, M_HAIR = range(9)
EYE_VERTS = {"L": (21451, 22221), "R": (23021, 23791)}
MOUTH_VERTS = (14062, 21451)      # gums, tongue, teeth
SOCKET_VERTS = (11248, 13294)
FACE_VERTS, HEAD_VERTS = (0, 9409), (9409, 11248)


class Scene(C.Structure):
    _fields_ = [
        ("w", C.c_int), ("h", C.c_int), ("ss", C.c_int), ("rgb", F), ("alpha", F),
        ("nv", C.c_int), ("nt", C.c_int), ("pos", F), ("vshade", F), ("tri", I), ("tri_uv", F), ("mat", I),
        ("cam_dist", C.c_float), ("focal", C.c_float), ("cx", C.c_float), ("cy", C.c_float),
        ("tex_n", C.c_int), ("tex0", F), ("tex1", F), ("hair_mask0", F), ("hair_mask1", F),
        ("bump_base", F), ("nwrinkle", C.c_int), ("wrinkle", F),
        ("wr_row0", C.c_int * MAX_WRINKLES), ("wr_row1", C.c_int * MAX_WRINKLES),
        ("wr_left", C.c_float * MAX_WRINKLES), ("wr_right", C.c_float * MAX_WRINKLES),
        ("sh", C.c_float * 27), ("nlights", C.c_int),
        ("light_dir", C.c_float * (3 * MAX_LIGHTS)), ("light_rgb", C.c_float * (3 * MAX_LIGHTS)),
        ("light_shadow", C.c_float * MAX_LIGHTS), ("ao_strength", C.c_float),
        ("gloss", C.c_float), ("sss", C.c_float),
        ("iris_rgb", C.c_float * 3), ("iris_rgb2", C.c_float * 3), ("sclera_rgb", C.c_float * 3),
        ("tooth_rgb", C.c_float * 3), ("gum_rgb", C.c_float * 3), ("hair_rgb", C.c_float * 3),
        ("lash_rgb", C.c_float * 3),
        ("iris_radius", C.c_float), ("pupil_radius", C.c_float), ("lash_density", C.c_float),
        ("seed", C.c_uint),
    ]


_lib = C.CDLL(os.path.join(HERE, "libphotorender.so"))   # built beside the copies of these files
_lib.ict_render.argtypes = [C.POINTER(Scene)]
_lib.ict_render.restype = C.c_int
_lib.ict_bake.argtypes = [C.c_int, I, F, I, C.c_int, F, C.c_int, C.c_int, F, C.POINTER(C.c_ubyte)]


def fptr(a):
    assert a.dtype == np.float32 and a.flags.c_contiguous
    return a.ctypes.data_as(F)


def iptr(a):
    assert a.dtype == np.int32 and a.flags.c_contiguous
    return a.ctypes.data_as(I)


def smoothstep(a, b, x):
    if a == b:
        return np.where(x < a, 0.0, 1.0)
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def rotation(yaw, pitch, roll):
    """Degrees; yaw turns the face to the viewer's right, pitch nods down, roll tilts."""
    y, p, r = np.radians([yaw, pitch, roll])
    cy, sy, cp, sp, cr, sr = np.cos(y), np.sin(y), np.cos(p), np.sin(p), np.cos(r), np.sin(r)
    ry = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rx = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    rz = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (rz @ rx @ ry).astype(np.float32)


DENSE = 164


class Model:
    def __init__(self, path, tex_n=512):
        d = np.load(path)
        self.mean, self.tri, self.tri_uv, self.mat = d["mean"], d["tri"], d["tri_uv"], d["mat"]
        self.ident = d["ident"].reshape(len(d["ident"]), -1)
        self.expr = d["expr"].reshape(len(d["expr"]), -1)
        self.names = [str(n) for n in d["names"]]
        self.index = {n: i for i, n in enumerate(self.names)}
        self.landmarks = d["landmarks"]
        self._split_brows()
        self.nv = len(self.mean)
        self.tex_n = tex_n
        self.vert_uv = np.zeros((self.nv, 2), np.float32)
        self.vert_uv[self.tri.reshape(-1)] = self.tri_uv.reshape(-1, 2)
        self._mark_lower_lashes()
        # expression vectors grouped sparsely: only vertices that move at all
        self.moving = np.where(np.abs(self.expr).max(0) > 1e-4)[0]
        self.expr_m = np.ascontiguousarray(self.expr[:, self.moving])
        self.lip_gap = self._lip_gap()
        self.dense = self._dense_points(DENSE)
        self.bakes = [self.bake(self.mean, t) for t in (0, 1)]
        self.face_direction = self._sex_direction()

    def _split_brows(self):
        """browDown in two parts, lower and drawn together: AU4 beside AU1 shows the second only."""
        extra = []
        for side in "LR":
            e = self.expr[self.index["browDown_" + side]].reshape(-1, 3)
            low, together = e.copy(), e.copy()
            low[:, [0, 2]] = 0
            together[:, 1] = 0
            for name, v in (("browLower_", low), ("browTogether_", together)):
                self.index[name + side] = len(self.names)
                self.names.append(name + side)
                extra.append(v.reshape(-1))
        self.expr = np.vstack([self.expr, extra]).astype(np.float32)

    def _lip_gap(self):
        """What one unit of each blendshape adds to the gap between the inner lips."""
        e = self.expr.reshape(len(self.expr), -1, 3)[:, self.landmarks, 1]
        return (e[:, 61:64] - e[:, [67, 66, 65]]).mean(1)

    def _dense_points(self, n):
        """68 landmarks and n - 68 more of the front of the face, in pairs left and right, spread where faces move."""
        move = np.sqrt((self.expr.reshape(len(self.expr), -1, 3) ** 2).sum(2)).max(0)
        front = np.where((np.arange(self.nv) < FACE_VERTS[1]) & (self.mean[:, 2] > 5) & (move > .05))[0]
        left = front[self.mean[front, 0] <= 0]
        mirrored = [int(np.linalg.norm(self.mean - self.mean[k] * [-1, 1, 1], axis=1).argmin()) for k in left]
        chosen = list(self.landmarks)
        dist = np.linalg.norm(self.mean[left, None] - self.mean[chosen][None], axis=2).min(1)
        weight = .35 + np.minimum(move[left], .6)
        while len(chosen) < n:
            k = int(np.argmax(dist * weight))
            pair = {int(left[k]), mirrored[k]}
            if len(chosen) + len(pair) > n:
                dist[k] = 0
                continue
            chosen += sorted(pair)
            for v in pair:
                dist = np.minimum(dist, np.linalg.norm(self.mean[left] - self.mean[v], axis=1))
        return np.array(chosen)

    def bake(self, attr, tile):
        attr = np.ascontiguousarray(attr, np.float32)
        n, nc = self.tex_n, attr.shape[1]
        out = np.zeros((n, n, nc), np.float32)
        valid = np.zeros((n, n), np.uint8)
        _lib.ict_bake(len(self.tri), iptr(self.tri), fptr(np.ascontiguousarray(self.tri_uv)), iptr(self.mat), tile,
                      fptr(attr), nc, n, fptr(out), valid.ctypes.data_as(C.POINTER(C.c_ubyte)))
        from scipy.ndimage import distance_transform_edt
        idx = distance_transform_edt(valid == 0, return_distances=False, return_indices=True)
        return out[idx[0], idx[1]]

    def _mark_lower_lashes(self):
        """Moves the UVs of the lower lash strips to the next tile, so the renderer can thin them."""
        self.tri_uv = self.tri_uv.copy()
        lash = np.where(self.mat == M_LASH)[0]
        uv = self.tri_uv[lash].reshape(-1, 3, 2).mean(1) % 1
        cell = (uv[:, 1] * 6).astype(int) * 2 + (uv[:, 0] > .5) + 12 * (self.mean[self.tri[lash, 0], 0] > 0)
        for c in np.unique(cell):
            k = lash[cell == c]
            if self.mean[self.tri[k], 1].mean() < 3.3:
                self.tri_uv[k, :, 0] += 1

    def _sex_direction(self):
        """Unit direction in the identity space (first 30 modes) towards a wider,
        longer jaw, a stronger brow and nose and thinner lips, i.e. 'more male'."""
        lm = self.ident.reshape(len(self.ident), -1, 3)[:30][:, self.landmarks]
        jaw = lm[:, 12, 0] - lm[:, 4, 0] - 0.6 * (lm[:, 15, 0] - lm[:, 1, 0])
        chin = lm[:, 33, 1] - lm[:, 8, 1]
        brow = 0.5 * (lm[:, 19, 2] + lm[:, 24, 2]) - lm[:, 37, 2]
        nose = lm[:, 30, 2] - lm[:, 33, 2] * 0.5 - lm[:, 27, 2] * 0.5
        lips = -(lm[:, 51, 1] - lm[:, 57, 1])
        g = jaw + chin + 1.2 * brow + nose + 0.8 * lips
        d = np.zeros(len(self.ident), np.float32)
        d[:30] = g / np.linalg.norm(g)
        return d

    def identity_mesh(self, coeffs):
        return self.mean + (coeffs.astype(np.float32) @ self.ident).reshape(-1, 3)

    def express(self, base, weights):
        v = base.reshape(-1).copy()
        v[self.moving] += weights.astype(np.float32) @ self.expr_m
        return v.reshape(-1, 3)

    def normals(self, v):
        t = self.tri
        n = np.cross(v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]])
        out = np.zeros_like(v)
        for k in range(3):
            for c in range(3):
                out[:, c] += np.bincount(t[:, k], n[:, c], minlength=len(v))
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def render(scene):
    if _lib.ict_render(C.byref(scene)):
        raise MemoryError("ict_render")
