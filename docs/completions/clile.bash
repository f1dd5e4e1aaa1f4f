# Made by docs/completions/make.py; do not edit.
# Completion of `clile` for bash. It needs bash 4 and nothing of bash-completion.

_clile_folders() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}

_clile_files() { # ENDINGS...: names with one of them (none: all names), and folders
    local ending
    compopt -o filenames -o default 2>/dev/null
    if (($# == 0)); then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
    fi
    _clile_folders
    for ending; do mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X "!*.$ending" -- "$cur"); done
}

_clile_words() { # WORDS...; one that ends in "=" or ":" goes on
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=:] ]]; then compopt -o nospace 2>/dev/null; fi
}

_clile_settings() { # KEYS...
    local key=${cur%%=*} choices=()
    if [[ $cur != *=* ]]; then
        _clile_words "${@/%/=}"
        return
    fi
    case $key in
        layout) choices=(auto bp4d disfa disfa+ csv list jsonl pack) ;;
        unknown) choices=(mask negative) ;;
        first_image) choices=(auto 0 1) ;;
        data_kind) choices=(auto drawn rendered photographs mixed unknown) ;;
        backbone) choices=(resnet10 resnet18 resnet34 resnet50) ;;
        stem) choices=(imagenet small auto) ;;
        similarity) choices=(cosine dot) ;;
        mirror) choices=(auto 0 1) ;;
        precision) choices=(float32 bf16) ;;
        method) choices=(cl-ile bce drml atf lpnet piap suphcl augcn srerl megraph) ;;
        preset) choices=(default published) ;;
        elimination) choices=(none orthogonal decorrelate adversarial mixed) ;;
        identity_part) choices=(all residual subject_mean) ;;
        decision) choices=(auto threshold calibrated) ;;
        optimizer) choices=(adamw sgd) ;;
        schedule) choices=(cosine constant) ;;
    esac
    if ((${#choices[@]} > 0)); then _clile_words "${choices[@]/#/$key=}"; fi
}

_clile_value() { # COMMAND FLAG: fails when the flag takes no value
    case "$1 $2" in
        "synth --layout") _clile_words bp4d disfa pack ;;
        "synth --subjects" | "synth --tasks" | "synth --frames" | "synth --size" | "synth --seed" | "train --checkpoint-every" | "eval --fold" | "eval --centred-frames" | "compare --fold" | "report --title" | "predict --raw" | "predict --camera" | "predict --box" | "predict --finder" | "predict --margin" | "predict --fps" | "predict --format" | "predict --events-format" | "data --examples" | "data --seed" | "data --finder" | "import --au-set" | "import --prefix" | "export --fold" | "export --images" | "bench train --width" | "bench train --embedding" | "bench train --size" | "bench train --batch" | "bench train --threads" | "bench train --busy" | "bench train --runs" | "bench train --recompute" | "bench forward --width" | "bench forward --embedding" | "bench forward --size" | "bench forward --batch" | "bench forward --threads" | "bench forward --busy" | "bench forward --runs" | "bench forward --recompute" | "bench infer --width" | "bench infer --size" | "bench infer --batch" | "bench infer --threads" | "bench infer --rounds") : ;;
        "synth --sheet" | "predict --draw" | "data --sheet") _clile_files png ;;
        "train --data" | "train --tensorboard" | "eval --data" | "compare --data" | "report --figures" | "report --data" | "pack --data" | "export --calibrate" | "bench train --data" | "bench forward --data") _clile_files safetensors csv jsonl ;;
        "train --out" | "train --history" | "eval --model" | "report --model" | "predict --model" | "pack --out" | "card --evaluation" | "import --out" | "export --out" | "bench infer --model") _clile_files safetensors ;;
        "train --layout" | "eval --layout" | "compare --layout" | "report --layout" | "data --layout" | "pack --layout" | "export --layout") _clile_words auto bp4d disfa disfa+ csv list jsonl pack ;;
        "train --protocol" | "eval --protocol") _clile_words bp4d disfa bp4d-parts disfa-parts kfold: file: loso none ;;
        "train --fold") _clile_words all ;;
        "train --set") _clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap backbone stem standardize width embedding similarity predict_batch mirror crop_scale precision points_model method preset elimination identity_part lambda_contra lambda_bce lambda_id lambda_points lambda_values lambda_method lambda_feedback lambda_ile lambda_ile_bias tau null_anchor init_from_stage1 decision optimizer learning_rate au_rate_scale momentum weight_decay schedule warmup clip_norm ema epochs epochs_stage1 batch accumulate recompute sync_batch_norm seed threads validation validation_every exchange_halves exchange_shapes exchange_looks keep_points augment_flip augment_scale augment_shift augment_rotate augment_brightness augment_contrast augment_saturation augment_grayscale augment_blur augment_blur_least augment_blur_most augment_erase augment_erase_area augment_resolution augment_resolution_least augment_noise augment_gamma augment_tint augment_shade augment_jpeg augment_edge input_workers ;;
        "train --import") _clile_files pth safetensors ;;
        "train --checkpoint" | "train --resume" | "report --out" | "report --history" | "predict --events" | "predict --timeline" | "bench infer --onnxruntime") _clile_files ;;
        "eval --set" | "compare --set" | "export --set") _clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap threads ;;
        "eval --report") _clile_files txt json csv md tex ;;
        "eval --answers" | "predict --faces" | "predict --landmarks" | "predict --points" | "data --points") _clile_files csv ;;
        "eval --predictions") _clile_files safetensors csv ;;
        "compare --protocol") _clile_words  ;;
        "compare --report") _clile_files txt json csv md tex html ;;
        "report --set" | "data --set" | "pack --set") _clile_settings layout au_set unknown present_from first_image box_margin crop_margin data_kind faces targets image_size max_pixels max_label_mb max_pack_mb cache_mb smallest_face find_every keep_lost event_enter event_leave event_length event_gap ;;
        "predict --set") _clile_settings box_margin max_pixels smallest_face find_every keep_lost event_enter event_leave event_length event_gap predict_batch mirror precision points_model threads ;;
        "data --protocol") _clile_words bp4d disfa bp4d-parts disfa-parts kfold: file: loso ;;
        "card --set") _clile_settings backbone stem standardize width embedding similarity predict_batch mirror crop_scale precision points_model ;;
        "import --backbone" | "bench train --backbone" | "bench forward --backbone" | "bench infer --backbone") _clile_words resnet10 resnet18 resnet34 resnet50 ;;
        "import --set") _clile_settings image_size backbone stem standardize width embedding similarity predict_batch mirror crop_scale precision points_model ;;
        "export --onnx") _clile_files safetensors onnx ;;
        "export --protocol") _clile_words bp4d disfa kfold: loso none ;;
        "bench train --stem" | "bench forward --stem") _clile_words imagenet small auto ;;
        "bench train --precision" | "bench forward --precision") _clile_words float32 bf16 ;;
        *) return 1 ;;
    esac
}

