# SPDX-License-Identifier: GPL-2.0-or-later
# What ./run and ./test share: Debian packages and builds. Sourced by bash. It speaks on standard
# error: standard output is kvmtop's.

build_packages=(gcc cmake ninja-build pkg-config zstd libncurses-dev libxml2-dev libzstd-dev
	libnuma-dev libvirt-dev libbpf-dev clang libpfm4-dev libelf-dev libjson-c-dev
	libcap-dev)
test_packages=(clang libclang-rt-dev libcmocka-dev python3 strace tmux util-linux virtinst)

# install_packages build [test]: installs what dpkg does not know as installed.
install_packages() {
	local set package missing=() sudo=()
	for set in "$@"; do
		local -n list="${set}_packages"
		for package in "${list[@]}"; do
			dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
				missing+=("$package")
		done
	done
	if [ "$set" = test ] && [ -f tests/host/packages ]; then
		while read -r package; do
			[ -z "$package" ] || [[ $package == \#* ]] ||
				dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
				missing+=("$package")
		done <tests/host/packages
	fi
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "Installing Debian packages: ${missing[*]}" >&2
	if [ "$(id -u)" -ne 0 ]; then
		echo "(this needs root: sudo asks for it)" >&2
		sudo=(sudo)
	fi
	"${sudo[@]}" apt-get update -q >&2 || true
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# build_preset NAME [TARGET...]: configures at the first time, then builds what changed, or only these
# targets. Prints what went wrong.
build_preset() {
	local log status=0 name=$1
	shift
	log=$(mktemp)
	echo "Building build/$name" >&2
	{ [ -f "build/$name/build.ninja" ] || cmake --preset "$name"; } >"$log" 2>&1 &&
		cmake --build --preset "$name" -j "$(nproc)" ${1:+--target "$@"} >"$log" 2>&1 || status=$?
	[ "$status" -eq 0 ] || cat "$log" >&2
	rm -f "$log"
	return "$status"
}
