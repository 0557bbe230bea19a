# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_display_msg SOURCES fuzz_display_msg.c LINK dyno_base)
dyno_fuzz(fuzz_gpu_proto SOURCES fuzz_gpu_proto.c LINK dyno_gpu)
dyno_fuzz(fuzz_gpu_dev SOURCES fuzz_gpu_dev.c LINK dyno_gpu dyno_mockdrv)
dyno_fuzz(fuzz_input_proto SOURCES fuzz_input_proto.c LINK dyno_input)
