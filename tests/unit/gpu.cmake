# SPDX-License-Identifier: Apache-2.0
dyno_test(test_display_proto SOURCES test_display_proto.c LINK dyno_base)
dyno_test(test_gpu_proto SOURCES test_gpu_proto.c LINK dyno_gpu)
