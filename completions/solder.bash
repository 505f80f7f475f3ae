# Completion of solder for bash. Generated from the declarations, as 'solder completion bash' prints it. Do not edit.

_solder() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}
  local name kinds= flags= words= files=
  # Bash cuts --flag=value at the equals sign.
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'relabel scrape view list schema completion --help --version' -- "$cur"))
    return
  fi
  case $verb in
    scrape) kinds='host' ;;
  esac
  name=$verb
  if ((COMP_CWORD > 2)) && [[ " $kinds " == *" ${COMP_WORDS[2]} "* ]]; then
    name="$verb ${COMP_WORDS[2]}"
    kinds=
  elif ((COMP_CWORD > 2)); then kinds=
  fi
  case "$name $prev" in
    *' --keep') words='' ;;
    *' --drop') words='' ;;
    *' --set') words='' ;;
    *' --rename') words='' ;;
    *' --labeldrop') words='' ;;
    *' --labelkeep') words='' ;;
    *' --name-validation-scheme') words='utf8 legacy' ;;
    *' --on-bad') words='drop fail pass' ;;
    *' --dead-letter') files=1 ;;
    *' --log-level') words='debug info warn error' ;;
    *' --log-format') words='text json' ;;
    *' --max-line-bytes') words='' ;;
    *' --max-depth') words='' ;;
    *' --max-identities') words='' ;;
    *' --every') words='' ;;
    *' --job') words='' ;;
    *' --instance') words='' ;;
    *' --label') words='' ;;
    *' --collector') words='' ;;
    *' --root') files=1 ;;
    *' --proc') files=1 ;;
    *' --sys') files=1 ;;
    *' --disk-exclude') words='' ;;
    *' --net-exclude') words='' ;;
    *' --mount-exclude') words='' ;;
    *' --fs-type-exclude') words='' ;;
    *' --mount-timeout') words='' ;;
    *)
      case $name in
        'relabel') flags='--keep --drop --set --rename --labeldrop --labelkeep --name-validation-scheme --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'scrape host') flags='--every --once --job --instance --label --collector --root --proc --sys --disk-exclude --net-exclude --mount-exclude --fs-type-exclude --mount-timeout --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'view') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'list') flags='--json --help' ;;
        'schema') flags='--help' ;;
        'completion') flags='--help' words='bash zsh fish' ;;
      esac
      if [[ $cur == -* || -z $kinds$words$files ]]; then words="$kinds $flags"; files=
      else words="$kinds $words"
      fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ -n $files ]]; then
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$cur"))
  fi
}
complete -F _solder solder