_clile() {
    local command cur full i prev reply typed word words=()
    COMPREPLY=()
    # Bash breaks words at "=" and ":", too: put them together.
    for ((i = 0; i <= COMP_CWORD; ++i)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $word == [=:]* || ${COMP_WORDS[i - 1]} == *[=:] ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    typed=${COMP_WORDS[COMP_CWORD]}
    if [[ $typed == [=:] && $COMP_WORDBREAKS == *"$typed"* ]]; then typed=; fi
    full=${words[${#words[@]} - 1]} cur=$full prev=${words[${#words[@]} - 2]}
    if [[ $cur == --*=* ]]; then prev=${cur%%=*} cur=${cur#*=}; fi
    if ((${#words[@]} == 2)); then
        _clile_words synth train eval compare report predict data pack info card import export bench --help --version
        return
    fi
    command=${words[1]}
    case $command in
        bench)
            if ((${#words[@]} == 3)); then
                _clile_words train forward infer --help
                return
            fi
            command="bench ${words[2]}"
            ;;
    esac
    if ! _clile_value "$command" "$prev"; then
        if [[ $cur == -* ]]; then
            case $command in
                "synth") _clile_words --layout --subjects --tasks --frames --size --seed --sheet --quiet --json --help ;;
                "train") _clile_words --data --out --layout --protocol --fold --set --import --checkpoint --checkpoint-every --resume --history --tensorboard --json --quiet --help ;;
                "eval") _clile_words --model --data --layout --protocol --fold --set --report --answers --centred --centred-frames --predictions --absent --no-probe --json --quiet --help ;;
                "compare") _clile_words --data --layout --protocol --fold --set --report --json --quiet --help ;;
                "report") _clile_words --out --figures --title --model --history --data --layout --set --no-faces --help ;;
                "predict") _clile_words --model --raw --video --camera --faces --landmarks --crop --box --finder --margin --fps --own-neutral --csv --json --format --draw --points --events --events-format --timeline --without-faces --quiet --set --help ;;
                "data") _clile_words --layout --protocol --subjects --sheet --examples --seed --points --finder --set --verify --json --help ;;
                "pack") _clile_words --data --out --layout --set --quiet --json --help ;;
                "info") _clile_words --tensors --options --aus --markdown --json --help ;;
                "card") _clile_words --evaluation --set --help ;;
                "import") _clile_words --out --au-set --backbone --prefix --set --json --help ;;
                "export") _clile_words --onnx --int8 --calibrate --layout --protocol --fold --images --out --quiet --set --help ;;
                "bench") _clile_words --help ;;
                "bench train" | "bench forward") _clile_words --backbone --stem --width --embedding --size --batch --threads --busy --runs --data --precision --recompute --json --help ;;
                "bench infer") _clile_words --model --backbone --width --size --batch --threads --rounds --onnxruntime --table --cpu-time --json --help ;;
            esac
        else
            case $command in
                "synth") _clile_folders ;;
                "compare") _clile_files safetensors csv ;;
                "report") _clile_files csv ;;
                "predict") _clile_files jpg jpeg png bmp ;;
                "data") _clile_files safetensors csv jsonl ;;
                "info" | "import") _clile_files safetensors pth ;;
                "card" | "export") _clile_files safetensors ;;
            esac
        fi
    fi
    # What bash replaces is the last piece alone.
    for i in "${!COMPREPLY[@]}"; do
        reply=${full%"$cur"}${COMPREPLY[i]}
        COMPREPLY[i]=${reply:${#full}-${#typed}}
    done
}
complete -F _clile clile
