"""The few calls of the public C API that parity.py needs, through ctypes."""
import ctypes as C

import numpy as np


class ClileError(Exception):
    pass


class Progress(C.Structure):
    _fields_ = [("struct_size", C.c_uint32), ("stage", C.c_int32), ("step", C.c_int64), ("steps", C.c_int64),
                ("epoch", C.c_int32), ("epochs", C.c_int32), ("loss", C.c_double), ("loss_bce", C.c_double),
                ("loss_contra", C.c_double), ("loss_elimination", C.c_double), ("learning_rate", C.c_double),
                ("images_per_second", C.c_double), ("seconds_left", C.c_double), ("epoch_end", C.c_int32),
                ("validation_f1", C.c_double), ("validation_auc", C.c_double)]


PROGRESS_FN = C.CFUNCTYPE(C.c_int32, C.POINTER(Progress), C.c_void_p)
CANCELLED = -8


def pointer(array):
    return array.ctypes.data_as(C.c_void_p)


class Clile:
    def __init__(self, path):
        self.lib = C.CDLL(path)
        self.lib.clile_last_error.restype = C.c_char_p
        self.lib.clile_status_name.restype = C.c_char_p
        self.lib.clile_version.restype = C.c_char_p
        for kind in ("options", "dataset", "model", "predictor", "trainer"):
            destroy = getattr(self.lib, f"clile_{kind}_destroy")
            destroy.restype, destroy.argtypes = None, [C.c_void_p]

    def call(self, name, *arguments, allow=()):
        status = getattr(self.lib, name)(*arguments)
        if status != 0 and status not in allow:
            raise ClileError(f"{name}: {self.lib.clile_status_name(status).decode()}: {self.lib.clile_last_error().decode()}")
        return status

    def options(self, settings):
        handle = C.c_void_p()
        self.call("clile_options_create", C.byref(handle))
        for key, value in settings.items():
            self.call("clile_options_set", handle, key.encode(), str(value).encode())
        return handle

    def model(self, settings, au_ids):
        ids, handle, options = np.asarray(au_ids, np.int32), C.c_void_p(), self.options(settings)
        self.call("clile_model_create", options, C.c_int32(len(ids)), pointer(ids), C.byref(handle))
        self.lib.clile_options_destroy(options)
        return handle

    def model_save(self, model, path):
        self.call("clile_model_save", model, str(path).encode())

    def mark_trained(self, model, c):
        """A predictor needs a trained model; any decision will do."""
        ones, zeros = np.ones(c, np.float32), np.zeros(c, np.float32)
        self.call("clile_model_set_decision", model, None, pointer(ones), pointer(zeros))

    def embeddings(self, model, images, d, settings):
        """F [n,d] of uint8 crops [n,h,w,3], by a predictor."""
        handle, options = C.c_void_p(), self.options(settings)
        self.call("clile_predictor_create", model, options, C.byref(handle))
        out = np.full((len(images), d), np.nan, np.float32)
        images = np.ascontiguousarray(images, np.uint8)
        n, h, w, _ = images.shape
        self.call("clile_predictor_run", handle, C.c_int64(n), pointer(images), C.c_int32(h), C.c_int32(w), None, None, pointer(out))
        self.lib.clile_predictor_destroy(handle)
        self.lib.clile_options_destroy(options)
        return out

    def dataset(self, images, labels, subject, au_ids):
        images, labels = np.ascontiguousarray(images, np.uint8), np.ascontiguousarray(labels, np.int8)
        subject, ids, handle = np.ascontiguousarray(subject, np.int32), np.asarray(au_ids, np.int32), C.c_void_p()
        n, h, w, _ = images.shape
        self.call("clile_dataset_from_arrays", C.c_int64(n), C.c_int32(h), C.c_int32(w), pointer(images), C.c_int32(len(ids)),
                  pointer(ids), pointer(labels), pointer(subject), C.byref(handle))
        return handle

    def trainer(self, model, dataset, settings):
        handle, options = C.c_void_p(), self.options(settings)
        self.call("clile_trainer_create", model, dataset, options, C.byref(handle))
        self.lib.clile_options_destroy(options)
        return handle

    def run(self, trainer, stage, stop_after=None):
        """Runs a stage, to its end or `stop_after` steps; the losses (total, bce, contra, elimination) of each step."""
        losses = []

        def on_progress(progress, _):
            p = progress.contents
            losses.append((p.loss, p.loss_bce, p.loss_contra, p.loss_elimination))
            return 1 if p.step == stop_after else 0

        self.call("clile_trainer_run", trainer, C.c_int32(stage), PROGRESS_FN(on_progress), None, allow=(CANCELLED,))
        return np.array(losses)

    def trainer_save(self, trainer, path):
        self.call("clile_trainer_save", trainer, str(path).encode())
