# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of kvmtop for bash; made by doc/make.sh.
_kvmtop() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	case $before in
	--numa)
		COMPREPLY=($(compgen -W 'auto exact sample off' -- "$word"))
		return
		;;
	--format | -f)
		COMPREPLY=($(compgen -W 'csv' -- "$word"))
		return
		;;
	--table | -t)
		COMPREPLY=($(compgen -W 'host cpu node hugepool domain vcpu thread placement source' -- "$word"))
		return
		;;
	--columns | -C | --sort | -s)
		COMPREPLY=($(compgen -W "$(kvmtop --list-columns | awk '{ print $2 }')" -- "$word"))
		return
		;;
	--output | -o | --root | capture)
		COMPREPLY=($(compgen -f -- "$word"))
		return
		;;
	esac
	COMPREPLY=($(compgen -W 'capture --delay --iterations --guest --filter --sort --numa --batch --format --table --columns --output --connect --root --demo --anonymous --dump --size --keys --list-tables --list-columns --list-keys --version --help' -- "$word"))
}
complete -F _kvmtop kvmtop
