# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_gpu SOURCES bench_gpu.c LINK dyno_gpu dyno_mockdrv)
