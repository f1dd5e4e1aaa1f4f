"""predict.py MODEL IMAGE: the action units of one image, through ctypes and the standard library alone.

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
    "clile_predictor_run": (ct.c_int32, [ct.c_void_p, ct.c_int64, ct.c_void_p, ct.c_int32, ct.c_int32,
                                         ct.POINTER(ct.c_float), ct.POINTER(ct.c_int8), ct.POINTER(ct.c_float)]),
    "clile_predictor_destroy": (None, [ct.c_void_p]),
}
for name, (result, arguments) in SIGNATURES.items():
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments


class ClileError(RuntimeError):
    """A call that failed: the name of its status and what the library says about it."""


def check(status):
    if status != 0:
        raise ClileError(f"{lib.clile_status_name(status).decode()}: {lib.clile_last_error().decode()}")


def predict(model_path, image_path):
    """{AU: (probability, present)} of an image that is a crop of a face."""
    model, predictor, rgb = ct.c_void_p(), ct.c_void_p(), ct.c_void_p()
    h, w = ct.c_int32(), ct.c_int32()
    try:
        check(lib.clile_model_load(os.fsencode(model_path), ct.byref(model)))
        check(lib.clile_predictor_create(model, None, ct.byref(predictor)))
        check(lib.clile_image_read(os.fsencode(image_path), None, ct.byref(h), ct.byref(w), ct.byref(rgb)))
        c = lib.clile_model_au_count(model)
        au_ids, probability, present = (ct.c_int32 * c)(), (ct.c_float * c)(), (ct.c_int8 * c)()
        check(lib.clile_model_copy_au_ids(model, au_ids))
        check(lib.clile_predictor_run(predictor, 1, rgb, h, w, probability, present, None))
        return {au: (p, bool(here)) for au, p, here in zip(au_ids, probability, present)}
    finally:
        lib.clile_free(rgb)
        lib.clile_predictor_destroy(predictor)
        lib.clile_model_destroy(model)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: predict.py MODEL IMAGE")
    try:
        answer = predict(sys.argv[1], sys.argv[2])
    except ClileError as error:
        sys.exit(str(error))
    for au, (p, here) in answer.items():
        print(f"AU{au:<3} {p:.3f}{'  present' if here else ''}")
