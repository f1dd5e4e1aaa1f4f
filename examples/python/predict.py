"""predict.py MODEL IMAGE [NUMBERS]: the action units of one face, through ctypes and the standard library alone.

The numbers, in pixels, say where it is in the image: x y w h of its box, or x0 y0 x1 y1 ... of 5 or 68 landmarks. Without any the image is
taken as a crop of the face, cut out as in training.

The library is found as the system finds it; the environment variable CLILE_LIBRARY names another one.
"""
import ctypes as ct
import os
import sys

OUT = ct.POINTER(ct.c_void_p)
lib = ct.CDLL(os.environ.get("CLILE_LIBRARY", "libclile.so.1"))
SIGNATURES = {  # name: result, arguments
    "clile_last_error": (ct.c_char_p, []),
    "clile_status_name": (ct.c_char_p, [ct.c_int32]),
    "clile_model_load": (ct.c_int32, [ct.c_char_p, OUT]),
    "clile_model_au_count": (ct.c_int32, [ct.c_void_p]),
    "clile_model_copy_au_ids": (ct.c_int32, [ct.c_void_p, ct.POINTER(ct.c_int32)]),
    "clile_model_destroy": (None, [ct.c_void_p]),
    "clile_image_read": (ct.c_int32, [ct.c_char_p, ct.c_void_p, ct.POINTER(ct.c_int32), ct.POINTER(ct.c_int32), OUT]),
    "clile_free": (None, [ct.c_void_p]),
    "clile_predictor_create": (ct.c_int32, [ct.c_void_p, ct.c_void_p, OUT]),
    "clile_predictor_get_misfit": (ct.c_char_p, [ct.c_void_p, ct.c_int32]),
    "clile_predictor_run_faces": (ct.c_int32, [ct.c_void_p, ct.c_int64, ct.c_void_p, ct.POINTER(ct.c_float), ct.POINTER(ct.c_int8), ct.POINTER(ct.c_float)]),
    "clile_predictor_destroy": (None, [ct.c_void_p]),
}
for name, (result, arguments) in SIGNATURES.items():
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments


class Image(ct.Structure):
    """clile_image"""

    _fields_ = [("struct_size", ct.c_uint32), ("format", ct.c_int32), ("h", ct.c_int32), ("w", ct.c_int32), ("row_stride", ct.c_int64), ("pixels", ct.c_void_p)]


class Face(ct.Structure):
    """clile_face; kind: 0 a crop, 1 a box, 2 landmarks"""

    _fields_ = [("struct_size", ct.c_uint32), ("kind", ct.c_int32), ("image", ct.POINTER(Image)), ("box", ct.c_float * 4), ("points", ct.c_int32),
                ("reserved", ct.c_int32), ("xy", ct.POINTER(ct.c_float))]


class ClileError(RuntimeError):
    """A call that failed: the name of its status and what the library says about it."""


def check(status):
    if status != 0:
        raise ClileError(f"{lib.clile_status_name(status).decode()}: {lib.clile_last_error().decode()}")


def face_at(numbers, image):
    """The face of which these numbers are known."""
    face = Face(struct_size=ct.sizeof(Face), image=ct.pointer(image), points=len(numbers) // 2)
    if len(numbers) == 4:
        face.kind, face.box = 1, (ct.c_float * 4)(*numbers)
    elif numbers:
        face.kind, face.xy = 2, (ct.c_float * len(numbers))(*numbers)
    return face


def predict(model_path, image_path, numbers=()):
    """{AU: (probability, present)} of a face in an image."""
    model, predictor, rgb = ct.c_void_p(), ct.c_void_p(), ct.c_void_p()
    h, w = ct.c_int32(), ct.c_int32()
    try:
        check(lib.clile_model_load(os.fsencode(model_path), ct.byref(model)))
        check(lib.clile_predictor_create(model, None, ct.byref(predictor)))
        check(lib.clile_image_read(os.fsencode(image_path), None, ct.byref(h), ct.byref(w), ct.byref(rgb)))
        face = face_at(numbers, Image(ct.sizeof(Image), 0, h, w, 0, rgb))
        misfit = lib.clile_predictor_get_misfit(predictor, face.kind)
        if misfit is not None:
            print(f"warning: {misfit.decode()}", file=sys.stderr)
        c = lib.clile_model_au_count(model)
        au_ids, probability, present = (ct.c_int32 * c)(), (ct.c_float * c)(), (ct.c_int8 * c)()
        check(lib.clile_model_copy_au_ids(model, au_ids))
        check(lib.clile_predictor_run_faces(predictor, 1, ct.byref(face), probability, present, None))
        return {au: (p, bool(here)) for au, p, here in zip(au_ids, probability, present)}
    finally:
        lib.clile_free(rgb)
        lib.clile_predictor_destroy(predictor)
        lib.clile_model_destroy(model)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 7, 13, 139):
        sys.exit("usage: predict.py MODEL IMAGE [X Y W H | X0 Y0 X1 Y1 ... of 5 or 68 landmarks]")
    try:
        answer = predict(sys.argv[1], sys.argv[2], [float(number) for number in sys.argv[3:]])
    except ClileError as error:
        sys.exit(str(error))
    for au, (p, here) in answer.items():
        print(f"AU{au:<3} {p:.9g}{'  present' if here else ''}")
