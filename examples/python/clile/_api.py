"""Made by generate.py from include/clile/*.h; do not edit. What is declared there, for ctypes."""
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int32, c_int64, c_int8, c_size_t, c_uint32, c_uint64, c_uint8, c_void_p
from typing import Any, Dict, List, Tuple

CLILE_ABI_VERSION = 1
CLILE_VERSION_MAJOR = 0
CLILE_VERSION_MINOR = 1
CLILE_VERSION_PATCH = 0
CLILE_COMMUNICATOR_F32 = 0
CLILE_COMMUNICATOR_F64 = 1
CLILE_OPT_LAYOUT = "layout"
CLILE_OPT_AU_SET = "au_set"
CLILE_OPT_UNKNOWN = "unknown"
CLILE_OPT_PRESENT_FROM = "present_from"
CLILE_OPT_FIRST_IMAGE = "first_image"
CLILE_OPT_BOX_MARGIN = "box_margin"
CLILE_OPT_CROP_MARGIN = "crop_margin"
CLILE_OPT_DATA_KIND = "data_kind"
CLILE_OPT_FACES = "faces"
CLILE_OPT_TARGETS = "targets"
CLILE_OPT_IMAGE_SIZE = "image_size"
CLILE_OPT_MAX_PIXELS = "max_pixels"
CLILE_OPT_MAX_LABEL_MB = "max_label_mb"
CLILE_OPT_MAX_PACK_MB = "max_pack_mb"
CLILE_OPT_CACHE_MB = "cache_mb"
CLILE_OPT_SMALLEST_FACE = "smallest_face"
CLILE_OPT_FIND_EVERY = "find_every"
CLILE_OPT_KEEP_LOST = "keep_lost"
CLILE_OPT_EVENT_ENTER = "event_enter"
CLILE_OPT_EVENT_LEAVE = "event_leave"
CLILE_OPT_EVENT_LENGTH = "event_length"
CLILE_OPT_EVENT_GAP = "event_gap"
CLILE_OPT_BACKBONE = "backbone"
CLILE_OPT_STEM = "stem"
CLILE_OPT_STANDARDIZE = "standardize"
CLILE_OPT_WIDTH = "width"
CLILE_OPT_EMBEDDING = "embedding"
CLILE_OPT_SIMILARITY = "similarity"
CLILE_OPT_PREDICT_BATCH = "predict_batch"
CLILE_OPT_MIRROR = "mirror"
CLILE_OPT_CROP_SCALE = "crop_scale"
CLILE_OPT_PRECISION = "precision"
CLILE_OPT_POINTS_MODEL = "points_model"
CLILE_OPT_METHOD = "method"
CLILE_OPT_PRESET = "preset"
CLILE_OPT_ELIMINATION = "elimination"
CLILE_OPT_IDENTITY_PART = "identity_part"
CLILE_OPT_LAMBDA_CONTRA = "lambda_contra"
CLILE_OPT_LAMBDA_BCE = "lambda_bce"
CLILE_OPT_LAMBDA_ID = "lambda_id"
CLILE_OPT_LAMBDA_POINTS = "lambda_points"
CLILE_OPT_LAMBDA_VALUES = "lambda_values"
CLILE_OPT_LAMBDA_METHOD = "lambda_method"
CLILE_OPT_LAMBDA_FEEDBACK = "lambda_feedback"
CLILE_OPT_LAMBDA_ILE = "lambda_ile"
CLILE_OPT_LAMBDA_ILE_BIAS = "lambda_ile_bias"
CLILE_OPT_TAU = "tau"
CLILE_OPT_NULL_ANCHOR = "null_anchor"
CLILE_OPT_INIT_FROM_STAGE1 = "init_from_stage1"
CLILE_OPT_DECISION = "decision"
CLILE_OPT_OPTIMIZER = "optimizer"
CLILE_OPT_LEARNING_RATE = "learning_rate"
CLILE_OPT_AU_RATE_SCALE = "au_rate_scale"
CLILE_OPT_MOMENTUM = "momentum"
CLILE_OPT_WEIGHT_DECAY = "weight_decay"
CLILE_OPT_SCHEDULE = "schedule"
CLILE_OPT_WARMUP = "warmup"
CLILE_OPT_CLIP_NORM = "clip_norm"
CLILE_OPT_EMA = "ema"
CLILE_OPT_EPOCHS = "epochs"
CLILE_OPT_EPOCHS_STAGE1 = "epochs_stage1"
CLILE_OPT_BATCH = "batch"
CLILE_OPT_ACCUMULATE = "accumulate"
CLILE_OPT_RECOMPUTE = "recompute"
CLILE_OPT_SYNC_BATCH_NORM = "sync_batch_norm"
CLILE_OPT_SEED = "seed"
CLILE_OPT_THREADS = "threads"
CLILE_OPT_VALIDATION = "validation"
CLILE_OPT_VALIDATION_EVERY = "validation_every"
CLILE_OPT_EXCHANGE_HALVES = "exchange_halves"
CLILE_OPT_EXCHANGE_SHAPES = "exchange_shapes"
CLILE_OPT_EXCHANGE_LOOKS = "exchange_looks"
CLILE_OPT_KEEP_POINTS = "keep_points"
CLILE_OPT_AUGMENT_FLIP = "augment_flip"
CLILE_OPT_AUGMENT_SCALE = "augment_scale"
CLILE_OPT_AUGMENT_SHIFT = "augment_shift"
CLILE_OPT_AUGMENT_ROTATE = "augment_rotate"
CLILE_OPT_AUGMENT_BRIGHTNESS = "augment_brightness"
CLILE_OPT_AUGMENT_CONTRAST = "augment_contrast"
CLILE_OPT_AUGMENT_SATURATION = "augment_saturation"
CLILE_OPT_AUGMENT_GRAYSCALE = "augment_grayscale"
CLILE_OPT_AUGMENT_BLUR = "augment_blur"
CLILE_OPT_AUGMENT_BLUR_LEAST = "augment_blur_least"
CLILE_OPT_AUGMENT_BLUR_MOST = "augment_blur_most"
CLILE_OPT_AUGMENT_ERASE = "augment_erase"
CLILE_OPT_AUGMENT_ERASE_AREA = "augment_erase_area"
CLILE_OPT_AUGMENT_RESOLUTION = "augment_resolution"
CLILE_OPT_AUGMENT_RESOLUTION_LEAST = "augment_resolution_least"
CLILE_OPT_AUGMENT_NOISE = "augment_noise"
CLILE_OPT_AUGMENT_GAMMA = "augment_gamma"
CLILE_OPT_AUGMENT_TINT = "augment_tint"
CLILE_OPT_AUGMENT_SHADE = "augment_shade"
CLILE_OPT_AUGMENT_JPEG = "augment_jpeg"
CLILE_OPT_AUGMENT_EDGE = "augment_edge"
CLILE_OPT_INPUT_WORKERS = "input_workers"
CLILE_LEFT_OUT_LABELS = 0
CLILE_LEFT_OUT_IMAGES = 1
CLILE_LOSSES_API_VERSION = 1
CLILE_LOG_DEBUG = 0
CLILE_LOG_INFO = 1
CLILE_LOG_WARNING = 2
CLILE_LOG_ERROR = 3
CLILE_OPTION_INTEGER = 0
CLILE_OPTION_REAL = 1
CLILE_OPTION_CHOICE = 2
CLILE_OPTION_TEXT = 3
CLILE_SUBJECTS_DISTINCT = 0
CLILE_SUBJECTS_BY_NAME = 1
CLILE_PIXELS_RGB = 0
CLILE_PIXELS_BGR = 1
CLILE_PIXELS_RGBA = 2
CLILE_PIXELS_BGRA = 3
CLILE_PIXELS_GREY = 4
CLILE_IMPORT_MATCHED = 0
CLILE_IMPORT_KEPT = 1
CLILE_IMPORT_MISSING = 2
CLILE_IMPORT_MISMATCHED = 3
CLILE_IMPORT_LEFT_OVER = 4
CLILE_IMPORT_IGNORED = 5
CLILE_FACE_CROP = 0
CLILE_FACE_BOX = 1
CLILE_FACE_POINTS = 2
CLILE_FINDER_MOST_FACES = 4096
CLILE_FILE_SAFETENSORS = 0
CLILE_FILE_PYTORCH = 1
CLILE_SIMILARITY_COSINE = 0
CLILE_SIMILARITY_DOT = 1
CLILE_NEUTRAL_LEAST = 5
CLILE_SYNTH_AUS = 16
CLILE_SYNTH_LANDMARKS = 68
CLILE_LOSS_REPLACES = 0
CLILE_LOSS_ADDS = 1
CLILE_OK = 0
CLILE_E_INVALID_ARGUMENT = -1
CLILE_E_OUT_OF_MEMORY = -2
CLILE_E_IO = -3
CLILE_E_FORMAT = -4
CLILE_E_CORRUPT = -5
CLILE_E_UNSUPPORTED = -6
CLILE_E_STATE = -7
CLILE_E_CANCELLED = -8
CLILE_E_NOT_FINITE = -9
CLILE_E_BACKEND = -10
CLILE_E_INTERNAL = -11

