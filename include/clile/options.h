/* clile/options.h: settings of data sets, models, trainers and predictors, set by key.
 *
 *     clile_options *options = NULL;
 *     clile_options_create(&options);
 *     clile_options_set_i64(options, CLILE_OPT_EPOCHS, 20);
 *     clile_options_set_f64(options, CLILE_OPT_LEARNING_RATE, 1e-3);
 *     clile_options_set_str(options, CLILE_OPT_ELIMINATION, "mixed");
 *     // any type, from text, as a command line needs
 *     clile_options_set(options, "batch", "32");
 *     clile_trainer_create(model, train, options, &trainer); // copies what it needs
 *     clile_options_destroy(options);
 *
 * The library logs to a function that the caller provides, and otherwise nowhere:
 *
 *     static void on_log(int32_t level, const char *text, void *user)
 *     {
 *         if (level >= CLILE_LOG_WARNING) fprintf(user, "clile: %s\n", text);
 *     }
 *     clile_options_set_log(options, on_log, stderr);
 *
 * One table (name, type, default, range, help) drives checking, the command line, the docs and
 * what a checkpoint stores. Setting an unknown key or a value out of range fails, names the
 * nearest key, and leaves the options unchanged. Every function with a `const clile_options *`
 * accepts NULL for the defaults. */
#ifndef CLILE_OPTIONS_H
#define CLILE_OPTIONS_H

#include <clile/status.h>

CLILE_BEGIN

typedef struct clile_options clile_options;

