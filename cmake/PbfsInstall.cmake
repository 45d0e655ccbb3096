# What `cmake --install <build> --component pbfs_sdk` installs: the client library with its headers, as the package `pbfs`
# (find_package(pbfs), targets pbfs::client and pbfs::client_twins). Services are installed by their packages, not by this.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PBFS_SDK_TARGETS pbfs_base pbfs_model pbfs_crypto pbfs_coding pbfs_format pbfs_fragments pbfs_catalog pbfs_client pbfs_client_twins)
set(PBFS_SDK_EXTERNALS ext_threads ext_fmt ext_spdlog ext_sodium ext_openssl ext_isal)

foreach(target ${PBFS_SDK_TARGETS})
  string(REGEX REPLACE "^pbfs_" "" short ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${short})
  target_include_directories(${target} PUBLIC $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/pbfs>)
endforeach()
install(TARGETS ${PBFS_SDK_TARGETS} ${PBFS_SDK_EXTERNALS} EXPORT pbfs_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT pbfs_sdk)
install(EXPORT pbfs_targets NAMESPACE pbfs:: FILE pbfsTargets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pbfs COMPONENT pbfs_sdk)

foreach(folder base model crypto coding format fragments catalog client)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/libs/${folder}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/pbfs/libs/${folder}
    COMPONENT pbfs_sdk FILES_MATCHING PATTERN "*.h" PATTERN testing EXCLUDE PATTERN testing.h EXCLUDE PATTERN "*_contract.h" EXCLUDE)
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/pbfsConfig.cmake.in ${PROJECT_BINARY_DIR}/pbfsConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pbfs)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pbfsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pbfsConfig.cmake ${PROJECT_BINARY_DIR}/pbfsConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pbfs COMPONENT pbfs_sdk)