# number: name, text
STATUSES: Dict[int, Tuple[str, str]] = {
    0: ("CLILE_OK", "success"),
    -1: ("CLILE_E_INVALID_ARGUMENT", "an argument is out of its range"),
    -2: ("CLILE_E_OUT_OF_MEMORY", "out of memory"),
    -3: ("CLILE_E_IO", "a file could not be read or written"),
    -4: ("CLILE_E_FORMAT", "a file is not of the expected format"),
    -5: ("CLILE_E_CORRUPT", "a file is of the right format but damaged"),
    -6: ("CLILE_E_UNSUPPORTED", "valid, but not supported by this build"),
    -7: ("CLILE_E_STATE", "the handle is not in a state that allows the call"),
    -8: ("CLILE_E_CANCELLED", "stopped because the caller asked for it"),
    -9: ("CLILE_E_NOT_FINITE", "a value is not finite"),
    -10: ("CLILE_E_BACKEND", "the compute backend (oneDNN) reported an error"),
    -11: ("CLILE_E_INTERNAL", "a defect of libclile itself"),
}


class clile_status(c_int32):
    """What a function that can fail returns."""


class clile_options(Structure):
    """Opaque."""


class clile_dataset(Structure):
    """Opaque."""


class clile_report(Structure):
    """Opaque."""


class clile_model(Structure):
    """Opaque."""


class clile_predictor(Structure):
    """Opaque."""


class clile_evaluation(Structure):
    """Opaque."""


class clile_events(Structure):
    """Opaque."""


class clile_face_file(Structure):
    """Opaque."""


class clile_finder(Structure):
    """Opaque."""


class clile_mpi(Structure):
    """Opaque."""


class clile_neutral(Structure):
    """Opaque."""


class clile_reader(Structure):
    """Opaque."""


class clile_tracker(Structure):
    """Opaque."""


class clile_trainer(Structure):
    """Opaque."""


class clile_video(Structure):
    """Opaque."""


clile_allreduce_fn = CFUNCTYPE(c_int32, c_void_p, c_int32, c_int64, c_void_p)

clile_broadcast_fn = CFUNCTYPE(c_int32, c_void_p, c_int32, c_int64, c_void_p)

clile_begin_fn = CFUNCTYPE(c_int32, c_void_p, c_int64, POINTER(c_float))

clile_wait_fn = CFUNCTYPE(c_int32, c_void_p)

class clile_communicator(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("rank", c_int32),
        ("size", c_int32),
        ("user", c_void_p),
        ("allreduce", clile_allreduce_fn),
        ("broadcast", clile_broadcast_fn),
        ("begin", clile_begin_fn),
        ("wait", clile_wait_fn),
    ]


clile_log_fn = CFUNCTYPE(None, c_int32, c_char_p, c_void_p)

class clile_option_info(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("type", c_int32),
        ("name", c_char_p),
        ("default_value", c_char_p),
        ("choices", c_char_p),
        ("minimum", c_double),
        ("maximum", c_double),
        ("group", c_char_p),
        ("help", c_char_p),
    ]


class clile_dataset_counts(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("label_rows", c_int64),
        ("labels_without_image", c_int64),
        ("images_without_labels", c_int64),
        ("images_without_landmarks", c_int64),
        ("images_by_box", c_int64),
        ("rows_without_face", c_int64),
    ]


clile_count_fn = CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p)

class clile_comparison(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("a", POINTER(c_double)),
        ("b", POINTER(c_double)),
        ("low", POINTER(c_double)),
        ("high", POINTER(c_double)),
        ("p", POINTER(c_double)),
        ("p_holm", POINTER(c_double)),
    ]


class clile_image(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("format", c_int32),
        ("h", c_int32),
        ("w", c_int32),
        ("row_stride", c_int64),
        ("pixels", POINTER(c_uint8)),
    ]


clile_path_fn = CFUNCTYPE(c_int32, c_char_p, c_void_p)

class clile_import_item(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("outcome", c_int32),
        ("name", c_char_p),
        ("file_name", c_char_p),
        ("file_dtype", c_char_p),
        ("ndim", c_int32),
        ("file_ndim", c_int32),
        ("shape", POINTER(c_int64)),
        ("file_shape", POINTER(c_int64)),
    ]


clile_import_fn = CFUNCTYPE(None, POINTER(clile_import_item), c_void_p)

class clile_face(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("image", POINTER(clile_image)),
        ("box", c_float * 4),
        ("points", c_int32),
        ("reserved", c_int32),
        ("xy", POINTER(c_float)),
    ]


class clile_answers(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("probability", POINTER(c_float)),
        ("score", POINTER(c_float)),
        ("present", POINTER(c_int8)),
        ("embedding", POINTER(c_float)),
        ("success", POINTER(c_int8)),
        ("intensity", POINTER(c_float)),
    ]


class clile_evaluation_part(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("fold", c_int32),
        ("seed", c_int64),
        ("model", c_char_p),
        ("protocol", c_char_p),
        ("first", c_int64),
        ("count", c_int64),
        ("estimated", POINTER(c_float)),
        ("coded", POINTER(c_int8)),
    ]


class clile_evaluation_rows(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("score", POINTER(c_float)),
        ("probability", POINTER(c_float)),
        ("present", POINTER(c_int8)),
        ("labels", POINTER(c_int8)),
        ("subject", POINTER(c_int32)),
        ("estimated", POINTER(c_float)),
        ("coded", POINTER(c_int8)),
    ]


class clile_event(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("au", c_int32),
        ("person", c_int64),
        ("onset", c_double),
        ("apex", c_double),
        ("offset", c_double),
        ("onset_frame", c_int64),
        ("apex_frame", c_int64),
        ("last_frame", c_int64),
        ("frames", c_int64),
        ("peak", c_float),
        ("mean", c_float),
    ]


