# SPDX-License-Identifier: Apache-2.0
# cmake -DCC= -DSOURCE= -DINCLUDE= -DCASE= -DEXPECT= -P compile_case.cmake
# EXPECT empty: the case must compile. Else it must fail with a message that matches.
execute_process(
  COMMAND ${CC} -std=gnu17 -D_GNU_SOURCE -include assert.h -Wall -Wextra -Werror -c -o /dev/null
    -I${INCLUDE} -DCASE_${CASE} ${SOURCE}
  RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE err)
if(EXPECT STREQUAL "")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${CASE}: correct code does not compile:\n${err}")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "${CASE}: compiles, but must not")
elseif(NOT err MATCHES "error:[^\n]*(${EXPECT})")
  message(FATAL_ERROR "${CASE}: fails for another reason than '${EXPECT}':\n${err}")
endif()
