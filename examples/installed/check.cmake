# Run by the test installed_package. Fails at the first step that fails.
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGV}:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --component pbfs_sdk --prefix ${WORK_DIR}/prefix)
set(flags "")
if(FLAGS)
  set(flags "-fsanitize=${FLAGS}")
endif()
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE_DIR}/installed -B ${WORK_DIR}/build -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix
    -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${flags} -DEXAMPLE=${SOURCE_DIR}/put_get.cc)
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run(${WORK_DIR}/build/put_get)
