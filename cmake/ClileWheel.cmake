# What a wheel of the Python package holds beside its modules (examples/python/pyproject.toml, by scikit-build-core): the library as libclile.so.N, and beside
# it the oneDNN that it was built with and whatever that needs (the OpenMP runtime, OpenCL's loader), so that it works where none of them is installed; but for
# what every Linux has (PEP 599). Their names stay: a process that has loaded the system's libgomp.so.1 already goes on with that one, and never has two.
set(where clile) # the package's folder in the wheel
set_target_properties(clile PROPERTIES VERSION ${CLILE_SOVERSION} INSTALL_RPATH "$ORIGIN") # a wheel has no links
target_link_options(clile PRIVATE LINKER:--disable-new-dtags) # an RPATH serves the libraries that oneDNN asks for, too; a RUNPATH would not
install(TARGETS clile LIBRARY DESTINATION ${where} COMPONENT wheel NAMELINK_SKIP)
if(TARGET clile_finder_dlib) # needs only what is everywhere
  install(TARGETS clile_finder_dlib LIBRARY DESTINATION ${where} COMPONENT wheel)
endif()
if(clile_models)
  install(FILES ${clile_models} DESTINATION ${where} COMPONENT wheel)
endif()

set(everywhere "^(ld-linux.*|lib(c|m|dl|rt|pthread|stdc[+][+]|gcc_s|z)[.]so[.][0-9]+)$")
set(bundle "${OneDNN_LIBRARY}" libgomp.so.1)
set(bundled "")
while(bundle)
  list(POP_FRONT bundle library)
  if(NOT IS_ABSOLUTE "${library}")
    execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=${library} OUTPUT_VARIABLE library OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p "${library}" OUTPUT_VARIABLE text ERROR_VARIABLE text RESULT_VARIABLE failed)
  if(failed OR NOT text MATCHES "SONAME +([^\n ]+)")
    message(FATAL_ERROR "a wheel bundles shared libraries (of gcc); ${library}: ${text}")
  endif()
  set(soname "${CMAKE_MATCH_1}")
  if(soname IN_LIST bundled)
    continue()
  endif()
  list(APPEND bundled "${soname}")
  get_filename_component(file "${library}" REALPATH)
  install(FILES "${file}" RENAME "${soname}" DESTINATION ${where} COMPONENT wheel)
  string(REGEX MATCHALL "NEEDED +[^\n ]+" needed "${text}")
  list(TRANSFORM needed REPLACE "^NEEDED +" "")
  list(FILTER needed EXCLUDE REGEX "${everywhere}")
  list(APPEND bundle ${needed})
endwhile()
message(STATUS "The wheel bundles ${bundled}")

# Their terms, as far as this machine has them.
include(ClileCopyright)
clile_copyright("${PROJECT_BINARY_DIR}/wheel/libclile")
install(FILES "${PROJECT_BINARY_DIR}/wheel/libclile" DESTINATION ${where}/licenses COMPONENT wheel)
install(FILES /usr/share/common-licenses/Apache-2.0 RENAME Apache-2.0 DESTINATION ${where}/licenses COMPONENT wheel OPTIONAL)
foreach(package IN ITEMS libdnnl2 libgomp1 ocl-icd-libopencl1)
  get_filename_component(file "/usr/share/doc/${package}/copyright" REALPATH)
  install(FILES "${file}" RENAME ${package} DESTINATION ${where}/licenses COMPONENT wheel OPTIONAL)
endforeach()
