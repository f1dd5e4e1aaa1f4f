/* clile/clile.h: all of libclile except what is experimental (experimental_*.h).
 *
 * Where to start; each header opens with a recipe:
 *     dataset.h    open a labelled folder, split it by subject
 *     model.h      make a model, or load one
 *     trainer.h    train it
 *     predictor.h  answer for faces;  reader.h  for whole photographs, faces found by finder.h
 *     tracker.h    for the frames of a video.h;  neutral.h  beside a person's own neutral
 *     events.h     onset, apex and offset of action units over time
 *     evaluate.h   answer for a whole data set;  metrics.h  score it, report it
 *     evaluation.h read such answers from a file
 *
 * Every function that can fail returns a clile_status; clile_last_error() says why (status.h).
 */
#ifndef CLILE_H
#define CLILE_H

#include <clile/au.h>
#include <clile/communicator.h>
#include <clile/dataset.h>
#include <clile/escape.h>
#include <clile/evaluate.h>
#include <clile/evaluation.h>
#include <clile/events.h>
#include <clile/faces.h>
#include <clile/finder.h>
#include <clile/image.h>
#include <clile/inspect.h>
#include <clile/losses.h>
#include <clile/metrics.h>
#include <clile/model.h>
#include <clile/mpi.h>
#include <clile/neutral.h>
#include <clile/options.h>
#include <clile/predictor.h>
#include <clile/reader.h>
#include <clile/status.h>
#include <clile/synth.h>
#include <clile/tracker.h>
#include <clile/trainer.h>
#include <clile/video.h>

#endif