/* data set */
#define CLILE_OPT_LAYOUT "layout"
#define CLILE_OPT_AU_SET "au_set"
#define CLILE_OPT_UNKNOWN "unknown"
#define CLILE_OPT_PRESENT_FROM "present_from"
#define CLILE_OPT_FIRST_IMAGE "first_image"
#define CLILE_OPT_BOX_MARGIN "box_margin"
#define CLILE_OPT_CROP_MARGIN "crop_margin"
#define CLILE_OPT_DATA_KIND "data_kind"
#define CLILE_OPT_FACES "faces"
#define CLILE_OPT_TARGETS "targets"
#define CLILE_OPT_IMAGE_SIZE "image_size"
#define CLILE_OPT_MAX_PIXELS "max_pixels"
#define CLILE_OPT_MAX_LABEL_MB "max_label_mb"
#define CLILE_OPT_MAX_PACK_MB "max_pack_mb"
#define CLILE_OPT_CACHE_MB "cache_mb"
#define CLILE_OPT_SMALLEST_FACE "smallest_face"
#define CLILE_OPT_FIND_EVERY "find_every"
#define CLILE_OPT_KEEP_LOST "keep_lost"
#define CLILE_OPT_EVENT_ENTER "event_enter"
#define CLILE_OPT_EVENT_LEAVE "event_leave"
#define CLILE_OPT_EVENT_LENGTH "event_length"
#define CLILE_OPT_EVENT_GAP "event_gap"
/* model */
#define CLILE_OPT_BACKBONE "backbone"
#define CLILE_OPT_STEM "stem"
#define CLILE_OPT_STANDARDIZE "standardize"
#define CLILE_OPT_WIDTH "width"
#define CLILE_OPT_EMBEDDING "embedding"
#define CLILE_OPT_SIMILARITY "similarity"
#define CLILE_OPT_PREDICT_BATCH "predict_batch"
#define CLILE_OPT_MIRROR "mirror"
#define CLILE_OPT_CROP_SCALE "crop_scale"
#define CLILE_OPT_PRECISION "precision"
#define CLILE_OPT_POINTS_MODEL "points_model"
/* method */
#define CLILE_OPT_METHOD "method"
#define CLILE_OPT_PRESET "preset"
#define CLILE_OPT_ELIMINATION "elimination"
#define CLILE_OPT_IDENTITY_PART "identity_part"
#define CLILE_OPT_LAMBDA_CONTRA "lambda_contra"
#define CLILE_OPT_LAMBDA_BCE "lambda_bce"
#define CLILE_OPT_LAMBDA_ID "lambda_id"
#define CLILE_OPT_LAMBDA_POINTS "lambda_points"
#define CLILE_OPT_LAMBDA_VALUES "lambda_values"
#define CLILE_OPT_LAMBDA_METHOD "lambda_method"
#define CLILE_OPT_LAMBDA_FEEDBACK "lambda_feedback"
#define CLILE_OPT_LAMBDA_ILE "lambda_ile"
#define CLILE_OPT_LAMBDA_ILE_BIAS "lambda_ile_bias"
#define CLILE_OPT_TAU "tau"
#define CLILE_OPT_NULL_ANCHOR "null_anchor"
#define CLILE_OPT_INIT_FROM_STAGE1 "init_from_stage1"
#define CLILE_OPT_DECISION "decision"
/* training */
#define CLILE_OPT_OPTIMIZER "optimizer"
#define CLILE_OPT_LEARNING_RATE "learning_rate"
#define CLILE_OPT_AU_RATE_SCALE "au_rate_scale"
#define CLILE_OPT_MOMENTUM "momentum"
#define CLILE_OPT_WEIGHT_DECAY "weight_decay"
#define CLILE_OPT_SCHEDULE "schedule"
#define CLILE_OPT_WARMUP "warmup"
#define CLILE_OPT_CLIP_NORM "clip_norm"
#define CLILE_OPT_EMA "ema"
#define CLILE_OPT_EPOCHS "epochs"
#define CLILE_OPT_EPOCHS_STAGE1 "epochs_stage1"
#define CLILE_OPT_BATCH "batch"
#define CLILE_OPT_ACCUMULATE "accumulate"
#define CLILE_OPT_RECOMPUTE "recompute"
#define CLILE_OPT_SYNC_BATCH_NORM "sync_batch_norm"
#define CLILE_OPT_SEED "seed"
#define CLILE_OPT_THREADS "threads"
#define CLILE_OPT_VALIDATION "validation"
#define CLILE_OPT_VALIDATION_EVERY "validation_every"
#define CLILE_OPT_EXCHANGE_HALVES "exchange_halves"
#define CLILE_OPT_EXCHANGE_SHAPES "exchange_shapes"
#define CLILE_OPT_EXCHANGE_LOOKS "exchange_looks"
#define CLILE_OPT_KEEP_POINTS "keep_points"
#define CLILE_OPT_AUGMENT_FLIP "augment_flip"
#define CLILE_OPT_AUGMENT_SCALE "augment_scale"
#define CLILE_OPT_AUGMENT_SHIFT "augment_shift"
#define CLILE_OPT_AUGMENT_ROTATE "augment_rotate"
#define CLILE_OPT_AUGMENT_BRIGHTNESS "augment_brightness"
#define CLILE_OPT_AUGMENT_CONTRAST "augment_contrast"
#define CLILE_OPT_AUGMENT_SATURATION "augment_saturation"
#define CLILE_OPT_AUGMENT_GRAYSCALE "augment_grayscale"
#define CLILE_OPT_AUGMENT_BLUR "augment_blur"
#define CLILE_OPT_AUGMENT_BLUR_LEAST "augment_blur_least"
#define CLILE_OPT_AUGMENT_BLUR_MOST "augment_blur_most"
#define CLILE_OPT_AUGMENT_ERASE "augment_erase"
#define CLILE_OPT_AUGMENT_ERASE_AREA "augment_erase_area"
#define CLILE_OPT_AUGMENT_RESOLUTION "augment_resolution"
#define CLILE_OPT_AUGMENT_RESOLUTION_LEAST "augment_resolution_least"
#define CLILE_OPT_AUGMENT_NOISE "augment_noise"
#define CLILE_OPT_AUGMENT_GAMMA "augment_gamma"
#define CLILE_OPT_AUGMENT_TINT "augment_tint"
#define CLILE_OPT_AUGMENT_SHADE "augment_shade"
#define CLILE_OPT_AUGMENT_JPEG "augment_jpeg"
#define CLILE_OPT_AUGMENT_EDGE "augment_edge"
#define CLILE_OPT_INPUT_WORKERS "input_workers"

