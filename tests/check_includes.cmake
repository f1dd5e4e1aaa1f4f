# Which file may include which: cmake -DROOMS_FILE=... -DROOT=... [-DSELF_CHECK=ON -DSCRATCH=...] -P check_includes.cmake
#
# ROOMS_FILE is written by tests/CMakeLists.txt from cmake/ClileRooms.cmake: CLILE_ROOMS, CLILE_HEADER_ROOMS, and CLOSURE_<room>, all rooms
# that a room may use.
# SELF_CHECK=ON runs the check on small trees with one fault each, made in SCRATCH, and fails unless every fault is found.
cmake_minimum_required(VERSION 3.18)
include("${ROOMS_FILE}")

foreach(pair IN LISTS CLILE_HEADER_ROOMS) # public header -> room
  string(REPLACE "=" ";" pair "${pair}")
  list(GET pair 0 header)
  list(GET pair 1 room)
  set(HEADER_ROOM_${header} ${room})
endforeach()
set(PREDICTOR_PATH base store dnn net method image model face video) # what a deployed model runs on ...
set(NOT_DEPLOYED synth layout data loss eval run train)   # ... and what it must not pull in

# The included names of a file, quotes and angle brackets kept: "a/b.h" or <c.h>
function(read_includes file out)
  set(result "")
  file(STRINGS "${file}" lines REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS lines)
    if(line MATCHES "include[ \t]*([\"<][^\">]+[\">])")
      list(APPEND result "${CMAKE_MATCH_1}")
    else()
      list(APPEND result "\"unreadable include\"")
    endif()
  endforeach()
  set(${out} "${result}" PARENT_SCOPE)
endfunction()

macro(fault text)
  list(APPEND faults "${relative}: ${text}")
endmacro()

# One include of a file of lib/ROOM.
macro(check_room_include room include)
  string(REGEX REPLACE "^.(.*).$" "\\1" name "${include}")
  if(name MATCHES "(^|/)dnnl" AND NOT room STREQUAL "dnn")
    fault("includes ${include}: only lib/dnn knows oneDNN")
  elseif(name MATCHES "(^|/)stb_" AND NOT relative STREQUAL "lib/image/decode.c")
    fault("includes ${include}: only lib/image/decode.c knows stb_image")
  elseif(name MATCHES "^net/(graph|ops?)\\.h$" AND NOT room MATCHES "^(net|method)$")
    fault("includes ${include}: only lib/net and lib/method know it")
  elseif(name MATCHES "^zlib" AND NOT room MATCHES "^(base|store|image)$")
    fault("includes ${include}: only lib/base, lib/store and lib/image know zlib")
  elseif(name MATCHES "^clile/(.*)\\.h$")
    set(target "${HEADER_ROOM_${CMAKE_MATCH_1}}")
    if(NOT target)
      fault("includes ${include}: not a public header of a room")
    elseif(NOT target IN_LIST CLOSURE_${room} AND NOT target STREQUAL room)
      fault("includes ${include}, of ${target}: ${room} may not use it")
    endif()
  elseif(include MATCHES "^\"" AND NOT name MATCHES "(^|/)(dnnl|stb_)")
    get_filename_component(folder "${file}" DIRECTORY)
    string(REGEX MATCH "^[^/]+" first "${name}")
    if(name MATCHES "\\.\\.")
      fault("includes ${include}: paths start at lib/")
    elseif(name MATCHES "/" AND first IN_LIST CLILE_ROOMS)
      if(NOT first IN_LIST CLOSURE_${room} AND NOT first STREQUAL room)
        fault("includes ${include}: ${room} may not use ${first}")
      endif()
    elseif(NOT EXISTS "${folder}/${name}")
      fault("includes ${include}: neither a room's header nor a file beside it")
    endif()
  endif()
  foreach(pair IN ITEMS "stage1;stage2" "stage2;stage1")
    list(GET pair 0 one)
    list(GET pair 1 other)
    if(relative MATCHES "^lib/loss/${one}" AND name MATCHES "${other}")
      fault("includes ${include}: the stages include nothing of each other")
    endif()
  endforeach()
endmacro()

macro(check_rooms root)
  file(GLOB entries RELATIVE "${root}/lib" "${root}/lib/*")
  foreach(entry IN LISTS entries)
    set(relative "lib/${entry}")
    if(IS_DIRECTORY "${root}/lib/${entry}" AND NOT entry IN_LIST CLILE_ROOMS)
      fault("a folder that is no room of cmake/ClileRooms.cmake")
    endif()
  endforeach()
  foreach(room IN LISTS CLILE_ROOMS)
    file(GLOB_RECURSE files "${root}/lib/${room}/*.c" "${root}/lib/${room}/*.h")
    foreach(file IN LISTS files)
      file(RELATIVE_PATH relative "${root}" "${file}")
      read_includes("${file}" includes)
      foreach(include IN LISTS includes)
        check_room_include(${room} "${include}")
      endforeach()
    endforeach()
  endforeach()
endmacro()

# A public header includes public headers of its own room and those below, and two of libc.
macro(check_public_headers root)
  file(GLOB files "${root}/include/clile/*.h")
  foreach(file IN LISTS files)
    file(RELATIVE_PATH relative "${root}" "${file}")
    get_filename_component(own "${file}" NAME_WE)
    set(room "${HEADER_ROOM_${own}}")
    read_includes("${file}" includes)
    if(NOT room AND NOT own STREQUAL "clile")
      fault("belongs to no room: name it in cmake/ClileRooms.cmake")
    endif()
    foreach(include IN LISTS includes)
      if(include MATCHES "^<clile/(.*)\\.h>$")
        set(target "${HEADER_ROOM_${CMAKE_MATCH_1}}")
        if(NOT own STREQUAL "clile" AND NOT target STREQUAL room AND NOT target IN_LIST CLOSURE_${room})
          fault("includes ${include}: ${room} may not use ${target}")
        endif()
      elseif(NOT include MATCHES "^<(stddef|stdint)\\.h>$")
        fault("includes ${include}: a public header needs clile/, stddef.h and stdint.h only")
      endif()
    endforeach()
  endforeach()