class clile_found_face(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("score", c_float),
        ("box", c_float * 4),
        ("points", c_int32),
        ("reserved", c_int32),
        ("xy", c_float * 136),
    ]


clile_find_fn = CFUNCTYPE(c_int32, POINTER(clile_finder), POINTER(clile_image), c_void_p)

class clile_tensor_info(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("ndim", c_int32),
        ("name", c_char_p),
        ("dtype", c_char_p),
        ("shape", POINTER(c_int64)),
        ("bytes", c_int64),
    ]


clile_tensor_fn = CFUNCTYPE(c_int32, POINTER(clile_tensor_info), c_void_p)

clile_metadata_fn = CFUNCTYPE(c_int32, c_char_p, c_char_p, c_void_p)

class clile_progress(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("stage", c_int32),
        ("step", c_int64),
        ("steps", c_int64),
        ("epoch", c_int32),
        ("epochs", c_int32),
        ("loss", c_double),
        ("loss_bce", c_double),
        ("loss_contra", c_double),
        ("loss_elimination", c_double),
        ("learning_rate", c_double),
        ("images_per_second", c_double),
        ("seconds_left", c_double),
        ("epoch_end", c_int32),
        ("validation_f1", c_double),
        ("validation_auc", c_double),
        ("loss_points", c_double),
        ("loss_values", c_double),
        ("mean_loss", c_double),
        ("mean_loss_bce", c_double),
        ("mean_loss_contra", c_double),
        ("mean_loss_elimination", c_double),
        ("mean_loss_points", c_double),
        ("mean_loss_values", c_double),
        ("epoch_seconds", c_double),
        ("epoch_images_per_second", c_double),
        ("loss_method", c_double),
        ("mean_loss_method", c_double),
    ]


clile_progress_fn = CFUNCTYPE(c_int32, POINTER(clile_progress), c_void_p)

class clile_trainer_state(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("stage", c_int32),
        ("step", c_int64),
        ("steps", c_int64),
        ("steps_per_epoch", c_int64),
        ("epoch", c_int32),
        ("epochs", c_int32),
    ]


class clile_frame(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("index", c_int64),
        ("time", c_double),
        ("damaged", c_int64),
        ("image", clile_image),
    ]


class clile_loss_batch(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("n", c_int32),
        ("d", c_int32),
        ("c", c_int32),
        ("image_size", c_int32),
        ("subjects", c_int32),
        ("step", c_int64),
        ("steps", c_int64),
        ("index", POINTER(c_int64)),
        ("subject", POINTER(c_int32)),
        ("partner", POINTER(c_int32)),
        ("labels", POINTER(c_int8)),
        ("au_weight", POINTER(c_float)),
        ("input", POINTER(c_float)),
        ("embedding", POINTER(c_float)),
        ("au_embedding", POINTER(c_float)),
        ("logits", POINTER(c_float)),
        ("loss", c_double),
        ("diff_embedding", POINTER(c_float)),
        ("diff_au_embedding", POINTER(c_float)),
        ("diff_logits", POINTER(c_float)),
    ]


clile_loss_fn = CFUNCTYPE(c_int32, POINTER(clile_loss_batch), c_void_p)


