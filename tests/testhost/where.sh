# SPDX-License-Identifier: Apache-2.0
# Where what needs a KVM that boots Linux runs. Sourced.

# kvm_where DEFAULT: prints `direct` (this machine's KVM) or `testhost`, as DYNO_TEST_KVM says, or
# DEFAULT where it is not set; `auto` is direct where the processor virtualises.
kvm_where() {
	local how=${DYNO_TEST_KVM:-$1}
	case $how in
	direct | testhost) ;;
	auto)
		how=testhost
		if grep -qE '\b(vmx|svm)\b' /proc/cpuinfo && [[ -r /dev/kvm && -w /dev/kvm ]]; then
			how=direct
		fi
		;;
	*) echo "skipped: DYNO_TEST_KVM=$how: direct, testhost or auto" >&2; return 77 ;;
	esac
	echo "$how"
}
