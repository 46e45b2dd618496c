# find_package(tessera): the target tessera::tessera (include/tessera/tessera.h).
include(CMakeFindDependencyMacro)
find_dependency(fmt)
find_dependency(Threads)
find_dependency(ZLIB)

get_filename_component(_tessera_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_library(TESSERA_SYSTEMC_LIBRARY systemc HINTS ENV SYSTEMC_HOME PATH_SUFFIXES lib lib64 lib-linux64)
if(NOT TESSERA_SYSTEMC_LIBRARY)
  set(tessera_FOUND FALSE)
  set(tessera_NOT_FOUND_MESSAGE "libtessera needs SystemC: apt-get install libsystemc-dev")
  return()
endif()
if(NOT TARGET tessera::tessera)
  add_library(tessera::tessera INTERFACE IMPORTED)
  set_target_properties(tessera::tessera PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_tessera_prefix}/include"
    INTERFACE_COMPILE_DEFINITIONS "TESSERA_CONFIGS_FOLDER=\"${_tessera_prefix}/share/tessera/configs\""
    INTERFACE_COMPILE_FEATURES cxx_std_17
    # As a whole: policies register themselves, SystemC looks for sc_main.
    INTERFACE_LINK_LIBRARIES "$<LINK_LIBRARY:WHOLE_ARCHIVE,${_tessera_prefix}/lib/libtessera.a>;fmt::fmt;ZLIB::ZLIB;${TESSERA_SYSTEMC_LIBRARY};Threads::Threads")
endif()