# name: (result, [arguments]), with the names of the arguments below
FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "clile_abi_version": (c_int32, []),
    "clile_au_name": (c_char_p, [c_int32]),
    "clile_dataset_au_count": (c_int32, [POINTER(clile_dataset)]),
    "clile_dataset_concat": (clile_status, [c_int32, POINTER(POINTER(clile_dataset)), c_int32, POINTER(POINTER(clile_dataset))]),
    "clile_dataset_copy_au_ids": (clile_status, [POINTER(clile_dataset), POINTER(c_int32)]),
    "clile_dataset_copy_au_weights": (clile_status, [POINTER(clile_dataset), POINTER(c_float)]),
    "clile_dataset_copy_counts": (clile_status, [POINTER(clile_dataset), POINTER(clile_dataset_counts)]),
    "clile_dataset_copy_crop": (clile_status, [POINTER(clile_dataset), c_int64, c_int32, POINTER(c_uint8)]),
    "clile_dataset_copy_crops": (clile_status, [POINTER(clile_dataset), c_int64, POINTER(c_int64), c_int32, c_int32, POINTER(c_uint8)]),
    "clile_dataset_copy_intensities": (clile_status, [POINTER(clile_dataset), c_int64, c_int64, POINTER(c_int8)]),
    "clile_dataset_copy_labels": (clile_status, [POINTER(clile_dataset), c_int64, c_int64, POINTER(c_int8)]),
    "clile_dataset_copy_subjects": (clile_status, [POINTER(clile_dataset), c_int64, c_int64, POINTER(c_int32)]),
    "clile_dataset_crop_size": (c_int32, [POINTER(clile_dataset)]),
    "clile_dataset_destroy": (None, [POINTER(clile_dataset)]),
    "clile_dataset_fold": (clile_status, [POINTER(clile_dataset), c_char_p, c_int32, POINTER(POINTER(clile_dataset)), POINTER(POINTER(clile_dataset))]),
    "clile_dataset_fold_count": (clile_status, [POINTER(clile_dataset), c_char_p, POINTER(c_int32)]),
    "clile_dataset_from_arrays": (clile_status, [c_int64, c_int32, c_int32, POINTER(c_uint8), c_int32, POINTER(c_int32), POINTER(c_int8), POINTER(c_int32), POINTER(POINTER(clile_dataset))]),
    "clile_dataset_from_intensities": (clile_status, [c_int64, c_int32, c_int32, POINTER(c_uint8), c_int32, POINTER(c_int32), POINTER(c_int8), POINTER(c_int8), POINTER(c_int32), POINTER(POINTER(clile_dataset))]),
    "clile_dataset_from_synth": (clile_status, [c_uint64, c_int32, c_int32, c_int32, c_int32, POINTER(POINTER(clile_dataset))]),
    "clile_dataset_get_image_name": (c_char_p, [POINTER(clile_dataset), c_int64]),
    "clile_dataset_get_kind": (c_char_p, [POINTER(clile_dataset)]),
    "clile_dataset_get_left_out": (c_char_p, [POINTER(clile_dataset), c_int32, c_int64]),
    "clile_dataset_get_notes": (c_char_p, [POINTER(clile_dataset)]),
    "clile_dataset_get_subject_name": (c_char_p, [POINTER(clile_dataset), c_int32]),
    "clile_dataset_open": (clile_status, [c_char_p, POINTER(clile_options), POINTER(POINTER(clile_dataset))]),
    "clile_dataset_pack": (clile_status, [POINTER(clile_dataset), c_char_p, POINTER(clile_options), clile_count_fn, c_void_p]),
    "clile_dataset_read_image": (clile_status, [POINTER(clile_dataset), c_int64, POINTER(c_int32), POINTER(c_int32), POINTER(POINTER(c_uint8))]),
    "clile_dataset_select": (clile_status, [POINTER(clile_dataset), c_int64, POINTER(c_int64), POINTER(POINTER(clile_dataset))]),
    "clile_dataset_size": (c_int64, [POINTER(clile_dataset)]),
    "clile_dataset_subject_count": (c_int32, [POINTER(clile_dataset)]),
    "clile_dataset_verify": (clile_status, [POINTER(clile_dataset), clile_count_fn, c_void_p]),
    "clile_escape": (clile_status, [c_char_p, c_char_p, POINTER(c_char_p)]),
    "clile_evaluation_add_part": (clile_status, [POINTER(clile_evaluation), POINTER(clile_evaluation_part), c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_int8), POINTER(c_int8), POINTER(c_int32), POINTER(c_char_p), POINTER(c_char_p)]),
    "clile_evaluation_au_count": (c_int32, [POINTER(clile_evaluation)]),
    "clile_evaluation_compare": (clile_status, [POINTER(clile_evaluation), POINTER(clile_evaluation), c_char_p, c_int32, POINTER(c_int32), POINTER(clile_comparison)]),
    "clile_evaluation_copy_au_ids": (clile_status, [POINTER(clile_evaluation), POINTER(c_int32)]),
    "clile_evaluation_copy_csv": (clile_status, [POINTER(clile_evaluation), POINTER(c_char_p)]),
    "clile_evaluation_copy_report": (clile_status, [POINTER(clile_evaluation), c_char_p, POINTER(POINTER(clile_report))]),
    "clile_evaluation_copy_rows": (clile_status, [POINTER(clile_evaluation), c_int64, c_int64, POINTER(clile_evaluation_rows)]),
    "clile_evaluation_create": (clile_status, [c_int32, POINTER(c_int32), POINTER(POINTER(clile_evaluation))]),
    "clile_evaluation_destroy": (None, [POINTER(clile_evaluation)]),
    "clile_evaluation_get_image_name": (c_char_p, [POINTER(clile_evaluation), c_int64]),
    "clile_evaluation_get_part": (clile_status, [POINTER(clile_evaluation), c_int32, POINTER(clile_evaluation_part)]),
    "clile_evaluation_get_subject_name": (c_char_p, [POINTER(clile_evaluation), c_int32]),
    "clile_evaluation_load": (clile_status, [c_char_p, POINTER(POINTER(clile_evaluation))]),
    "clile_evaluation_load_predictions": (clile_status, [c_char_p, POINTER(clile_dataset), c_char_p, c_int32, c_int32, POINTER(POINTER(clile_evaluation)), POINTER(c_char_p)]),
    "clile_evaluation_part_count": (c_int32, [POINTER(clile_evaluation)]),
    "clile_evaluation_size": (c_int64, [POINTER(clile_evaluation)]),
    "clile_evaluation_subject_count": (c_int32, [POINTER(clile_evaluation)]),
    "clile_events_add": (clile_status, [POINTER(clile_events), c_int64, c_double, c_int64, POINTER(c_int64), POINTER(c_float)]),
    "clile_events_create": (clile_status, [c_int32, POINTER(c_int32), POINTER(clile_options), POINTER(POINTER(clile_events))]),
    "clile_events_destroy": (None, [POINTER(clile_events)]),
    "clile_events_end": (clile_status, [POINTER(clile_events)]),
    "clile_events_find": (clile_status, [c_int64, POINTER(c_double), POINTER(c_float), POINTER(clile_options), c_int64, POINTER(c_int64), POINTER(c_int64)]),
    "clile_events_take": (clile_status, [POINTER(clile_events), POINTER(clile_event), POINTER(c_int32)]),
    "clile_face_file_destroy": (None, [POINTER(clile_face_file)]),
    "clile_face_file_expect": (clile_status, [POINTER(clile_face_file), c_char_p]),
    "clile_face_file_find": (clile_status, [POINTER(clile_face_file), c_char_p, c_int64, POINTER(c_int64)]),
    "clile_face_file_get": (clile_status, [POINTER(clile_face_file), c_int64, POINTER(c_int32), POINTER(c_float), POINTER(c_int32), POINTER(c_float)]),
    "clile_face_file_open": (clile_status, [c_char_p, POINTER(clile_options), POINTER(POINTER(clile_face_file))]),
    "clile_file_inspect": (clile_status, [c_char_p, clile_tensor_fn, clile_metadata_fn, c_void_p, POINTER(c_int32)]),
    "clile_finder_add": (clile_status, [POINTER(clile_finder), POINTER(c_float), c_float, c_int32, POINTER(c_float)]),
    "clile_finder_create": (clile_status, [clile_find_fn, c_void_p, POINTER(clile_options), POINTER(POINTER(clile_finder))]),
    "clile_finder_create_by_name": (clile_status, [c_char_p, POINTER(clile_options), POINTER(POINTER(clile_finder))]),
    "clile_finder_create_default": (clile_status, [POINTER(clile_options), POINTER(POINTER(clile_finder))]),
    "clile_finder_destroy": (None, [POINTER(clile_finder)]),
    "clile_finder_find": (clile_status, [POINTER(clile_finder), POINTER(clile_image), POINTER(c_int64)]),
    "clile_finder_get": (clile_status, [POINTER(clile_finder), c_int64, POINTER(clile_found_face)]),
    "clile_finder_get_name": (c_char_p, [POINTER(clile_finder)]),
    "clile_free": (None, [c_void_p]),
    "clile_image_decode": (clile_status, [c_void_p, c_size_t, POINTER(clile_options), POINTER(c_int32), POINTER(c_int32), POINTER(POINTER(c_uint8))]),
    "clile_image_encode_png": (clile_status, [c_int32, c_int32, POINTER(c_uint8), POINTER(POINTER(c_uint8)), POINTER(c_size_t)]),
    "clile_image_read": (clile_status, [c_char_p, POINTER(clile_options), POINTER(c_int32), POINTER(c_int32), POINTER(POINTER(c_uint8))]),
    "clile_image_walk": (clile_status, [c_char_p, clile_path_fn, c_void_p]),
    "clile_image_write_png": (clile_status, [c_char_p, c_int32, c_int32, POINTER(c_uint8)]),
    "clile_last_error": (c_char_p, []),
    "clile_loss_adversarial": (clile_status, [c_int64, c_int64, c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_float), POINTER(c_int32), POINTER(c_double), POINTER(c_float), POINTER(c_float), POINTER(c_float)]),
    "clile_loss_bce": (clile_status, [c_int64, c_int64, c_int64, c_int32, POINTER(c_float), POINTER(c_float), c_double, POINTER(c_float), POINTER(c_int8), POINTER(c_float), POINTER(c_double), POINTER(c_float), POINTER(c_float), POINTER(c_double), POINTER(c_float)]),
    "clile_loss_decorrelate": (clile_status, [c_int64, c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_double), POINTER(c_float)]),
    "clile_loss_mixed": (clile_status, [c_int64, c_int64, c_int64, c_int64, c_int32, POINTER(c_float), POINTER(c_float), c_double, POINTER(c_float), POINTER(c_float), POINTER(c_float), POINTER(c_int32), POINTER(c_int8), POINTER(c_float), c_double, c_double, POINTER(c_double), POINTER(c_float), POINTER(c_float), POINTER(c_double), POINTER(c_float), POINTER(c_float), POINTER(c_float)]),
    "clile_loss_orthogonal": (clile_status, [c_int64, c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_double), POINTER(c_float)]),
    "clile_loss_stage1": (clile_status, [c_int64, c_int64, c_int64, c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_int32), POINTER(c_int8), POINTER(c_float), POINTER(c_double), POINTER(c_float), POINTER(c_float)]),
    "clile_loss_stage2": (clile_status, [c_int64, c_int64, c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_int8), c_double, POINTER(c_double), POINTER(c_float), POINTER(c_float)]),
    "clile_loss_stage2_null": (clile_status, [c_int64, c_int64, c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_float), POINTER(c_int8), c_double, POINTER(c_double), POINTER(c_float), POINTER(c_float), POINTER(c_float)]),
    "clile_losses_api_version": (c_int32, []),
    "clile_metrics_agreement": (clile_status, [c_int32, POINTER(c_double), POINTER(c_double), POINTER(c_double)]),
    "clile_metrics_auc": (clile_status, [c_int64, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_double)]),
    "clile_metrics_auc_within": (clile_status, [c_int64, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_int32), POINTER(c_double)]),
    "clile_metrics_calibrate": (clile_status, [c_int64, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_float), POINTER(c_float)]),
    "clile_metrics_compare": (clile_status, [c_char_p, c_int64, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_float), POINTER(c_int8), POINTER(c_int8), POINTER(c_int32), POINTER(clile_comparison)]),
    "clile_metrics_cosine_matrix": (clile_status, [c_int32, c_int32, POINTER(c_float), POINTER(c_double)]),
    "clile_metrics_f1": (clile_status, [c_int64, c_int32, POINTER(c_int8), POINTER(c_int8), POINTER(c_double), POINTER(c_int64)]),
    "clile_metrics_intensity": (clile_status, [c_int64, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_double), POINTER(c_double), POINTER(c_double), POINTER(c_double)]),
    "clile_metrics_label_correlation": (clile_status, [c_int64, c_int32, POINTER(c_int8), POINTER(c_double)]),
    "clile_metrics_subject_probe": (clile_status, [c_int64, c_int32, POINTER(c_float), POINTER(c_int32), POINTER(c_double)]),
    "clile_metrics_thresholds": (clile_status, [c_int64, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_float)]),
    "clile_model_au_count": (c_int32, [POINTER(clile_model)]),
    "clile_model_copy_au_embedding": (clile_status, [POINTER(clile_model), POINTER(c_float)]),
    "clile_model_copy_au_ids": (clile_status, [POINTER(clile_model), POINTER(c_int32)]),
    "clile_model_copy_card": (clile_status, [POINTER(clile_model), POINTER(c_char_p)]),
    "clile_model_copy_decision": (clile_status, [POINTER(clile_model), POINTER(c_float), POINTER(c_float)]),
    "clile_model_copy_default_path": (clile_status, [POINTER(c_char_p)]),
    "clile_model_copy_json": (clile_status, [POINTER(clile_model), POINTER(c_char_p)]),
    "clile_model_create": (clile_status, [POINTER(clile_options), c_int32, POINTER(c_int32), POINTER(POINTER(clile_model))]),
    "clile_model_destroy": (None, [POINTER(clile_model)]),
    "clile_model_embedding_size": (c_int32, [POINTER(clile_model)]),
    "clile_model_estimate_intensity": (clile_status, [POINTER(clile_model), c_int64, POINTER(c_float), POINTER(c_float)]),
    "clile_model_export_onnx": (clile_status, [POINTER(clile_model), c_char_p]),
    "clile_model_get_metadata": (c_char_p, [POINTER(clile_model), c_char_p]),
    "clile_model_has_intensity": (c_int32, [POINTER(clile_model)]),
    "clile_model_image_size": (c_int32, [POINTER(clile_model)]),
    "clile_model_import_backbone": (clile_status, [POINTER(clile_model), c_char_p]),
    "clile_model_import_backbone_report": (clile_status, [POINTER(clile_model), c_char_p, c_char_p, clile_import_fn, c_void_p]),
    "clile_model_is_quantized": (c_int32, [POINTER(clile_model)]),
    "clile_model_is_trained": (c_int32, [POINTER(clile_model)]),
    "clile_model_load": (clile_status, [c_char_p, POINTER(POINTER(clile_model))]),
    "clile_model_load_default": (clile_status, [POINTER(clile_options), POINTER(POINTER(clile_model))]),
    "clile_model_load_memory": (clile_status, [c_void_p, c_size_t, POINTER(POINTER(clile_model))]),
    "clile_model_point_count": (c_int32, [POINTER(clile_model)]),
    "clile_model_quantize": (clile_status, [POINTER(clile_model), c_int64, POINTER(c_uint8), c_int32, c_int32, POINTER(clile_options), POINTER(POINTER(clile_model))]),
    "clile_model_save": (clile_status, [POINTER(clile_model), c_char_p]),
    "clile_model_save_memory": (clile_status, [POINTER(clile_model), POINTER(POINTER(c_uint8)), POINTER(c_size_t)]),
    "clile_model_set_card": (clile_status, [POINTER(clile_model), c_char_p]),
    "clile_model_set_decision": (clile_status, [POINTER(clile_model), POINTER(c_float), POINTER(c_float), POINTER(c_float)]),
    "clile_model_set_metadata": (clile_status, [POINTER(clile_model), c_char_p, c_char_p]),
    "clile_mpi_abort": (None, [POINTER(clile_mpi), c_int32]),
    "clile_mpi_close": (None, [POINTER(clile_mpi)]),
    "clile_mpi_get_communicator": (POINTER(clile_communicator), [POINTER(clile_mpi)]),
    "clile_mpi_open": (clile_status, [POINTER(POINTER(clile_mpi))]),
    "clile_neutral_add": (clile_status, [POINTER(clile_neutral), c_int64, POINTER(c_float)]),
    "clile_neutral_apply": (clile_status, [POINTER(clile_neutral), c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_int8)]),
    "clile_neutral_create": (clile_status, [POINTER(clile_model), POINTER(POINTER(clile_neutral))]),
    "clile_neutral_destroy": (None, [POINTER(clile_neutral)]),
    "clile_neutral_least": (c_int32, [POINTER(clile_neutral)]),
    "clile_options_copy": (clile_status, [POINTER(clile_options), POINTER(POINTER(clile_options))]),
    "clile_options_count": (c_int32, []),
    "clile_options_create": (clile_status, [POINTER(POINTER(clile_options))]),
    "clile_options_describe": (clile_status, [c_int32, POINTER(clile_option_info)]),
    "clile_options_destroy": (None, [POINTER(clile_options)]),
    "clile_options_get_f64": (clile_status, [POINTER(clile_options), c_char_p, POINTER(c_double)]),
    "clile_options_get_i64": (clile_status, [POINTER(clile_options), c_char_p, POINTER(c_int64)]),
    "clile_options_get_str": (clile_status, [POINTER(clile_options), c_char_p, POINTER(c_char_p)]),
    "clile_options_is_set": (c_int32, [POINTER(clile_options), c_char_p]),
    "clile_options_set": (clile_status, [POINTER(clile_options), c_char_p, c_char_p]),
    "clile_options_set_f64": (clile_status, [POINTER(clile_options), c_char_p, c_double]),
    "clile_options_set_i64": (clile_status, [POINTER(clile_options), c_char_p, c_int64]),
    "clile_options_set_log": (clile_status, [POINTER(clile_options), clile_log_fn, c_void_p]),
    "clile_options_set_str": (clile_status, [POINTER(clile_options), c_char_p, c_char_p]),
    "clile_predictor_create": (clile_status, [POINTER(clile_model), POINTER(clile_options), POINTER(POINTER(clile_predictor))]),
    "clile_predictor_destroy": (None, [POINTER(clile_predictor)]),
    "clile_predictor_get_misfit": (c_char_p, [POINTER(clile_predictor), c_int32]),
    "clile_predictor_get_model": (POINTER(clile_model), [POINTER(clile_predictor)]),
    "clile_predictor_run": (clile_status, [POINTER(clile_predictor), c_int64, POINTER(c_uint8), c_int32, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_float)]),
    "clile_predictor_run_dataset": (clile_status, [POINTER(clile_predictor), POINTER(clile_dataset), c_int64, POINTER(c_int64), POINTER(clile_answers), clile_count_fn, c_void_p]),
    "clile_predictor_run_faces": (clile_status, [POINTER(clile_predictor), c_int64, POINTER(clile_face), POINTER(c_float), POINTER(c_int8), POINTER(c_float)]),
    "clile_predictor_run_points": (clile_status, [POINTER(clile_predictor), c_int64, POINTER(clile_face), POINTER(c_float)]),
    "clile_predictor_run_scores": (clile_status, [POINTER(clile_predictor), c_int64, POINTER(c_uint8), c_int32, c_int32, POINTER(c_float), POINTER(c_int8), POINTER(c_float)]),
    "clile_predictor_run_strided": (clile_status, [POINTER(clile_predictor), c_int64, POINTER(c_uint8), c_int32, c_int32, c_int64, c_int64, POINTER(c_float), POINTER(c_int8), POINTER(c_float)]),
    "clile_reader_create": (clile_status, [POINTER(clile_model), POINTER(clile_finder), POINTER(clile_options), POINTER(POINTER(clile_reader))]),
    "clile_reader_create_default": (clile_status, [POINTER(clile_options), POINTER(POINTER(clile_reader))]),
    "clile_reader_destroy": (None, [POINTER(clile_reader)]),
    "clile_reader_get": (clile_status, [POINTER(clile_reader), c_int64, POINTER(clile_found_face), POINTER(c_float), POINTER(c_int8), POINTER(c_float)]),
    "clile_reader_get_model": (POINTER(clile_model), [POINTER(clile_reader)]),
    "clile_reader_read": (clile_status, [POINTER(clile_reader), c_char_p, POINTER(c_int64)]),
    "clile_reader_read_image": (clile_status, [POINTER(clile_reader), POINTER(clile_image), POINTER(c_int64)]),
    "clile_reader_set_points_model": (clile_status, [POINTER(clile_reader), POINTER(clile_model), POINTER(clile_options)]),
    "clile_report_add_fold": (clile_status, [POINTER(clile_report), c_int32, c_int64, POINTER(c_float), POINTER(c_int8), POINTER(c_int8), POINTER(c_int32), POINTER(c_char_p)]),
    "clile_report_add_intensity": (clile_status, [POINTER(clile_report), c_int32, c_int64, POINTER(c_float), POINTER(c_float), POINTER(c_int8)]),
    "clile_report_add_predictor": (clile_status, [POINTER(clile_report), c_int32, POINTER(clile_predictor), POINTER(clile_dataset), POINTER(clile_answers), clile_count_fn, c_void_p]),
    "clile_report_add_value": (clile_status, [POINTER(clile_report), c_char_p, c_double]),
    "clile_report_copy_json": (clile_status, [POINTER(clile_report), POINTER(c_char_p)]),
    "clile_report_copy_table": (clile_status, [POINTER(clile_report), c_char_p, POINTER(c_char_p)]),
    "clile_report_copy_text": (clile_status, [POINTER(clile_report), POINTER(c_char_p)]),
    "clile_report_create": (clile_status, [c_int32, POINTER(c_int32), c_char_p, POINTER(POINTER(clile_report))]),
    "clile_report_destroy": (None, [POINTER(clile_report)]),
    "clile_report_get_summary": (clile_status, [POINTER(clile_report), c_char_p, POINTER(c_double), POINTER(c_double), POINTER(c_double), POINTER(c_double)]),
    "clile_report_set_correlation": (clile_status, [POINTER(clile_report), POINTER(c_double), POINTER(c_double)]),
    "clile_status_name": (c_char_p, [c_int32]),
    "clile_synth_copy_au_ids": (clile_status, [POINTER(c_int32)]),
    "clile_synth_labels": (clile_status, [c_uint64, c_int64, c_int64, POINTER(c_int8), POINTER(c_float)]),
    "clile_synth_render": (clile_status, [c_uint64, c_int64, c_int64, POINTER(c_float), c_int32, POINTER(c_uint8), POINTER(c_float)]),
    "clile_synth_subject_name": (clile_status, [c_char_p, c_int64, c_char_p, c_size_t]),
    "clile_tracker_create": (clile_status, [POINTER(clile_model), POINTER(clile_finder), POINTER(clile_options), POINTER(POINTER(clile_tracker))]),
    "clile_tracker_destroy": (None, [POINTER(clile_tracker)]),
    "clile_tracker_get": (clile_status, [POINTER(clile_tracker), c_int64, POINTER(c_int64), POINTER(c_int32), POINTER(clile_found_face), POINTER(c_float), POINTER(c_int8), POINTER(c_float)]),
    "clile_tracker_get_model": (POINTER(clile_model), [POINTER(clile_tracker)]),
    "clile_tracker_read": (clile_status, [POINTER(clile_tracker), POINTER(clile_image), POINTER(c_int64)]),
    "clile_trainer_create": (clile_status, [POINTER(clile_model), POINTER(clile_dataset), POINTER(clile_options), POINTER(POINTER(clile_trainer))]),
    "clile_trainer_destroy": (None, [POINTER(clile_trainer)]),
    "clile_trainer_get_state": (clile_status, [POINTER(clile_trainer), POINTER(clile_trainer_state)]),
    "clile_trainer_needs_stage1": (c_int32, [POINTER(clile_trainer)]),
    "clile_trainer_next_stage": (c_int32, [POINTER(clile_trainer)]),
    "clile_trainer_resume": (clile_status, [POINTER(clile_trainer), c_char_p]),
    "clile_trainer_run": (clile_status, [POINTER(clile_trainer), c_int32, clile_progress_fn, c_void_p]),
    "clile_trainer_save": (clile_status, [POINTER(clile_trainer), c_char_p]),
    "clile_trainer_set_communicator": (clile_status, [POINTER(clile_trainer), POINTER(clile_communicator)]),
    "clile_trainer_set_history": (clile_status, [POINTER(clile_trainer), c_char_p]),
    "clile_trainer_set_loss": (clile_status, [POINTER(clile_trainer), c_int32, clile_loss_fn, c_void_p]),
    "clile_trainer_set_tensorboard": (clile_status, [POINTER(clile_trainer), c_char_p]),
    "clile_trainer_set_validation_every": (clile_status, [POINTER(clile_trainer), c_int32]),
    "clile_version": (c_char_p, []),
    "clile_version_number": (c_int32, []),
    "clile_video_destroy": (None, [POINTER(clile_video)]),
    "clile_video_next": (clile_status, [POINTER(clile_video), POINTER(clile_frame), POINTER(c_int32)]),
    "clile_video_open": (clile_status, [c_char_p, POINTER(clile_options), POINTER(POINTER(clile_video))]),
    "clile_video_open_camera": (clile_status, [c_char_p, POINTER(clile_options), POINTER(POINTER(clile_video))]),
}

