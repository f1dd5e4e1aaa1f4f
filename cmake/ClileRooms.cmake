# The rooms of lib/ and what each may use (docs/architecture.md; tests/check_includes.cmake checks the sources
# against it, docs/make_architecture.py draws it).
set(CLILE_ROOMS base store image synth layout data dnn net method loss model eval run train face video mpi)
set(CLILE_ROOM_USES_base "")
set(CLILE_ROOM_USES_store base)
set(CLILE_ROOM_USES_image base)
set(CLILE_ROOM_USES_synth image)
set(CLILE_ROOM_USES_layout store image)
set(CLILE_ROOM_USES_data layout synth)
set(CLILE_ROOM_USES_dnn base)
set(CLILE_ROOM_USES_net dnn)
set(CLILE_ROOM_USES_loss dnn)
set(CLILE_ROOM_USES_method net)
set(CLILE_ROOM_USES_model method store image)
set(CLILE_ROOM_USES_face model)
set(CLILE_ROOM_USES_video image)
set(CLILE_ROOM_USES_mpi base)
set(CLILE_ROOM_USES_eval base)
set(CLILE_ROOM_USES_run model data eval)
set(CLILE_ROOM_USES_train base dnn net loss image data model eval run)
# Public header -> room: include/clile/HEADER.h=ROOM
set(CLILE_HEADER_ROOMS status=base options=base communicator=base mpi=mpi export=base au=base escape=base inspect=store losses=loss image=image dataset=data faces=layout synth=synth model=model predictor=model finder=face reader=face tracker=face neutral=face video=video metrics=eval events=eval evaluate=run evaluation=run trainer=train experimental_loss=train)

# All rooms that ROOM may use, directly or through another.
function(clile_room_closure room out)
  set(result "")
  foreach(used IN LISTS CLILE_ROOM_USES_${room})
    clile_room_closure(${used} inner)
    list(APPEND result ${inner} ${used})
  endforeach()
  list(REMOVE_DUPLICATES result)
  set(${out} "${result}" PARENT_SCOPE)
endfunction()

# Warnings, sanitizers and definitions that every file of the project is compiled with. No result depends on -fno-math-errno,
# without which no loop with a square root becomes vector code.
add_library(clile_build_flags INTERFACE)
target_compile_options(clile_build_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -ffp-contract=off -fno-math-errno
  $<$<BOOL:${CLILE_WARNINGS_AS_ERRORS}>:-Werror>)
target_compile_definitions(clile_build_flags INTERFACE _POSIX_C_SOURCE=200809L)
if(CLILE_SANITIZE)
  target_compile_options(clile_build_flags INTERFACE -fsanitize=${CLILE_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(clile_build_flags INTERFACE -fsanitize=${CLILE_SANITIZE})
endif()
