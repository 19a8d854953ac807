# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of kvmtop for bash; made by doc/make.sh.
_kvmtop() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	case $before in
	--numa)
		COMPREPLY=($(compgen -W 'auto exact sample off' -- "$word"))
		return
		;;
	--exits)
		COMPREPLY=($(compgen -W 'auto sample off' -- "$word"))
		return
		;;
	--format | -f)
		COMPREPLY=($(compgen -W 'csv text jsonl' -- "$word"))
		return
		;;
	--table | -t)
		COMPREPLY=($(compgen -W 'host cpu node hugepool domain vcpu thread placement nic interface pci disk blockdev exit vcpu_exit host_exit event finding defined source' -- "$word"))
		return
		;;
	--columns | -C | --sort | -s)
		COMPREPLY=($(compgen -W "$(kvmtop --list-columns | awk '{ print $2 }')" -- "$word"))
		return
		;;
	--output | -o | --root | --guest-kallsyms | --guest-modules | capture)
		COMPREPLY=($(compgen -f -- "$word"))
		return
		;;
	esac
	COMPREPLY=($(compgen -W 'capture profile advise explain fix undo history --delay --iterations --guest --filter --sort --numa --exits --events --batch --format --table --columns --output --connect --config --readonly --root --demo --anonymous --seconds --guest-kallsyms --guest-modules --fetch-symbols --dry-run --script --lasting --yes --confirm --journal --dump --size --keys --list-tables --list-columns --list-keys --list-rules --version --help' -- "$word"))
}
complete -F _kvmtop kvmtop