ARGUMENTS: Dict[str, Tuple[str, ...]] = {
    "clile_abi_version": (),
    "clile_au_name": ("au",),
    "clile_dataset_au_count": ("dataset",),
    "clile_dataset_concat": ("n", "datasets", "subjects", "out"),
    "clile_dataset_copy_au_ids": ("dataset", "au_ids"),
    "clile_dataset_copy_au_weights": ("dataset", "weights"),
    "clile_dataset_copy_counts": ("dataset", "counts"),
    "clile_dataset_copy_crop": ("dataset", "index", "size", "rgb"),
    "clile_dataset_copy_crops": ("dataset", "n", "indices", "size", "threads", "rgb"),
    "clile_dataset_copy_intensities": ("dataset", "first", "count", "intensity"),
    "clile_dataset_copy_labels": ("dataset", "first", "count", "labels"),
    "clile_dataset_copy_subjects": ("dataset", "first", "count", "subject"),
    "clile_dataset_crop_size": ("dataset",),
    "clile_dataset_destroy": ("dataset",),
    "clile_dataset_fold": ("dataset", "protocol", "fold", "train", "test"),
    "clile_dataset_fold_count": ("dataset", "protocol", "folds"),
    "clile_dataset_from_arrays": ("n", "h", "w", "rgb", "c", "au_ids", "labels", "subject", "out"),
    "clile_dataset_from_intensities": ("n", "h", "w", "rgb", "c", "au_ids", "labels", "intensity", "subject", "out"),
    "clile_dataset_from_synth": ("seed", "subjects", "tasks", "frames", "size", "out"),
    "clile_dataset_get_image_name": ("dataset", "index"),
    "clile_dataset_get_kind": ("dataset",),
    "clile_dataset_get_left_out": ("dataset", "kind", "index"),
    "clile_dataset_get_notes": ("dataset",),
    "clile_dataset_get_subject_name": ("dataset", "subject"),
    "clile_dataset_open": ("path", "options", "out"),
    "clile_dataset_pack": ("dataset", "path", "options", "progress", "user"),
    "clile_dataset_read_image": ("dataset", "index", "h", "w", "rgb"),
    "clile_dataset_select": ("dataset", "n", "indices", "out"),
    "clile_dataset_size": ("dataset",),
    "clile_dataset_subject_count": ("dataset",),
    "clile_dataset_verify": ("dataset", "progress", "user"),
    "clile_escape": ("form", "text", "out"),
    "clile_evaluation_add_part": ("evaluation", "part", "n", "score", "probability", "present", "labels", "subject", "subject_names", "image_names"),
    "clile_evaluation_au_count": ("evaluation",),
    "clile_evaluation_compare": ("a", "b", "metric", "c", "au_ids", "out"),
    "clile_evaluation_copy_au_ids": ("evaluation", "au_ids"),
    "clile_evaluation_copy_csv": ("evaluation", "out"),
    "clile_evaluation_copy_report": ("evaluation", "published", "out"),
    "clile_evaluation_copy_rows": ("evaluation", "first", "count", "to"),
    "clile_evaluation_create": ("c", "au_ids", "out"),
    "clile_evaluation_destroy": ("evaluation",),
    "clile_evaluation_get_image_name": ("evaluation", "image"),
    "clile_evaluation_get_part": ("evaluation", "index", "part"),
    "clile_evaluation_get_subject_name": ("evaluation", "subject"),
    "clile_evaluation_load": ("path", "out"),
    "clile_evaluation_load_predictions": ("path", "dataset", "protocol", "fold", "absent", "out", "notes"),
    "clile_evaluation_part_count": ("evaluation",),
    "clile_evaluation_size": ("evaluation",),
    "clile_evaluation_subject_count": ("evaluation",),
    "clile_events_add": ("events", "frame", "time", "count", "person", "probability"),
    "clile_events_create": ("c", "au_ids", "options", "out"),
    "clile_events_destroy": ("events",),
    "clile_events_end": ("events",),
    "clile_events_find": ("n", "time", "probability", "options", "capacity", "place", "count"),
    "clile_events_take": ("events", "event", "more"),
    "clile_face_file_destroy": ("file",),
    "clile_face_file_expect": ("file", "image"),
    "clile_face_file_find": ("file", "image", "frame", "count"),
    "clile_face_file_get": ("file", "index", "has_box", "box", "points", "xy"),
    "clile_face_file_open": ("path", "options", "out"),
    "clile_file_inspect": ("path", "tensor", "metadata", "user", "kind"),
    "clile_finder_add": ("finder", "box", "score", "points", "xy"),
    "clile_finder_create": ("find", "user", "options", "out"),
    "clile_finder_create_by_name": ("name", "options", "out"),
    "clile_finder_create_default": ("options", "out"),
    "clile_finder_destroy": ("finder",),
    "clile_finder_find": ("finder", "image", "count"),
    "clile_finder_get": ("finder", "index", "face"),
    "clile_finder_get_name": ("finder",),
    "clile_free": ("memory",),
    "clile_image_decode": ("bytes", "size", "options", "h", "w", "rgb"),
    "clile_image_encode_png": ("h", "w", "rgb", "png", "size"),
    "clile_image_read": ("path", "options", "h", "w", "rgb"),
    "clile_image_walk": ("folder", "each", "user"),
    "clile_image_write_png": ("path", "h", "w", "rgb"),
    "clile_last_error": (),
    "clile_loss_adversarial": ("n", "d", "s", "embedding", "weight", "bias", "subject", "loss", "diff_embedding", "diff_weight", "diff_bias"),
    "clile_loss_bce": ("n", "d", "c", "similarity", "embedding", "au_embedding", "scale", "bias", "labels", "au_weight", "loss", "diff_embedding", "diff_au_embedding", "diff_scale", "diff_bias"),
    "clile_loss_decorrelate": ("n", "d", "embedding", "id_embedding", "loss", "diff_embedding"),
    "clile_loss_mixed": ("n", "d", "c", "s", "similarity", "embedding", "au_embedding", "scale", "bias", "deviation", "deviation_bias", "subject", "labels", "au_weight", "lambda_deviation", "lambda_bias", "loss", "diff_embedding", "diff_au_embedding", "diff_scale", "diff_bias", "diff_deviation", "diff_deviation_bias"),
    "clile_loss_orthogonal": ("n", "d", "embedding", "id_embedding", "loss", "diff_embedding"),
    "clile_loss_stage1": ("n", "d", "c", "s", "id_embedding", "ile", "subject", "labels", "au_weight", "loss", "diff_id_embedding", "diff_ile"),
    "clile_loss_stage2": ("n", "d", "c", "embedding", "au_embedding", "labels", "temperature", "loss", "diff_embedding", "diff_au_embedding"),
    "clile_loss_stage2_null": ("n", "d", "c", "embedding", "au_embedding", "null_embedding", "labels", "temperature", "loss", "diff_embedding", "diff_au_embedding", "diff_null_embedding"),
    "clile_losses_api_version": (),
    "clile_metrics_agreement": ("c", "a", "b", "pearson"),
    "clile_metrics_auc": ("n", "c", "score", "labels", "auc"),
    "clile_metrics_auc_within": ("n", "c", "score", "labels", "subject", "auc"),
    "clile_metrics_calibrate": ("n", "c", "score", "labels", "slope", "offset"),
    "clile_metrics_compare": ("metric", "n", "c", "score_a", "present_a", "score_b", "present_b", "labels", "subject", "out"),
    "clile_metrics_cosine_matrix": ("c", "d", "vectors", "cosine"),
    "clile_metrics_f1": ("n", "c", "present", "labels", "f1", "counts"),
    "clile_metrics_intensity": ("n", "c", "value", "intensity", "icc", "pcc", "mae", "mse"),
    "clile_metrics_label_correlation": ("n", "c", "labels", "phi"),
    "clile_metrics_subject_probe": ("n", "d", "embedding", "subject", "accuracy"),
    "clile_metrics_thresholds": ("n", "c", "score", "labels", "threshold"),
    "clile_model_au_count": ("model",),
    "clile_model_copy_au_embedding": ("model", "au_embedding"),
    "clile_model_copy_au_ids": ("model", "au_ids"),
    "clile_model_copy_card": ("model", "out"),
    "clile_model_copy_decision": ("model", "slope", "offset"),
    "clile_model_copy_default_path": ("out",),
    "clile_model_copy_json": ("model", "out"),
    "clile_model_create": ("options", "c", "au_ids", "out"),
    "clile_model_destroy": ("model",),
    "clile_model_embedding_size": ("model",),
    "clile_model_estimate_intensity": ("model", "n", "embedding", "intensity"),
    "clile_model_export_onnx": ("model", "path"),
    "clile_model_get_metadata": ("model", "key"),
    "clile_model_has_intensity": ("model",),
    "clile_model_image_size": ("model",),
    "clile_model_import_backbone": ("model", "path"),
    "clile_model_import_backbone_report": ("model", "path", "prefix", "report", "user"),
    "clile_model_is_quantized": ("model",),
    "clile_model_is_trained": ("model",),
    "clile_model_load": ("path", "out"),
    "clile_model_load_default": ("options", "out"),
    "clile_model_load_memory": ("bytes", "size", "out"),
    "clile_model_point_count": ("model",),
    "clile_model_quantize": ("model", "n", "rgb", "h", "w", "options", "out"),
    "clile_model_save": ("model", "path"),
    "clile_model_save_memory": ("model", "bytes", "size"),
    "clile_model_set_card": ("model", "markdown"),
    "clile_model_set_decision": ("model", "au_embedding", "slope", "offset"),
    "clile_model_set_metadata": ("model", "key", "value"),
    "clile_mpi_abort": ("mpi", "code"),
    "clile_mpi_close": ("mpi",),
    "clile_mpi_get_communicator": ("mpi",),
    "clile_mpi_open": ("out",),
    "clile_neutral_add": ("neutral", "person", "probability"),
    "clile_neutral_apply": ("neutral", "person", "probability", "centred", "present"),
    "clile_neutral_create": ("model", "out"),
    "clile_neutral_destroy": ("neutral",),
    "clile_neutral_least": ("neutral",),
    "clile_options_copy": ("source", "out"),
    "clile_options_count": (),
    "clile_options_create": ("out",),
    "clile_options_describe": ("index", "info"),
    "clile_options_destroy": ("options",),
    "clile_options_get_f64": ("options", "key", "out"),
    "clile_options_get_i64": ("options", "key", "out"),
    "clile_options_get_str": ("options", "key", "out"),
    "clile_options_is_set": ("options", "key"),
    "clile_options_set": ("options", "key", "value"),
    "clile_options_set_f64": ("options", "key", "value"),
    "clile_options_set_i64": ("options", "key", "value"),
    "clile_options_set_log": ("options", "fn", "user"),
    "clile_options_set_str": ("options", "key", "value"),
    "clile_predictor_create": ("model", "options", "out"),
    "clile_predictor_destroy": ("predictor",),
    "clile_predictor_get_misfit": ("predictor", "kind"),
    "clile_predictor_get_model": ("predictor",),
    "clile_predictor_run": ("predictor", "n", "rgb", "h", "w", "probability", "present", "embedding"),
    "clile_predictor_run_dataset": ("predictor", "dataset", "n", "indices", "answers", "progress", "user"),
    "clile_predictor_run_faces": ("predictor", "n", "faces", "probability", "present", "embedding"),
    "clile_predictor_run_points": ("predictor", "n", "faces", "xy"),
    "clile_predictor_run_scores": ("predictor", "n", "rgb", "h", "w", "score", "present", "embedding"),
    "clile_predictor_run_strided": ("predictor", "n", "rgb", "h", "w", "row_stride", "image_stride", "probability", "present", "embedding"),
    "clile_reader_create": ("model", "finder", "options", "out"),
    "clile_reader_create_default": ("options", "out"),
    "clile_reader_destroy": ("reader",),
    "clile_reader_get": ("reader", "index", "face", "probability", "present", "embedding"),
    "clile_reader_get_model": ("reader",),
    "clile_reader_read": ("reader", "path", "count"),
    "clile_reader_read_image": ("reader", "image", "count"),
    "clile_reader_set_points_model": ("reader", "model", "options"),
    "clile_report_add_fold": ("report", "fold", "n", "score", "present", "labels", "subject", "subject_names"),
    "clile_report_add_intensity": ("report", "fold", "n", "value", "probability", "intensity"),
    "clile_report_add_predictor": ("report", "fold", "predictor", "dataset", "answers", "progress", "user"),
    "clile_report_add_value": ("report", "name", "value"),
    "clile_report_copy_json": ("report", "out"),
    "clile_report_copy_table": ("report", "format", "out"),
    "clile_report_copy_text": ("report", "out"),
    "clile_report_create": ("c", "au_ids", "published", "out"),
    "clile_report_destroy": ("report",),
    "clile_report_get_summary": ("report", "metric", "mean_of_folds", "pooled", "low", "high"),
    "clile_report_set_correlation": ("report", "model", "labels"),
    "clile_status_name": ("status",),
    "clile_synth_copy_au_ids": ("au_ids",),
    "clile_synth_labels": ("seed", "subject", "frame", "labels", "intensity"),
    "clile_synth_render": ("seed", "subject", "frame", "intensity", "size", "rgb", "landmarks"),
    "clile_synth_subject_name": ("layout", "subject", "name", "size"),
    "clile_tracker_create": ("model", "finder", "options", "out"),
    "clile_tracker_destroy": ("tracker",),
    "clile_tracker_get": ("tracker", "index", "person", "found", "face", "probability", "present", "embedding"),
    "clile_tracker_get_model": ("tracker",),
    "clile_tracker_read": ("tracker", "image", "count"),
    "clile_trainer_create": ("model", "train", "options", "out"),
    "clile_trainer_destroy": ("trainer",),
    "clile_trainer_get_state": ("trainer", "state"),
    "clile_trainer_needs_stage1": ("trainer",),
    "clile_trainer_next_stage": ("trainer",),
    "clile_trainer_resume": ("trainer", "path"),
    "clile_trainer_run": ("trainer", "stage", "progress", "user"),
    "clile_trainer_save": ("trainer", "path"),
    "clile_trainer_set_communicator": ("trainer", "communicator"),
    "clile_trainer_set_history": ("trainer", "path"),
    "clile_trainer_set_loss": ("trainer", "mode", "fn", "user"),
    "clile_trainer_set_tensorboard": ("trainer", "folder"),
    "clile_trainer_set_validation_every": ("trainer", "every"),
    "clile_version": (),
    "clile_version_number": (),
    "clile_video_destroy": ("video",),
    "clile_video_next": ("video", "frame", "more"),
    "clile_video_open": ("path", "options", "out"),
    "clile_video_open_camera": ("device", "options", "out"),
}