endmacro()

# Examples see the public headers only, except for the bench program.
macro(check_examples root)
  file(GLOB_RECURSE files "${root}/examples/*.c" "${root}/examples/*.h")
  foreach(file IN LISTS files)
    file(RELATIVE_PATH relative "${root}" "${file}")
    get_filename_component(folder "${file}" DIRECTORY)
    read_includes("${file}" includes)
    foreach(include IN LISTS includes)
      string(REGEX REPLACE "^.(.*).$" "\\1" name "${include}")
      if(name MATCHES "(^|/)(dnnl|stb_)")
        fault("includes ${include}: a dependency of the library")
      elseif(include MATCHES "^\"" AND NOT EXISTS "${folder}/${name}" AND NOT (relative MATCHES "^examples/bench/" AND name MATCHES "^(base|net|data)/"))
        fault("includes ${include}: examples use the public headers only")
      endif()
    endforeach()
  endforeach()
endmacro()

function(find_faults root out)
  set(faults "")
  foreach(room IN LISTS PREDICTOR_PATH)
    foreach(other IN LISTS NOT_DEPLOYED)
      if(other IN_LIST CLOSURE_${room})
        set(relative "cmake/ClileRooms.cmake")
        fault("${room} may use ${other}: the way of a prediction must not")
      endif()
    endforeach()
  endforeach()
  check_rooms("${root}")
  check_public_headers("${root}")
  check_examples("${root}")
  set(${out} "${faults}" PARENT_SCOPE)
endfunction()

if(NOT SELF_CHECK)
  find_faults("${ROOT}" found)
  foreach(text IN LISTS found)
    message(STATUS "${text}")
  endforeach()
  list(LENGTH found count)
  if(count GREATER 0)
    message(FATAL_ERROR "${count} includes against the direction of the rooms (docs/architecture.md)")
  endif()
  return()
endif()

# file | its one line | part of the fault that must be found
set(cases
  "lib/base/a.c|#include \"dnn/dnn.h\"|base may not use dnn"
  "lib/model/a.c|#include \"loss/loss.h\"|model may not use loss"
  "lib/net/a.c|#include \"data/data.h\"|net may not use data"
  "lib/image/a.c|#include <clile/dataset.h>|image may not use it"
  "lib/train/a.c|#include <dnnl.h>|only lib/dnn knows oneDNN"
  "lib/train/a.c|#  include \"oneapi/dnnl/dnnl.h\"|only lib/dnn knows oneDNN"
  "lib/image/png.c|#include \"stb_image_write.h\"|only lib/image/decode.c knows stb_image"
  "lib/data/a.c|#include <zlib.h>|know zlib"
  "lib/model/a.c|#include \"net/graph.h\"|only lib/net and lib/method know it"
  "lib/model/a.c|#include \"net/op.h\"|only lib/net and lib/method know it"
  "lib/loss/stage1.c|#include \"loss/stage2.h\"|nothing of each other"
  "lib/loss/stage2.c|#include \"loss/stage1.h\"|nothing of each other"
  "lib/data/a.c|#include \"../base/base.h\"|paths start at lib/"
  "lib/data/a.c|#include \"missing.h\"|nor a file beside it"
  "lib/other/a.c|/* nothing */|no room of"
  "include/clile/model.h|#include <clile/dataset.h>|model may not use data"
  "include/clile/status.h|#include <stdio.h>|stddef.h and stdint.h only"
  "include/clile/new.h|/* nothing */|belongs to no room"
  "examples/clile/a.c|#include \"base/base.h\"|public headers only"
  "examples/bench/a.c|#include \"model/model.h\"|public headers only")
set(fine
  "lib/model/a.c|#include \"net/net.h\""
  "lib/dnn/a.c|#include <dnnl.h>"
  "lib/image/decode.c|#include \"stb_image.h\""
  "lib/train/a.c|#include <clile/losses.h>"
  "examples/bench/a.c|#include \"net/net.h\"")
set(missed 0)
foreach(case IN LISTS cases fine)
  string(REPLACE "|" ";" parts "${case}")
  list(GET parts 0 path)
  list(GET parts 1 line)
  file(REMOVE_RECURSE "${SCRATCH}")
  file(WRITE "${SCRATCH}/${path}" "${line}\n")
  find_faults("${SCRATCH}" found)
  list(LENGTH found count)
  if(case IN_LIST fine)
    if(NOT count EQUAL 0)
      math(EXPR missed "${missed} + 1")
      message(STATUS "fault where there is none: ${found}")
    endif()
    continue()
  endif()
  list(GET parts 2 expected)
  string(FIND "${found}" "${expected}" at)
  if(NOT count EQUAL 1 OR at LESS 0)
    math(EXPR missed "${missed} + 1")
    message(STATUS "${path}: ${line}: expected one fault \"${expected}\", found: ${found}")
  endif()
endforeach()
file(REMOVE_RECURSE "${SCRATCH}")
if(missed GREATER 0)
  message(FATAL_ERROR "the check of includes missed ${missed} cases")
endif()
