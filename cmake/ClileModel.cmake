# The models that come with the library, found by it in share/clile (lib/base/shared.c): photo.safetensors, the action units of a face in a photograph, and
# points.safetensors, its points. Copied to share/clile of the build folder, too.
set(CLILE_MODELS "${PROJECT_SOURCE_DIR}/examples/photo-model/model" CACHE PATH "Folder of the models that are installed: photo.safetensors, points.safetensors")
file(GLOB clile_models CONFIGURE_DEPENDS "${CLILE_MODELS}/photo.safetensors" "${CLILE_MODELS}/points.safetensors")
file(GLOB stale "${PROJECT_BINARY_DIR}/share/clile/*.safetensors") # of another CLILE_MODELS
if(stale)
  file(REMOVE ${stale})
endif()
foreach(model IN LISTS clile_models)
  get_filename_component(name "${model}" NAME)
  configure_file("${model}" "${PROJECT_BINARY_DIR}/share/clile/${name}" COPYONLY)
endforeach()
if(NOT clile_models MATCHES "photo[.]safetensors")
  clile_left_out("the model for photographs" "there is no ${CLILE_MODELS}/photo.safetensors")
endif()
if(clile_models AND NOT SKBUILD)
  install(FILES ${clile_models} DESTINATION "${CMAKE_INSTALL_DATADIR}/clile" COMPONENT model)
endif()
