/* The table of options: names, types, defaults, ranges, choices and help. Everything else comes
 * from it.
 *
 * X(TYPE, key, default as text, choices, minimum, maximum, group, help). TYPE is INTEGER, REAL,
 * CHOICE or TEXT. Only a CHOICE has choices, separated by bars; only numbers have a range, both
 * ends included. The integer default "auto" is the number of processors this process may use. */
#ifndef CLILE_I_OPTIONS_TABLE_H
#define CLILE_I_OPTIONS_TABLE_H

#include "base/tables.h"

/* clang-format off */
#define CLILE_I_LAYOUT_CHOICE(name, text) "|" text
#define CLILE_I_LOSS_OPTION(X, name, key, value, help) X(REAL, key, value, "", 0, 1e6, "method", help)
#define CLILE_I_ELIMINATION_CHOICE(name) "|" #name
#define CLILE_I_METHOD_CHOICE(X, name, term, weight, embedding) "|" #name
#define CLILE_I_METHOD_PRESETS(X, name, term, weight, embedding) \
    X(CLILE_OPT_METHOD, #name, CLILE_OPT_SIMILARITY, "dot") \
    X(CLILE_OPT_METHOD, #name, CLILE_OPT_BATCH, "64") \
    X(CLILE_OPT_METHOD, #name, CLILE_OPT_EXCHANGE_HALVES, "0") \
    X(CLILE_OPT_METHOD, #name, CLILE_OPT_EXCHANGE_SHAPES, "0") \
    X(CLILE_OPT_METHOD, #name, CLILE_OPT_NULL_ANCHOR, "0") \
    X(CLILE_OPT_METHOD, #name, CLILE_OPT_LAMBDA_METHOD, weight) \
    X(CLILE_OPT_METHOD, #name, CLILE_OPT_EMBEDDING, embedding)

#define CLILE_I_OPTIONS_TABLE(X)                                                                                                            \
    /* data */                                                                                                                              \
    X(CHOICE, CLILE_OPT_LAYOUT, "auto", "auto" CLILE_I_LAYOUTS(CLILE_I_LAYOUT_CHOICE), 0, 0, "data",                                         \
      "how the folder of images is laid out; auto: detect it")                                                                           \
    X(TEXT, CLILE_OPT_AU_SET, "auto", "", 0, 0, "data",                                                                                     \
      "AUs to use: auto (the usual ones of the layout), bp4d, disfa, or numbers such as 1,2,4")                                             \
    X(CHOICE, CLILE_OPT_UNKNOWN, "mask", "mask|negative", 0, 0, "data",                                                                     \
      "AUs that are not coded: leave them out of every sum, or count them as absent")                                                            \
    X(INTEGER, CLILE_OPT_PRESENT_FROM, "2", "", 1, 5, "data", "intensity from which an AU is present: of DISFA, and of a CSV column AU1_r without AU1")                                \
    X(CHOICE, CLILE_OPT_FIRST_IMAGE, "auto", "auto|0|1", 0, 0, "data",                                                                      \
      "number of the first frame's image in numbered folders (DISFA, videos); auto: whichever fits the labels better")                 \
    X(REAL, CLILE_OPT_BOX_MARGIN, "0.22", "", -0.5, 4, "data", "margin around a face box, as a share of its longer side")                   \
    X(REAL, CLILE_OPT_CROP_MARGIN, "0.0625", "", 0, 0.5, "data",                                                                           \
      "margin kept around a crop for augmentation, as a share of its side; if not set, the pack's")                 \
    X(CHOICE, CLILE_OPT_DATA_KIND, "auto", "auto|drawn|rendered|photographs|mixed|unknown", 0, 0, "data",                                         \
      "what the images are, recorded in the model; auto: what a pack, or the file data_kind in the folder, says")                        \
    X(TEXT, CLILE_OPT_FACES, "", "", 0, 0, "data",                                                                                         \
      "CSV file of faces (landmarks or boxes) of the images, in place of the data's own, below the data's folder unless absolute; nothing: none") \
    X(TEXT, CLILE_OPT_TARGETS, "", "", 0, 0, "data",                                                                                       \
      "safetensors file of points and values to learn beside the AUs, below the data's folder unless absolute; nothing: none")             \
    X(INTEGER, CLILE_OPT_IMAGE_SIZE, "112", "", 32, 512, "data", "side of the aligned square crop, in pixels")                                \
    X(INTEGER, CLILE_OPT_MAX_PIXELS, "50000000", "", 1, 2147483647, "data", "largest number of pixels of an image; larger ones are an error")                           \
    X(INTEGER, CLILE_OPT_MAX_LABEL_MB, "1024", "", 1, 1048576, "data",                                                                      \
      "largest file of labels, landmarks or boxes, and largest header of a pack, in MiB; larger ones are an error")                                              \
    X(INTEGER, CLILE_OPT_MAX_PACK_MB, "1048576", "", 1, 1073741824, "data", "largest pack in MiB; a larger one is an error")                                \
    X(INTEGER, CLILE_OPT_CACHE_MB, "2048", "", 0, 1048576, "data", "memory for decoded crops in MiB")                                       \
    X(INTEGER, CLILE_OPT_SMALLEST_FACE, "0", "", 0, 65535, "data",                                                                        \
      "smallest face that a finder looks for, in pixels; 0: depends on the image size")                                               \
    X(INTEGER, CLILE_OPT_FIND_EVERY, "10", "", 1, 1000000, "data", "frames of a video between two searches of the finder; sooner when a face is lost")              \
    X(INTEGER, CLILE_OPT_KEEP_LOST, "250", "", 0, 1000000, "data",                                                                          \
      "frames of a video for which a lost person is remembered")                                                                   \
    X(REAL, CLILE_OPT_EVENT_ENTER, "0.5", "", 0, 1, "data", "probability that an AU must exceed once in an event")                          \
    X(REAL, CLILE_OPT_EVENT_LEAVE, "0.4", "", 0, 1, "data", "probability down to which an event lasts; at most event_enter")                \
    X(REAL, CLILE_OPT_EVENT_LENGTH, "0.1", "", 0, 1e6, "data", "shortest event in seconds")                                                 \
    X(REAL, CLILE_OPT_EVENT_GAP, "0.2", "", 0, 1e6, "data", "longest break within an event, in seconds")                                    \
    /* model */                                                                                                                             \
    X(CHOICE, CLILE_OPT_BACKBONE, "resnet10", "resnet10|resnet18|resnet34|resnet50", 0, 0, "model", "network of the encoder")               \
    X(CHOICE, CLILE_OPT_STEM, "auto", "imagenet|small|auto", 0, 0, "model",                                                                  \
      "first layer: 7 x 7 with stride 2 and max pooling (imagenet), or only 5 x 5 with stride 2 (small); auto: small where image_size is below 96") \
    X(INTEGER, CLILE_OPT_STANDARDIZE, "0", "", 0, 1, "model",                                                                               \
      "1: every crop is brought to the same mean brightness and the same contrast, in training and prediction")                          \
    X(REAL, CLILE_OPT_WIDTH, "0.25", "", 0.0625, 4, "model", "factor on the number of channels of the backbone")                                      \
    X(INTEGER, CLILE_OPT_EMBEDDING, "128", "", 1, 65536, "model", "size d of the embedding")                                                \
    X(CHOICE, CLILE_OPT_SIMILARITY, "dot", "cosine|dot", 0, 0, "model", "similarity of an embedding and an AU vector in the BCE")                \
    X(INTEGER, CLILE_OPT_PREDICT_BATCH, "0", "", 0, 4096, "model",                                                                         \
      "faces that a predictor runs at once; 0: chosen automatically, one by one if there are few")                                          \
    X(CHOICE, CLILE_OPT_MIRROR, "auto", "auto|0|1", 0, 0, "model",                                                                           \
      "1: answers come from the mean of a crop and its mirror image, in twice the time; auto: what the model's metadata says")             \
    X(REAL, CLILE_OPT_CROP_SCALE, "1", "", 0.5, 2, "model",                                                                                   \
      "side of the crop that landmarks place in a predictor, as a share of training's; if not set, what the model's metadata says")          \
    X(CHOICE, CLILE_OPT_PRECISION, "float32", "float32|bf16", 0, 0, "model",                                                                  \
      "arithmetic of the convolutions, in training and prediction; bf16: products of 16-bit numbers, where the processor has them; files and weights stay float32") \
    X(TEXT, CLILE_OPT_POINTS_MODEL, "default", "", 0, 0, "model",                                                                           \
      "file of the model that finds the points of a found face; default: the installed one, if any; none: faces are aligned by their boxes") \
    /* method */                                                                                                                            \
    X(CHOICE, CLILE_OPT_METHOD, "cl-ile", "cl-ile|bce" CLILE_I_METHODS(CLILE_I_METHOD_CHOICE, ), 0, 0, "method",                                     \
      "CL-ILE, plain weighted BCE as the baseline, or a system that they are compared with")                                             \
    X(CHOICE, CLILE_OPT_PRESET, "default", "default|published", 0, 0, "method",                                                             \
      "published: the two published losses, as literally as they are known, unless another option says otherwise")                           \
    X(CHOICE, CLILE_OPT_ELIMINATION, "mixed", "none" CLILE_I_ELIMINATIONS(CLILE_I_ELIMINATION_CHOICE), 0, 0, "method",                              \
      "how person-specific features are removed in stage 2")                                                                                \
    X(CHOICE, CLILE_OPT_IDENTITY_PART, "all", "all|residual|subject_mean", 0, 0, "method",                                                  \
      "part of the ID embedding that orthogonal and decorrelate remove: all of it, what the labels do not explain, or its subject means")   \
    CLILE_I_LOSSES(CLILE_I_LOSS_OPTION, X)                                                                                                 \
    X(REAL, CLILE_OPT_LAMBDA_FEEDBACK, "0", "", 0, 1e6, "method",                                                                          \
      "weight, within the loss of method=piap, of pseudo labels for what is not coded; 0: none")                                             \
    X(REAL, CLILE_OPT_LAMBDA_ILE, "30", "", 0, 1e6, "method", "ridge on the per-subject deviations of the AU vectors (mixed)")            \
    X(REAL, CLILE_OPT_LAMBDA_ILE_BIAS, "0.04", "", 0, 1e6, "method", "ridge on the per-subject biases (mixed)")                             \
    X(REAL, CLILE_OPT_TAU, "0.5", "", 1e-4, 1e4, "method", "temperature of the contrastive loss")                                           \
    X(INTEGER, CLILE_OPT_NULL_ANCHOR, "1", "", 0, 1, "method", "1: one more embedding, the positive of images with no AU present")          \
    X(INTEGER, CLILE_OPT_INIT_FROM_STAGE1, "1", "", 0, 1, "method", "1: the general encoder starts from the ID encoder")                    \
    X(CHOICE, CLILE_OPT_DECISION, "auto", "auto|threshold|calibrated", 0, 0, "method",                                                      \
      "from score to decision: thresholds that maximise F1 on the training subjects (threshold; auto chooses it), or the sigmoid of the BCE at 0.5 (calibrated)")          \
    /* training */                                                                                                                          \
    X(CHOICE, CLILE_OPT_OPTIMIZER, "adamw", "adamw|sgd", 0, 0, "training", "AdamW, or SGD with momentum")                                   \
    X(REAL, CLILE_OPT_LEARNING_RATE, "0.002", "", 0, 1e3, "training", "peak learning rate")                                              \
    X(REAL, CLILE_OPT_AU_RATE_SCALE, "1", "", 0, 1e6, "training", "learning rate of the AU vectors relative to the encoder's")              \
    X(REAL, CLILE_OPT_MOMENTUM, "0.9", "", 0, 0.9999, "training", "momentum of SGD")                                                        \
    X(REAL, CLILE_OPT_WEIGHT_DECAY, "0.05", "", 0, 1e3, "training", "weight decay; not applied to norms and biases")                                \
    X(CHOICE, CLILE_OPT_SCHEDULE, "cosine", "cosine|constant", 0, 0, "training", "learning rate after the warm-up")                         \
    X(REAL, CLILE_OPT_WARMUP, "2", "", 0, 1e4, "training", "epochs of linear warm-up")                                                      \
    X(REAL, CLILE_OPT_CLIP_NORM, "1", "", 0, 1e9, "training", "largest norm of the gradient; 0: no clipping")                               \
    X(REAL, CLILE_OPT_EMA, "0", "", 0, 0.99999, "training", "decay of the moving average of the weights; 0: no average")                          \
    X(INTEGER, CLILE_OPT_EPOCHS, "45", "", 1, 1000000, "training", "epochs of stage 2, or of all training with another method (90 with method=bce); if neither this nor epochs_stage1 is set and 45 epochs are under 1400 steps of 64 images, enough for these, but at most 100 (with method=bce, twice as many)")               \
    X(INTEGER, CLILE_OPT_EPOCHS_STAGE1, "45", "", 0, 1000000, "training", "epochs of stage 1; if not set, see epochs")                                              \
    X(INTEGER, CLILE_OPT_BATCH, "32", "", 1, 1000000, "training", "images per training step (64 with another method than cl-ile, and with preset=published), of each rank if there are several; if not set and there are fewer images, all of them") \
    X(INTEGER, CLILE_OPT_ACCUMULATE, "1", "", 1, 4096, "training", "parts in which a step's batch is computed, one after the other, to save memory; their gradients are averaged") \
    X(INTEGER, CLILE_OPT_RECOMPUTE, "0", "", 0, 1, "training", "1: keep only the outputs of the encoder's blocks, and compute what is between them again in the backward pass: less memory, more time, the same bits") \
    X(INTEGER, CLILE_OPT_SYNC_BATCH_NORM, "0", "", 0, 1, "training", "1: batch normalisation over the images of all ranks; 0: each rank over its own") \
    X(INTEGER, CLILE_OPT_SEED, "1", "", 0, 9007199254740992, "training", "seed of the initial weights, the order and augmentation")                 \
    X(INTEGER, CLILE_OPT_THREADS, "auto", "", 1, 1024, "training", "number of threads; auto: the processors this process may use")                    \
    X(REAL, CLILE_OPT_VALIDATION, "0", "", 0, 0.9, "training", "share of the training subjects held out; their F1 and AUC are reported each epoch")      \
    X(INTEGER, CLILE_OPT_VALIDATION_EVERY, "1", "", 0, 1000000, "training", "epochs between validations; the last epoch always has one; 0: none")  \
    X(REAL, CLILE_OPT_EXCHANGE_HALVES, "0.5", "", 0, 1, "training",                                                                           \
      "probability that the lower half of a face is taken from another subject, with its labels and ILEs")                                       \
    X(REAL, CLILE_OPT_EXCHANGE_SHAPES, "1", "", 0, 1, "training",                                                                          \
      "probability that a face takes the resting shape of another subject, if the data has 68 landmarks of both")                                \
    X(REAL, CLILE_OPT_EXCHANGE_LOOKS, "1", "", 0, 1, "training",                                                                              \
      "probability that a face in another subject's shape takes that subject's look at rest too")                                              \
    X(INTEGER, CLILE_OPT_KEEP_POINTS, "0", "", 0, 1, "training",                                                                            \
      "1: the model keeps what it learned of the points that the targets of the data give")                                                \
    X(INTEGER, CLILE_OPT_AUGMENT_FLIP, "1", "", 0, 1, "training", "1: mirror half of the images")                                           \
    X(REAL, CLILE_OPT_AUGMENT_SCALE, "0.04", "", 0, 0.9, "training", "largest change of scale of the random crop")                           \
    X(REAL, CLILE_OPT_AUGMENT_SHIFT, "0.02", "", 0, 0.5, "training", "largest shift of the random crop, as a share of its side")            \
    X(REAL, CLILE_OPT_AUGMENT_ROTATE, "0", "", 0, 180, "training", "largest rotation of the random crop, in degrees")                              \
    X(REAL, CLILE_OPT_AUGMENT_BRIGHTNESS, "0.2", "", 0, 1, "training", "largest relative change of brightness")                             \
    X(REAL, CLILE_OPT_AUGMENT_CONTRAST, "0.2", "", 0, 1, "training", "largest relative change of contrast")                                 \
    X(REAL, CLILE_OPT_AUGMENT_SATURATION, "0.2", "", 0, 1, "training", "largest relative change of saturation")                             \
    X(REAL, CLILE_OPT_AUGMENT_GRAYSCALE, "0", "", 0, 1, "training", "probability that an image loses its colour")                           \
    X(REAL, CLILE_OPT_AUGMENT_BLUR, "0", "", 0, 1, "training", "probability that an image is blurred by a Gaussian")                        \
    X(REAL, CLILE_OPT_AUGMENT_BLUR_LEAST, "0.1", "", 0.05, 10, "training", "least standard deviation of that blur in pixels of the crop")   \
    X(REAL, CLILE_OPT_AUGMENT_BLUR_MOST, "2", "", 0.05, 10, "training", "largest standard deviation of that blur in pixels of the crop")    \
    X(REAL, CLILE_OPT_AUGMENT_ERASE, "0", "", 0, 1, "training", "probability that a random rectangle of an image is erased")                \
    X(REAL, CLILE_OPT_AUGMENT_ERASE_AREA, "0.33", "", 0.02, 1, "training", "largest area of that rectangle as a share of the image")        \
    X(REAL, CLILE_OPT_AUGMENT_RESOLUTION, "0", "", 0, 1, "training", "probability that an image loses resolution: it is averaged down and enlarged again") \
    X(REAL, CLILE_OPT_AUGMENT_RESOLUTION_LEAST, "0.33", "", 0.05, 0.9, "training", "least side of the smaller image, as a share of the crop; the largest is 0.9") \
    X(REAL, CLILE_OPT_AUGMENT_NOISE, "0", "", 0, 0.5, "training", "largest standard deviation of Gaussian noise, with white as 1") \
    X(REAL, CLILE_OPT_AUGMENT_GAMMA, "0", "", 0, 2, "training", "largest change of the logarithm of gamma") \
    X(REAL, CLILE_OPT_AUGMENT_TINT, "0", "", 0, 2, "training", "largest change of the logarithm of the gain of red, of green and of blue") \
    X(REAL, CLILE_OPT_AUGMENT_SHADE, "0", "", 0, 1, "training", "largest difference in light between left and right, and top and bottom, relative to the middle") \
    X(REAL, CLILE_OPT_AUGMENT_JPEG, "0", "", 0, 1, "training", "probability that an image goes through JPEG of quality 15 to 75") \
    X(REAL, CLILE_OPT_AUGMENT_EDGE, "0", "", 0, 1, "training", "probability that the picture ends inside the crop, at one or two sides, by up to 0.15 of its side") \
    X(INTEGER, CLILE_OPT_INPUT_WORKERS, "0", "", 0, 1, "training", "0: make each batch between two steps; 1: a thread makes the next one during the step")

/* X(key, value, name, implies): with option `key` set to `value`, option `name` is `implies` unless
 * it was set itself. method=bce is plain weighted BCE, with a linear head. preset=published is the
 * two losses exactly as far as they are published. How person-specific features are eliminated is
 * not published; orthogonal is the plainest reading. */
#define CLILE_I_OPTIONS_PRESETS(X)                                                                                                          \
    X(CLILE_OPT_METHOD, "bce", CLILE_OPT_SIMILARITY, "dot")                                                                                 \
    X(CLILE_OPT_METHOD, "bce", CLILE_OPT_EXCHANGE_SHAPES, "0")                                                                              \
    X(CLILE_OPT_METHOD, "bce", CLILE_OPT_BATCH, "64")                                                                                       \
    X(CLILE_OPT_METHOD, "bce", CLILE_OPT_EPOCHS, "90") /* both stages of CL-ILE */                                                          \
    X(CLILE_OPT_METHOD, "bce", CLILE_OPT_NULL_ANCHOR, "0")                                                                                  \
    CLILE_I_METHODS(CLILE_I_METHOD_PRESETS, X)                                                                                           \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_BATCH, "64")                                                                                 \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_STEM, "imagenet")                                                                            \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_SIMILARITY, "cosine")                                                                        \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_LAMBDA_CONTRA, "1")                                                                          \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_LAMBDA_BCE, "0")                                                                             \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_LAMBDA_ID, "1")                                                                              \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_ELIMINATION, "orthogonal")                                                                   \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_IDENTITY_PART, "all")                                                                        \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_NULL_ANCHOR, "0")                                                                            \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_INIT_FROM_STAGE1, "0")                                                                       \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_EXCHANGE_HALVES, "0")                                                                        \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_EXCHANGE_SHAPES, "0")                                                                        \
    X(CLILE_OPT_PRESET, "published", CLILE_OPT_TAU, "0.1")

