# cmake --install: the program, and beside it in share/tessera what it reads (sim/base/installation.h). cpack makes a
# Debian package of the same.
install(TARGETS tessera RUNTIME DESTINATION bin)
install(TARGETS tessera_library ARCHIVE DESTINATION lib OPTIONAL)  # part of a build of all, not of what `./tessera run` builds
install(FILES sim/library/tessera.h DESTINATION include/tessera)
install(FILES cmake/tesseraConfig.cmake DESTINATION lib/cmake/tessera)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tesseraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tesseraConfigVersion.cmake DESTINATION lib/cmake/tessera)
install(DIRECTORY configs DESTINATION share/tessera)
install(DIRECTORY explore/python/tessera DESTINATION lib/python3/dist-packages PATTERN __pycache__ EXCLUDE)  # of Debian, where all of Python 3 looks
install(DIRECTORY explore/plot DESTINATION share/tessera FILES_MATCHING PATTERN "*.py")
install(FILES explore/report/dist/page.html DESTINATION share/tessera/report)
install(FILES results/validation/plot_validation.py DESTINATION share/tessera/results/validation)
install(FILES README.md DESTINATION share/doc/tessera)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tessera)
set(CPACK_PACKAGE_CONTACT "Tessera <tessera@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Predicts how long block-sparse networks take on AMD AIE2 arrays")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3, python3-matplotlib")  # tessera plot, validate --plot
include(CPack)