/* Creates options with all defaults. The caller owns `*out`. OUT_OF_MEMORY, INVALID_ARGUMENT (out
 * is NULL). Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_options_create(clile_options **out);
/* Independent copy; a NULL source copies the defaults. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_options_copy(const clile_options *source,
                                                          clile_options **out);
/* NULL does nothing. Exclusive. Since 0.1. */
CLILE_API void clile_options_destroy(clile_options *options);

/* Setters. INVALID_ARGUMENT: an unknown key, a wrong type or a value out of range; the options
 * are then unchanged. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_options_set(clile_options *options, const char *key,
                                                         const char *value);
CLILE_NODISCARD CLILE_API clile_status clile_options_set_i64(clile_options *options,
                                                             const char *key, int64_t value);
CLILE_NODISCARD CLILE_API clile_status clile_options_set_f64(clile_options *options,
                                                             const char *key, double value);
CLILE_NODISCARD CLILE_API clile_status clile_options_set_str(clile_options *options,
                                                             const char *key, const char *value);

/* Getters: the value if it was set, else the default; options NULL gives the default. The string
 * of get_str is borrowed until the next set or destroy. Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_options_get_i64(const clile_options *options,
                                                             const char *key, int64_t *out);
CLILE_NODISCARD CLILE_API clile_status clile_options_get_f64(const clile_options *options,
                                                             const char *key, double *out);
CLILE_NODISCARD CLILE_API clile_status clile_options_get_str(const clile_options *options,
                                                             const char *key, const char **out);
/* 1 if the caller set the key; 0 if it has its default or is unknown. Shared. Since 0.1. */
CLILE_API int32_t clile_options_is_set(const clile_options *options, const char *key);

/* From the least to the most serious (docs/logging.md). */
enum { CLILE_LOG_DEBUG = 0, CLILE_LOG_INFO = 1, CLILE_LOG_WARNING = 2, CLILE_LOG_ERROR = 3 };

/* Receives one line of UTF-8 without a line break; `text` is valid until it returns. It is called
 * during a library call, on the thread that made the call, never on the library's own threads. If
 * several threads use the same options, each calls it, possibly at the same time. It must return.
 * It must not call a function on a handle passed to the interrupted call, nor destroy or set
 * these options. The thread's error text is the same after it as before. */
typedef void (*clile_log_fn)(int32_t level, const char *text, void *user);

/* Sets where the log goes; fn NULL (the default): nowhere. Copies of the options keep it, and so
 * does every handle created with them, so fn and user must live as long as these. It is not an
 * option of the table: it is not stored or compared, and a trainer that resumes a checkpoint
 * keeps its own. INVALID_ARGUMENT: options NULL. Exclusive. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_options_set_log(clile_options *options,
                                                             clile_log_fn fn, void *user);

enum {
    CLILE_OPTION_INTEGER = 0,
    CLILE_OPTION_REAL = 1,
    CLILE_OPTION_CHOICE = 2,
    CLILE_OPTION_TEXT = 3
};

/* One row of the table; only grows at the end. Strings are static. */
typedef struct clile_option_info {
    uint32_t struct_size; /* set to sizeof(clile_option_info) before the call */
    int32_t type;         /* CLILE_OPTION_... */
    const char *name;
    const char *default_value; /* as text */
    const char *choices;       /* "a|b|c" for a choice, else "" */
    double minimum, maximum;   /* of a number, both inclusive */
    const char *group;         /* "data", "model", "method", "training" */
    const char *help;
} clile_option_info;

/* Number of rows of the table. Shared. Since 0.1. */
CLILE_API int32_t clile_options_count(void);
/* Row `index` of the table, 0 <= index < count. Sets fields of info that this version does not
 * know to 0. INVALID_ARGUMENT: index, struct_size (docs/abi.md). Shared. Since 0.1. */
CLILE_NODISCARD CLILE_API clile_status clile_options_describe(int32_t index,
                                                              clile_option_info *info);

CLILE_END

#endif