/* X(key, whose): whose value a resumed run uses. HERE: always the resuming trainer's (about the
 * machine, the place of the data, the output). AHEAD: the resuming trainer's if it was set, else
 * the checkpoint's (about steps still to come). All other options keep the checkpoint's value, and
 * setting another value is an error. */
#define CLILE_I_OPTIONS_RESUME(X)                                                                                                           \
    X(CLILE_OPT_LAYOUT, HERE)                                                                                                               \
    X(CLILE_OPT_FACES, HERE)                                                                                                                \
    X(CLILE_OPT_TARGETS, HERE)                                                                                                              \
    X(CLILE_OPT_AU_SET, HERE)                                                                                                               \
    X(CLILE_OPT_CROP_MARGIN, HERE)                                                                                                          \
    X(CLILE_OPT_MAX_PIXELS, HERE)                                                                                                           \
    X(CLILE_OPT_MAX_LABEL_MB, HERE)                                                                                                         \
    X(CLILE_OPT_MAX_PACK_MB, HERE)                                                                                                          \
    X(CLILE_OPT_CACHE_MB, HERE)                                                                                                             \
    X(CLILE_OPT_POINTS_MODEL, HERE)                                                                                                         \
    X(CLILE_OPT_CROP_SCALE, HERE)                                                                                                           \
    X(CLILE_OPT_MIRROR, HERE)                                                                                                               \
    X(CLILE_OPT_PRECISION, AHEAD)                                                                                                           \
    X(CLILE_OPT_PREDICT_BATCH, HERE)                                                                                                        \
    X(CLILE_OPT_THREADS, HERE)                                                                                                              \
    X(CLILE_OPT_RECOMPUTE, HERE)                                                                                                            \
    X(CLILE_OPT_INPUT_WORKERS, HERE)                                                                                                        \
    X(CLILE_OPT_VALIDATION_EVERY, HERE)                                                                                                     \
    X(CLILE_OPT_EPOCHS, AHEAD)                                                                                                              \
    X(CLILE_OPT_EPOCHS_STAGE1, AHEAD)

/* clang-format on */

#endif
