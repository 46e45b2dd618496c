# Finds SystemC at configure time and proves that it links with the C++ standard of this project. A SystemC library
# refuses (by an undefined symbol that carries the standard) to link with code of another standard than its own.
find_path(SYSTEMC_INCLUDE_DIR NAMES systemc HINTS ENV SYSTEMC_HOME PATH_SUFFIXES include)
find_library(SYSTEMC_LIBRARY NAMES systemc HINTS ENV SYSTEMC_HOME PATH_SUFFIXES lib lib64 lib-linux64)
if(NOT SYSTEMC_INCLUDE_DIR OR NOT SYSTEMC_LIBRARY)
  message(FATAL_ERROR "SystemC was not found. On Debian or Ubuntu: apt-get install libsystemc-dev. "
                      "A SystemC of your own: set SYSTEMC_HOME to the folder with include/ and lib/.")
endif()

# Links `int sc_main` with -std=c++<standard> and stores whether that worked.
function(tessera_try_systemc standard result)
  set(source ${CMAKE_BINARY_DIR}/systemc_probe.cpp)
  file(WRITE ${source} "#include <systemc>\nint sc_main(int, char**) { sc_core::sc_start(); return 0; }\n")
  try_compile(works ${CMAKE_BINARY_DIR}/systemc_probe_${standard} SOURCES ${source}
    CMAKE_FLAGS -DINCLUDE_DIRECTORIES=${SYSTEMC_INCLUDE_DIR}
    LINK_LIBRARIES ${SYSTEMC_LIBRARY} Threads::Threads
    OUTPUT_VARIABLE output CXX_STANDARD ${standard} CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
  set(${result} ${works} PARENT_SCOPE)
  set(${result}_output "${output}" PARENT_SCOPE)
endfunction()

# Keyed by what was probed, so that the probe runs once per library and compiler.
set(probe_key "${SYSTEMC_INCLUDE_DIR};${SYSTEMC_LIBRARY};${CMAKE_CXX_COMPILER};${CMAKE_CXX_STANDARD}")
if(NOT TESSERA_SYSTEMC_PROBED STREQUAL probe_key)
  tessera_try_systemc(${CMAKE_CXX_STANDARD} works)
  if(NOT works)
    foreach(other 11 14 20 23)
      tessera_try_systemc(${other} other_works)
      if(other_works)
        message(FATAL_ERROR
          "The SystemC at ${SYSTEMC_LIBRARY} was built for C++${other}; Tessera is C++${CMAKE_CXX_STANDARD}. "
          "Fix: use Debian's libsystemc-dev (apt-get install libsystemc-dev, unset SYSTEMC_HOME), or rebuild "
          "SystemC with -DCMAKE_CXX_STANDARD=${CMAKE_CXX_STANDARD}.")
      endif()
    endforeach()
    message(FATAL_ERROR "The SystemC at ${SYSTEMC_LIBRARY} does not link with C++${CMAKE_CXX_STANDARD}:\n${works_output}")
  endif()
  set(TESSERA_SYSTEMC_PROBED "${probe_key}" CACHE INTERNAL "SystemC that was proven to link")
endif()

add_library(SystemC::systemc UNKNOWN IMPORTED)
set_target_properties(SystemC::systemc PROPERTIES
  IMPORTED_LOCATION ${SYSTEMC_LIBRARY}
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${SYSTEMC_INCLUDE_DIR}
  INTERFACE_LINK_LIBRARIES Threads::Threads)
