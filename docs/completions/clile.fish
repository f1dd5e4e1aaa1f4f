# Made by docs/completions/make.py; do not edit.
# Completion of `clile` for fish.

function __clile_at # NAMES...: whether these are the commands on the line so far
    set -l words (commandline -opc)
    test (count $words) -gt (count $argv); or return 1
    set -e words[1]
    for word in $argv
        test $words[1] = $word; or return 1
        set -e words[1]
    end
end

function __clile_first # NAMES...: whether the next word is the one after these
    set -l words (commandline -opc)
    test (count $words) -eq (math (count $argv) + 1); or return 1
    test (count $argv) -eq 0; or __clile_at $argv
end

function __clile_settings # KEYS...
    for key in $argv
        switch $key
            case layout
                printf "layout=%s\t%s\n" (string join \n auto bp4d disfa disfa+ csv list jsonl pack | string replace -r '$' \n'how the folder of images is laid out; auto: detect it')
            case au_set
                printf "au_set=%s\t%s\n" (string join \n '' | string replace -r '$' \n'AUs to use: auto (the usual ones of the layout), bp4d, disfa, or numbers such as 1,2,4')
            case unknown
                printf "unknown=%s\t%s\n" (string join \n mask negative | string replace -r '$' \n'AUs that are not coded: leave them out of every sum, or count them as absent')
            case present_from
                printf "present_from=%s\t%s\n" (string join \n '' | string replace -r '$' \n'intensity from which an AU is present: of DISFA, and of a CSV column AU1_r without AU1')
            case first_image
                printf "first_image=%s\t%s\n" (string join \n auto 0 1 | string replace -r '$' \n'number of the first frame'\''s image in numbered folders (DISFA, videos); auto: whichever fits the labels better')
            case box_margin
                printf "box_margin=%s\t%s\n" (string join \n '' | string replace -r '$' \n'margin around a face box, as a share of its longer side')
            case crop_margin
                printf "crop_margin=%s\t%s\n" (string join \n '' | string replace -r '$' \n'margin kept around a crop for augmentation, as a share of its side; if not set, the pack'\''s')
            case data_kind
                printf "data_kind=%s\t%s\n" (string join \n auto drawn rendered photographs mixed unknown | string replace -r '$' \n'what the images are, recorded in the model; auto: what a pack, or the file data_kind in the folder, says')
            case faces
                printf "faces=%s\t%s\n" (string join \n '' | string replace -r '$' \n'CSV file of faces (landmarks or boxes) of the images, in place of the data'\''s own, below the data'\''s folder unless absolute; nothing: none')
            case targets
                printf "targets=%s\t%s\n" (string join \n '' | string replace -r '$' \n'safetensors file of points and values to learn beside the AUs, below the data'\''s folder unless absolute; nothing: none')
            case image_size
                printf "image_size=%s\t%s\n" (string join \n '' | string replace -r '$' \n'side of the aligned square crop, in pixels')
            case max_pixels
                printf "max_pixels=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest number of pixels of an image; larger ones are an error')
            case max_label_mb
                printf "max_label_mb=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest file of labels, landmarks or boxes, and largest header of a pack, in MiB; larger ones are an error')
            case max_pack_mb
                printf "max_pack_mb=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest pack in MiB; a larger one is an error')
            case cache_mb
                printf "cache_mb=%s\t%s\n" (string join \n '' | string replace -r '$' \n'memory for decoded crops in MiB')
            case smallest_face
                printf "smallest_face=%s\t%s\n" (string join \n '' | string replace -r '$' \n'smallest face that a finder looks for, in pixels; 0: depends on the image size')
            case find_every
                printf "find_every=%s\t%s\n" (string join \n '' | string replace -r '$' \n'frames of a video between two searches of the finder; sooner when a face is lost')
            case keep_lost
                printf "keep_lost=%s\t%s\n" (string join \n '' | string replace -r '$' \n'frames of a video for which a lost person is remembered')
            case event_enter
                printf "event_enter=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that an AU must exceed once in an event')
            case event_leave
                printf "event_leave=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability down to which an event lasts; at most event_enter')
            case event_length
                printf "event_length=%s\t%s\n" (string join \n '' | string replace -r '$' \n'shortest event in seconds')
            case event_gap
                printf "event_gap=%s\t%s\n" (string join \n '' | string replace -r '$' \n'longest break within an event, in seconds')
            case backbone
                printf "backbone=%s\t%s\n" (string join \n resnet10 resnet18 resnet34 resnet50 | string replace -r '$' \n'network of the encoder')
            case stem
                printf "stem=%s\t%s\n" (string join \n imagenet small auto | string replace -r '$' \n'first layer: 7 x 7 with stride 2 and max pooling (imagenet), or only 5 x 5 with stride 2 (small); auto: small where image_size is below 96')
            case standardize
                printf "standardize=%s\t%s\n" (string join \n '' | string replace -r '$' \n'1: every crop is brought to the same mean brightness and the same contrast, in training and prediction')
            case width
                printf "width=%s\t%s\n" (string join \n '' | string replace -r '$' \n'factor on the number of channels of the backbone')
            case embedding
                printf "embedding=%s\t%s\n" (string join \n '' | string replace -r '$' \n'size d of the embedding')
            case similarity
                printf "similarity=%s\t%s\n" (string join \n cosine dot | string replace -r '$' \n'similarity of an embedding and an AU vector in the BCE')
            case predict_batch
                printf "predict_batch=%s\t%s\n" (string join \n '' | string replace -r '$' \n'faces that a predictor runs at once; 0: chosen automatically, one by one if there are few')
            case mirror
                printf "mirror=%s\t%s\n" (string join \n auto 0 1 | string replace -r '$' \n'1: answers come from the mean of a crop and its mirror image, in twice the time; auto: what the model'\''s metadata says')
            case crop_scale
                printf "crop_scale=%s\t%s\n" (string join \n '' | string replace -r '$' \n'side of the crop that landmarks place in a predictor, as a share of training'\''s; if not set, what the model'\''s metadata says')
            case precision
                printf "precision=%s\t%s\n" (string join \n float32 bf16 | string replace -r '$' \n'arithmetic of the convolutions, in training and prediction; bf16: products of 16-bit numbers, where the processor has them; files and weights stay float32')
            case points_model
                printf "points_model=%s\t%s\n" (string join \n '' | string replace -r '$' \n'file of the model that finds the points of a found face; default: the installed one, if any; none: faces are aligned by their boxes')
            case method
                printf "method=%s\t%s\n" (string join \n cl-ile bce drml atf lpnet piap suphcl augcn srerl megraph | string replace -r '$' \n'CL-ILE, plain weighted BCE as the baseline, or a system that they are compared with')
            case preset
                printf "preset=%s\t%s\n" (string join \n default published | string replace -r '$' \n'published: the two published losses, as literally as they are known, unless another option says otherwise')
            case elimination
                printf "elimination=%s\t%s\n" (string join \n none orthogonal decorrelate adversarial mixed | string replace -r '$' \n'how person-specific features are removed in stage 2')
            case identity_part
                printf "identity_part=%s\t%s\n" (string join \n all residual subject_mean | string replace -r '$' \n'part of the ID embedding that orthogonal and decorrelate remove: all of it, what the labels do not explain, or its subject means')
            case lambda_contra
                printf "lambda_contra=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight of the contrastive loss of stage 2')
            case lambda_bce
                printf "lambda_bce=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight of the BCE of stage 2; 0 is the published loss alone')
            case lambda_id
                printf "lambda_id=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight of the elimination loss')
            case lambda_points
                printf "lambda_points=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight of the points that the targets of the data give')
            case lambda_values
                printf "lambda_values=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight of the values that the targets of the data give')
            case lambda_method
                printf "lambda_method=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight of the loss that a method other than cl-ile has besides the BCE')
            case lambda_feedback
                printf "lambda_feedback=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight, within the loss of method=piap, of pseudo labels for what is not coded; 0: none')
            case lambda_ile
                printf "lambda_ile=%s\t%s\n" (string join \n '' | string replace -r '$' \n'ridge on the per-subject deviations of the AU vectors (mixed)')
            case lambda_ile_bias
                printf "lambda_ile_bias=%s\t%s\n" (string join \n '' | string replace -r '$' \n'ridge on the per-subject biases (mixed)')
            case tau
                printf "tau=%s\t%s\n" (string join \n '' | string replace -r '$' \n'temperature of the contrastive loss')
            case null_anchor
                printf "null_anchor=%s\t%s\n" (string join \n '' | string replace -r '$' \n'1: one more embedding, the positive of images with no AU present')
            case init_from_stage1
                printf "init_from_stage1=%s\t%s\n" (string join \n '' | string replace -r '$' \n'1: the general encoder starts from the ID encoder')
            case decision
                printf "decision=%s\t%s\n" (string join \n auto threshold calibrated | string replace -r '$' \n'from score to decision: thresholds that maximise F1 on the training subjects (threshold; auto chooses it), or the sigmoid of the BCE at 0.5 (calibrated)')
            case optimizer
                printf "optimizer=%s\t%s\n" (string join \n adamw sgd | string replace -r '$' \n'AdamW, or SGD with momentum')
            case learning_rate
                printf "learning_rate=%s\t%s\n" (string join \n '' | string replace -r '$' \n'peak learning rate')
            case au_rate_scale
                printf "au_rate_scale=%s\t%s\n" (string join \n '' | string replace -r '$' \n'learning rate of the AU vectors relative to the encoder'\''s')
            case momentum
                printf "momentum=%s\t%s\n" (string join \n '' | string replace -r '$' \n'momentum of SGD')
            case weight_decay
                printf "weight_decay=%s\t%s\n" (string join \n '' | string replace -r '$' \n'weight decay; not applied to norms and biases')
            case schedule
                printf "schedule=%s\t%s\n" (string join \n cosine constant | string replace -r '$' \n'learning rate after the warm-up')
            case warmup
                printf "warmup=%s\t%s\n" (string join \n '' | string replace -r '$' \n'epochs of linear warm-up')
            case clip_norm
                printf "clip_norm=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest norm of the gradient; 0: no clipping')
            case ema
                printf "ema=%s\t%s\n" (string join \n '' | string replace -r '$' \n'decay of the moving average of the weights; 0: no average')
            case epochs
                printf "epochs=%s\t%s\n" (string join \n '' | string replace -r '$' \n'epochs of stage 2, or of all training with another method (90 with method=bce); if neither this nor epochs_stage1 is set and 45 epochs are under 1400 steps of 64 images, enough for these, but at most 100 (with method=bce, twice as many)')
            case epochs_stage1
                printf "epochs_stage1=%s\t%s\n" (string join \n '' | string replace -r '$' \n'epochs of stage 1; if not set, see epochs')
            case batch
                printf "batch=%s\t%s\n" (string join \n '' | string replace -r '$' \n'images per training step (64 with another method than cl-ile, and with preset=published), of each rank if there are several; if not set and there are fewer images, all of them')
            case accumulate
                printf "accumulate=%s\t%s\n" (string join \n '' | string replace -r '$' \n'parts in which a step'\''s batch is computed, one after the other, to save memory; their gradients are averaged')
            case recompute
                printf "recompute=%s\t%s\n" (string join \n '' | string replace -r '$' \n'1: keep only the outputs of the encoder'\''s blocks, and compute what is between them again in the backward pass: less memory, more time, the same bits')
            case sync_batch_norm
                printf "sync_batch_norm=%s\t%s\n" (string join \n '' | string replace -r '$' \n'1: batch normalisation over the images of all ranks; 0: each rank over its own')
            case seed
                printf "seed=%s\t%s\n" (string join \n '' | string replace -r '$' \n'seed of the initial weights, the order and augmentation')
            case threads
                printf "threads=%s\t%s\n" (string join \n '' | string replace -r '$' \n'number of threads; auto: the processors this process may use')
            case validation
                printf "validation=%s\t%s\n" (string join \n '' | string replace -r '$' \n'share of the training subjects held out; their F1 and AUC are reported each epoch')
            case validation_every
                printf "validation_every=%s\t%s\n" (string join \n '' | string replace -r '$' \n'epochs between validations; the last epoch always has one; 0: none')
            case exchange_halves
                printf "exchange_halves=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that the lower half of a face is taken from another subject, with its labels and ILEs')
            case exchange_shapes
                printf "exchange_shapes=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that a face takes the resting shape of another subject, if the data has 68 landmarks of both')
            case exchange_looks
                printf "exchange_looks=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that a face in another subject'\''s shape takes that subject'\''s look at rest too')
            case keep_points
                printf "keep_points=%s\t%s\n" (string join \n '' | string replace -r '$' \n'1: the model keeps what it learned of the points that the targets of the data give')
            case augment_flip
                printf "augment_flip=%s\t%s\n" (string join \n '' | string replace -r '$' \n'1: mirror half of the images')
            case augment_scale
                printf "augment_scale=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest change of scale of the random crop')
            case augment_shift
                printf "augment_shift=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest shift of the random crop, as a share of its side')
            case augment_rotate
                printf "augment_rotate=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest rotation of the random crop, in degrees')
            case augment_brightness
                printf "augment_brightness=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest relative change of brightness')
            case augment_contrast
                printf "augment_contrast=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest relative change of contrast')
            case augment_saturation
                printf "augment_saturation=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest relative change of saturation')
            case augment_grayscale
                printf "augment_grayscale=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that an image loses its colour')
            case augment_blur
                printf "augment_blur=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that an image is blurred by a Gaussian')
            case augment_blur_least
                printf "augment_blur_least=%s\t%s\n" (string join \n '' | string replace -r '$' \n'least standard deviation of that blur in pixels of the crop')
            case augment_blur_most
                printf "augment_blur_most=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest standard deviation of that blur in pixels of the crop')
            case augment_erase
                printf "augment_erase=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that a random rectangle of an image is erased')
            case augment_erase_area
                printf "augment_erase_area=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest area of that rectangle as a share of the image')
            case augment_resolution
                printf "augment_resolution=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that an image loses resolution: it is averaged down and enlarged again')
            case augment_resolution_least
                printf "augment_resolution_least=%s\t%s\n" (string join \n '' | string replace -r '$' \n'least side of the smaller image, as a share of the crop; the largest is 0.9')
            case augment_noise
                printf "augment_noise=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest standard deviation of Gaussian noise, with white as 1')
            case augment_gamma
                printf "augment_gamma=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest change of the logarithm of gamma')
            case augment_tint
                printf "augment_tint=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest change of the logarithm of the gain of red, of green and of blue')
            case augment_shade
                printf "augment_shade=%s\t%s\n" (string join \n '' | string replace -r '$' \n'largest difference in light between left and right, and top and bottom, relative to the middle')
            case augment_jpeg
                printf "augment_jpeg=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that an image goes through JPEG of quality 15 to 75')
            case augment_edge
                printf "augment_edge=%s\t%s\n" (string join \n '' | string replace -r '$' \n'probability that the picture ends inside the crop, at one or two sides, by up to 0.15 of its side')
            case input_workers
                printf "input_workers=%s\t%s\n" (string join \n '' | string replace -r '$' \n'0: make each batch between two steps; 1: a thread makes the next one during the step')
        end
    end
end

complete -c clile -f
complete -c clile -n '__clile_first' -a synth -d 'draw labelled faces, for those without a data set'
complete -c clile -n '__clile_at synth' -l layout -x -a 'bp4d disfa pack' -d 'bp4d or disfa (a folder), or pack (one file); default: bp4d'
complete -c clile -n '__clile_at synth' -l subjects -x -d 'people (41); the published folds name 41 of BP4D and 27 of DISFA'
complete -c clile -n '__clile_at synth' -l tasks -x -d 'tasks of each subject (2); in DISFA'\''s layout, one after the other'
complete -c clile -n '__clile_at synth' -l frames -x -d 'frames of each task (16)'
complete -c clile -n '__clile_at synth' -l size -x -d 'side of an image, 32 to 1024 (128); the image_size of a pack'
complete -c clile -n '__clile_at synth' -l seed -x -d 'seed (1); another one draws other people'
complete -c clile -n '__clile_at synth' -l sheet -r -k -a '(__fish_complete_suffix .png)' -d 'write a PNG that shows every AU; OUT is then optional'
complete -c clile -n '__clile_at synth' -l quiet -d 'no progress'
complete -c clile -n '__clile_at synth' -l json -d 'print JSON'
complete -c clile -n '__clile_at synth' -l help -d 'this text'
complete -c clile -n '__clile_at synth' -a '(__fish_complete_directories)'
complete -c clile -n '__clile_first' -a train -d 'train a model on a labelled folder'
complete -c clile -n '__clile_at train' -l data -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'labelled folder, CSV manifest or pack'
complete -c clile -n '__clile_at train' -l out -r -k -a '(__fish_complete_suffix .safetensors)' -d 'model to write (safetensors)'
complete -c clile -n '__clile_at train' -l layout -x -a 'auto bp4d disfa disfa+ csv list jsonl pack' -d 'auto, bp4d, disfa, disfa+, csv, list, jsonl or pack (default: auto)'
complete -c clile -n '__clile_at train' -l protocol -x -a 'bp4d disfa bp4d-parts disfa-parts kfold: file: loso none' -d 'none: all subjects train (default); bp4d, disfa, bp4d-parts, disfa-parts, kfold:K[:SEED], file:PATH or loso'
complete -c clile -n '__clile_at train' -l fold -x -a 'all' -d 'fold to leave out; all: every fold in turn, writing model.fold1.safetensors, ... for model.safetensors'
complete -c clile -n '__clile_at train' -l set -x -a '(__clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap backbone stem standardize width embedding similarity predict_batch mirror crop_scale precision points_model method preset elimination identity_part lambda_contra lambda_bce lambda_id lambda_points lambda_values lambda_method lambda_feedback lambda_ile lambda_ile_bias tau null_anchor init_from_stage1 decision optimizer learning_rate au_rate_scale momentum weight_decay schedule warmup clip_norm ema epochs epochs_stage1 batch accumulate recompute sync_batch_norm seed threads validation validation_every exchange_halves exchange_shapes exchange_looks keep_points augment_flip augment_scale augment_shift augment_rotate augment_brightness augment_contrast augment_saturation augment_grayscale augment_blur augment_blur_least augment_blur_most augment_erase augment_erase_area augment_resolution augment_resolution_least augment_noise augment_gamma augment_tint augment_shade augment_jpeg augment_edge input_workers)' -d 'set an option; may be repeated; `clile info --options` lists them'
complete -c clile -n '__clile_at train' -l import -r -k -a '(__fish_complete_suffix .pth; __fish_complete_suffix .safetensors)' -d 'start with the backbone weights of a torchvision ResNet (.pth or safetensors)'
complete -c clile -n '__clile_at train' -l checkpoint -r -F -d 'file for checkpoints, each the complete state of training'
complete -c clile -n '__clile_at train' -l checkpoint-every -x -d 'epochs between checkpoints (default: 1)'
complete -c clile -n '__clile_at train' -l resume -r -F -d 'continue from a checkpoint, with the arguments it was made with; --fold all skips finished folds and starts the missing ones'
complete -c clile -n '__clile_at train' -l history -r -k -a '(__fish_complete_suffix .safetensors)' -d 'history of the run, a line of JSON for each epoch; none: no history (default: model.history.jsonl for model.safetensors)'
complete -c clile -n '__clile_at train' -l tensorboard -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'also write the history as events of TensorBoard; each fold of --fold all gets a folder below it'
complete -c clile -n '__clile_at train' -l json -d 'print what was done as JSON'
complete -c clile -n '__clile_at train' -l quiet -d 'print no progress'
complete -c clile -n '__clile_at train' -l help -d 'this text'
complete -c clile -n '__clile_first' -a eval -d 'evaluate models on people they never saw'
complete -c clile -n '__clile_at eval' -l model -r -k -a '(__fish_complete_suffix .safetensors)' -d 'model to test (default: the one that comes with libclile); repeat it for models of several folds'
complete -c clile -n '__clile_at eval' -l data -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'labelled folder, CSV manifest or pack'
complete -c clile -n '__clile_at eval' -l layout -x -a 'auto bp4d disfa disfa+ csv list jsonl pack' -d 'auto, bp4d, disfa, disfa+, csv, list, jsonl or pack (default: auto)'
complete -c clile -n '__clile_at eval' -l protocol -x -a 'bp4d disfa bp4d-parts disfa-parts kfold: file: loso none' -d 'bp4d, disfa, bp4d-parts, disfa-parts, kfold:K[:SEED], file:PATH, loso, or none: the whole folder (default: the model'\''s)'
complete -c clile -n '__clile_at eval' -l fold -x -d 'fold whose test part is used (default: the model'\''s)'
complete -c clile -n '__clile_at eval' -l set -x -a '(__clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap threads)' -d 'set an option of the data group, or threads; may be repeated'
complete -c clile -n '__clile_at eval' -l report -r -k -a '(__fish_complete_suffix .txt; __fish_complete_suffix .json; __fish_complete_suffix .csv; __fish_complete_suffix .md; __fish_complete_suffix .tex)' -d 'write the report here too: .txt, .json, .csv, .md (Markdown) or .tex (LaTeX)'
complete -c clile -n '__clile_at eval' -l answers -r -k -a '(__fish_complete_suffix .csv)' -d 'write score, probability, decision and label of every tested image here (CSV)'
complete -c clile -n '__clile_at eval' -l centred -d 'beside each person'\''s own neutral, estimated without labels from all of the person'\''s images'
complete -c clile -n '__clile_at eval' -l centred-frames -x -d 'estimate it from only N images of each person, spread over all; implies --centred'
complete -c clile -n '__clile_at eval' -l predictions -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv)' -d 'instead of a model: a table (CSV) of another system, OpenFace, Py-Feat or LibreFace, or of clile predict'
complete -c clile -n '__clile_at eval' -l absent -d 'with --predictions: an image without a row counts as one without any AU'
complete -c clile -n '__clile_at eval' -l no-probe -d 'skip the subject probe'
complete -c clile -n '__clile_at eval' -l json -d 'print JSON'
complete -c clile -n '__clile_at eval' -l quiet -d 'no progress'
complete -c clile -n '__clile_at eval' -l help -d 'this text'
complete -c clile -n '__clile_first' -a compare -d 'compare models or saved evaluations on the same images'
complete -c clile -n '__clile_at compare' -l data -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'for models: labelled folder, CSV manifest or pack that they are tested on'
complete -c clile -n '__clile_at compare' -l layout -x -a 'auto bp4d disfa disfa+ csv list jsonl pack' -d 'auto, bp4d, disfa, disfa+, csv, list, jsonl or pack (default: auto)'
complete -c clile -n '__clile_at compare' -l protocol -x -a '' -d 'for models: as of clile eval (default: the model'\''s)'
complete -c clile -n '__clile_at compare' -l fold -x -d 'for models: fold whose test part is used (default: the model'\''s)'
complete -c clile -n '__clile_at compare' -l set -x -a '(__clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap threads)' -d 'set an option of the data group, or threads; may be repeated'
complete -c clile -n '__clile_at compare' -l report -r -k -a '(__fish_complete_suffix .txt; __fish_complete_suffix .json; __fish_complete_suffix .csv; __fish_complete_suffix .md; __fish_complete_suffix .tex; __fish_complete_suffix .html)' -d 'write the comparison here too: .txt, .json, .csv, .md (Markdown), .tex (LaTeX, booktabs) or .html; may be repeated'
complete -c clile -n '__clile_at compare' -l json -d 'print JSON'
complete -c clile -n '__clile_at compare' -l quiet -d 'no progress'
complete -c clile -n '__clile_at compare' -l help -d 'this text'
complete -c clile -n '__clile_at compare' -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv)'
complete -c clile -n '__clile_first' -a report -d 'make a page of saved evaluations: figures, tables, faces'
complete -c clile -n '__clile_at report' -l out -r -F -d 'the page (default: report.html)'
complete -c clile -n '__clile_at report' -l figures -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'write each figure here too, as .svg'
complete -c clile -n '__clile_at report' -l title -x -d 'heading of the page'
complete -c clile -n '__clile_at report' -l model -r -k -a '(__fish_complete_suffix .safetensors)' -d 'model whose card and data the page shows; may be repeated'
complete -c clile -n '__clile_at report' -l history -r -F -d 'history of training whose curves the page shows; may be repeated'
complete -c clile -n '__clile_at report' -l data -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'the tested data: the page shows faces of it, the worst and the best of each AU'
complete -c clile -n '__clile_at report' -l layout -x -a 'auto bp4d disfa disfa+ csv list jsonl pack' -d 'auto, bp4d, disfa, disfa+, csv, list, jsonl or pack (default: auto)'
complete -c clile -n '__clile_at report' -l set -x -a '(__clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap)' -d 'set an option of the data group; may be repeated'
complete -c clile -n '__clile_at report' -l no-faces -d 'no faces, even with --data: licences of data sets forbid to publish most'
complete -c clile -n '__clile_at report' -l help -d 'this text'
complete -c clile -n '__clile_at report' -k -a '(__fish_complete_suffix .csv)'
complete -c clile -n '__clile_first' -a predict -d 'read action units from images'
complete -c clile -n '__clile_at predict' -l model -r -k -a '(__fish_complete_suffix .safetensors)' -d 'trained model (default, or without this: the one that comes with libclile)'
complete -c clile -n '__clile_at predict' -l raw -x -d 'read RGB frames of this size from standard input, three bytes per pixel'
complete -c clile -n '__clile_at predict' -l video -d 'the file, or what comes through "-", is a video; without, a file is looked at'
complete -c clile -n '__clile_at predict' -l camera -x -d 'read camera N (0: /dev/video0) or a device; on a terminal, a table that is drawn anew'
complete -c clile -n '__clile_at predict' -l faces -r -k -a '(__fish_complete_suffix .csv)' -d 'file of faces: image or frame number, then a box, or 5 or 68 landmarks'
complete -c clile -n '__clile_at predict' -l landmarks -r -k -a '(__fish_complete_suffix .csv)' -d 'the same as --faces'
complete -c clile -n '__clile_at predict' -l crop -d 'each image is one face, cropped as the model'\''s training images were'
complete -c clile -n '__clile_at predict' -l box -x -d 'a face in each image: left, top, width, height in pixels; may be repeated'
complete -c clile -n '__clile_at predict' -l finder -x -d 'finder of faces: dlib, or none (default: the installed one if the model was trained on aligned faces)'
complete -c clile -n '__clile_at predict' -l margin -x -d 'margin around a box, in percent of its longer side (22)'
complete -c clile -n '__clile_at predict' -l fps -x -d 'frames per second (25, 30000/1001), for the column time: (frame - 1) / F'
complete -c clile -n '__clile_at predict' -l own-neutral -d 'also AU01_np, AU01_nc, ...: beside the person'\''s own neutral, estimated over the video, or over the largest faces of the images, which are one person'\''s'
complete -c clile -n '__clile_at predict' -l csv -d 'print CSV: frame,image,success,AU01_p,AU01_c,... (probability, 0/1); AU01_r (intensity, 0 to 5) too if the model knows it'
complete -c clile -n '__clile_at predict' -l json -d 'print one line of JSON per face, with the same names'
complete -c clile -n '__clile_at predict' -l format -x -d 'table (default), csv, json, tidy (a row an AU), pyfeat (Py-Feat'\''s Fex), openface (AU01_r is 5 times the probability if the model knows no intensities); docs/formats.md'
complete -c clile -n '__clile_at predict' -l draw -r -k -a '(__fish_complete_suffix .png)' -d 'write the image as PNG with a bar for each AU (one image, at most 16 faces); of a video, the faces at the peaks'
complete -c clile -n '__clile_at predict' -l points -r -k -a '(__fish_complete_suffix .csv)' -d 'write box and 68 points of each face that was found as CSV, which --faces reads'
complete -c clile -n '__clile_at predict' -l events -r -F -d 'write onset, apex and offset of each AU and person of a video, or of images with --fps'
complete -c clile -n '__clile_at predict' -l events-format -x -d 'csv (default), elan (tab-delimited annotations) or boris'
complete -c clile -n '__clile_at predict' -l timeline -r -F -d 'write the AUs over time as a figure or a page: FILE.svg or FILE.html'
complete -c clile -n '__clile_at predict' -l without-faces -d 'no pictures of faces in the timeline'
complete -c clile -n '__clile_at predict' -l quiet -d 'no progress'
complete -c clile -n '__clile_at predict' -l set -x -a '(__clile_settings box_margin max_pixels smallest_face find_every keep_lost event_enter event_leave event_length event_gap predict_batch mirror precision points_model threads)' -d 'set threads, max_pixels, box_margin, smallest_face, find_every, keep_lost, mirror, precision, points_model, predict_batch, event_enter, event_leave, event_length or event_gap; may be repeated'
complete -c clile -n '__clile_at predict' -l help -d 'this text'
complete -c clile -n '__clile_at predict' -k -a '(__fish_complete_suffix .jpg; __fish_complete_suffix .jpeg; __fish_complete_suffix .png; __fish_complete_suffix .bmp)'
complete -c clile -n '__clile_first' -a data -d 'show what a labelled folder or a pack contains'
complete -c clile -n '__clile_at data' -l layout -x -a 'auto bp4d disfa disfa+ csv list jsonl pack' -d 'auto, bp4d, disfa, disfa+, csv, list, jsonl or pack (default: auto)'
complete -c clile -n '__clile_at data' -l protocol -x -a 'bp4d disfa bp4d-parts disfa-parts kfold: file: loso' -d 'also list the folds of bp4d, disfa, bp4d-parts, disfa-parts, kfold:K[:SEED], file:PATH or loso'
complete -c clile -n '__clile_at data' -l subjects -d 'show the rates of each subject'
complete -c clile -n '__clile_at data' -l sheet -r -k -a '(__fish_complete_suffix .png)' -d 'draw faces with each AU present and absent'
complete -c clile -n '__clile_at data' -l examples -x -d 'subjects for each AU on the sheet (default: 6)'
complete -c clile -n '__clile_at data' -l seed -x -d 'seed for choosing the faces (default: 1)'
complete -c clile -n '__clile_at data' -l points -r -k -a '(__fish_complete_suffix .csv)' -d 'find the largest face of each image and write its points, for --set faces=FILE.csv'
complete -c clile -n '__clile_at data' -l finder -x -d 'finder of faces for --points (default: the installed one)'
complete -c clile -n '__clile_at data' -l set -x -a '(__clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap)' -d 'set an option of the data group; may be repeated'
complete -c clile -n '__clile_at data' -l verify -d 'compare every checksum of a pack'
complete -c clile -n '__clile_at data' -l json -d 'print JSON'
complete -c clile -n '__clile_at data' -l help -d 'this text'
complete -c clile -n '__clile_at data' -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)'
complete -c clile -n '__clile_first' -a pack -d 'write a labelled folder as one file, aligned and resized'
complete -c clile -n '__clile_at pack' -l data -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'labelled folder, CSV manifest or pack (required)'
complete -c clile -n '__clile_at pack' -l out -r -k -a '(__fish_complete_suffix .safetensors)' -d 'pack to write, such as bp4d.safetensors (required)'
complete -c clile -n '__clile_at pack' -l layout -x -a 'auto bp4d disfa disfa+ csv list jsonl pack' -d 'auto, bp4d, disfa, disfa+, csv, list, jsonl or pack (default: auto)'
complete -c clile -n '__clile_at pack' -l set -x -a '(__clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap)' -d 'an option, such as image_size=112; may be repeated'
complete -c clile -n '__clile_at pack' -l quiet -d 'no progress'
complete -c clile -n '__clile_at pack' -l json -d 'print JSON'
complete -c clile -n '__clile_at pack' -l help -d 'this text'
complete -c clile -n '__clile_first' -a info -d 'show the contents of a file, or the table of options'
complete -c clile -n '__clile_at info' -l tensors -d 'list every tensor with its type and shape'
complete -c clile -n '__clile_at info' -l options -d 'list the options: name, default, meaning, range'
complete -c clile -n '__clile_at info' -l aus -d 'list the action units of FACS: number and name'
complete -c clile -n '__clile_at info' -l markdown -d 'with --options: print them as docs/options.md'
complete -c clile -n '__clile_at info' -l json -d 'print JSON'
complete -c clile -n '__clile_at info' -l help -d 'this text'
complete -c clile -n '__clile_at info' -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .pth)'
complete -c clile -n '__clile_first' -a card -d 'print or set the card of a model'
complete -c clile -n '__clile_at card' -l evaluation -r -k -a '(__fish_complete_suffix .safetensors)' -d 'put the figures of these answers (clile eval --answers FILE) into the model'\''s card'
complete -c clile -n '__clile_at card' -l set -x -a '(__clile_settings backbone stem standardize width embedding similarity predict_batch mirror crop_scale precision points_model)' -d 'take this Markdown as the model'\''s card'
complete -c clile -n '__clile_at card' -l help -d 'this text'
complete -c clile -n '__clile_at card' -k -a '(__fish_complete_suffix .safetensors)'
complete -c clile -n '__clile_first' -a import -d 'make a model from a torchvision ResNet (safetensors or .pth)'
complete -c clile -n '__clile_at import' -l out -r -k -a '(__fish_complete_suffix .safetensors)' -d 'untrained model to write (safetensors)'
complete -c clile -n '__clile_at import' -l au-set -x -d 'AUs of the model: bp4d (default), disfa or numbers such as 1,2,4'
complete -c clile -n '__clile_at import' -l backbone -x -a 'resnet10 resnet18 resnet34 resnet50' -d 'resnet10, 18, 34 or 50 (default: the file'\''s)'
complete -c clile -n '__clile_at import' -l prefix -x -d 'what precedes torchvision'\''s names (default: found automatically)'
complete -c clile -n '__clile_at import' -l set -x -a '(__clile_settings image_size backbone stem standardize width embedding similarity predict_batch mirror crop_scale precision points_model)' -d 'set an option of the model: width, embedding, image_size, ...'
complete -c clile -n '__clile_at import' -l json -d 'print the report as JSON, with every tensor'
complete -c clile -n '__clile_at import' -l help -d 'this text'
complete -c clile -n '__clile_at import' -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .pth)'
complete -c clile -n '__clile_first' -a export -d 'write a model as ONNX or int8'
complete -c clile -n '__clile_at export' -l onnx -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .onnx)' -d 'ONNX file to write: outputs `probability`, `embedding` and, of a model that has them, `points`'
complete -c clile -n '__clile_at export' -l int8 -d 'write the model with int8 weights: a quarter of the size, about twice as fast'
complete -c clile -n '__clile_at export' -l calibrate -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)' -d 'for --int8: labelled folder or pack to measure activations on'
complete -c clile -n '__clile_at export' -l layout -x -a 'auto bp4d disfa disfa+ csv list jsonl pack' -d 'layout of that folder (auto)'
complete -c clile -n '__clile_at export' -l protocol -x -a 'bp4d disfa kfold: loso none' -d 'use only the training part of a fold: bp4d, disfa, kfold:K, loso (none: all images)'
complete -c clile -n '__clile_at export' -l fold -x -d 'number of the fold (1)'
complete -c clile -n '__clile_at export' -l images -x -d 'number of images, evenly spread (256)'
complete -c clile -n '__clile_at export' -l out -r -k -a '(__fish_complete_suffix .safetensors)' -d 'int8 model to write'
complete -c clile -n '__clile_at export' -l quiet -d 'no progress'
complete -c clile -n '__clile_at export' -l set -x -a '(__clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap threads)' -d 'set an option: threads, or one of the data group; may be repeated'
complete -c clile -n '__clile_at export' -l help -d 'this text'
complete -c clile -n '__clile_at export' -k -a '(__fish_complete_suffix .safetensors)'
complete -c clile -n '__clile_first' -a bench -d 'measure how fast this machine trains and predicts'
complete -c clile -n '__clile_at bench' -l help -d 'this text'
complete -c clile -n '__clile_first bench' -a train
complete -c clile -n '__clile_at bench train' -l backbone -x -a 'resnet10 resnet18 resnet34 resnet50'
complete -c clile -n '__clile_at bench train' -l stem -x -a 'imagenet small auto'
complete -c clile -n '__clile_at bench train' -l width -x
complete -c clile -n '__clile_at bench train' -l embedding -x
complete -c clile -n '__clile_at bench train' -l size -x
complete -c clile -n '__clile_at bench train' -l batch -x
complete -c clile -n '__clile_at bench train' -l threads -x
complete -c clile -n '__clile_at bench train' -l busy -x
complete -c clile -n '__clile_at bench train' -l runs -x
complete -c clile -n '__clile_at bench train' -l data -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)'
complete -c clile -n '__clile_at bench train' -l precision -x -a 'float32 bf16'
complete -c clile -n '__clile_at bench train' -l recompute -x
complete -c clile -n '__clile_at bench train' -l json
complete -c clile -n '__clile_at bench train' -l help -d 'this text'
complete -c clile -n '__clile_first bench' -a forward
complete -c clile -n '__clile_at bench forward' -l backbone -x -a 'resnet10 resnet18 resnet34 resnet50'
complete -c clile -n '__clile_at bench forward' -l stem -x -a 'imagenet small auto'
complete -c clile -n '__clile_at bench forward' -l width -x
complete -c clile -n '__clile_at bench forward' -l embedding -x
complete -c clile -n '__clile_at bench forward' -l size -x
complete -c clile -n '__clile_at bench forward' -l batch -x
complete -c clile -n '__clile_at bench forward' -l threads -x
complete -c clile -n '__clile_at bench forward' -l busy -x
complete -c clile -n '__clile_at bench forward' -l runs -x
complete -c clile -n '__clile_at bench forward' -l data -r -k -a '(__fish_complete_suffix .safetensors; __fish_complete_suffix .csv; __fish_complete_suffix .jsonl)'
complete -c clile -n '__clile_at bench forward' -l precision -x -a 'float32 bf16'
complete -c clile -n '__clile_at bench forward' -l recompute -x
complete -c clile -n '__clile_at bench forward' -l json
complete -c clile -n '__clile_at bench forward' -l help -d 'this text'
complete -c clile -n '__clile_first bench' -a infer
complete -c clile -n '__clile_at bench infer' -l model -r -k -a '(__fish_complete_suffix .safetensors)'
complete -c clile -n '__clile_at bench infer' -l backbone -x -a 'resnet10 resnet18 resnet34 resnet50'
complete -c clile -n '__clile_at bench infer' -l width -x
complete -c clile -n '__clile_at bench infer' -l size -x
complete -c clile -n '__clile_at bench infer' -l batch -x
complete -c clile -n '__clile_at bench infer' -l threads -x
complete -c clile -n '__clile_at bench infer' -l rounds -x
complete -c clile -n '__clile_at bench infer' -l onnxruntime -r -F
complete -c clile -n '__clile_at bench infer' -l table
complete -c clile -n '__clile_at bench infer' -l cpu-time
complete -c clile -n '__clile_at bench infer' -l json
complete -c clile -n '__clile_at bench infer' -l help -d 'this text'
complete -c clile -n __clile_first -l help -d 'this text'
complete -c clile -n __clile_first -l version -d 'the release'
