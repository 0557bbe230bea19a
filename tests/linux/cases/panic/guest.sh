# SPDX-License-Identifier: Apache-2.0
ready
echo "ABOUT TO PANIC"
echo c >/proc/sysrq-trigger
