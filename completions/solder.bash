# Completion of solder for bash, as 'solder completion bash' prints it. Generated: do not edit.

_solder() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}
  local name kinds= flags= words= files=
  # Bash cuts --flag=value at the equals sign.
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'discover receive scrape relabel filter enrich derive write view record replay run new check fmt explain test tap top ledger spool list schema completion --help --version' -- "$cur"))
    return
  fi
  case $verb in
    discover) kinds='static file http' ;;
    receive) kinds='exposition prometheus loki ndjson lines exec syslog file' ;;
    scrape) kinds='host' ;;
    filter) kinds='drop limit sample' ;;
    enrich) kinds='logfmt json regex pattern cri docker decolorize labels static-labels label-keep label-drop metadata metadata-drop output replace tenant pack multiline match luhn truncate split eventlog windowsevent stages' ;;
    derive) kinds='metrics' ;;
    write) kinds='prometheus loki syslog file' ;;
  esac
  name=$verb
  if ((COMP_CWORD > 2)); then
    [[ " $kinds " == *" ${COMP_WORDS[2]} "* ]] && name="$verb ${COMP_WORDS[2]}"
    kinds=
  fi
  case "$name $prev" in
    *' --label') words='' ;;
    *' --on-bad') words='drop fail pass' ;;
    *' --dead-letter') files=1 ;;
    *' --log-level') words='debug info warn error' ;;
    'discover static --log-format') words='text json' ;;
    'discover file --log-format') words='text json' ;;
    'discover http --log-format') words='text json' ;;
    'receive exposition --log-format') words='text json' ;;
    'receive prometheus --log-format') words='text json' ;;
    'receive loki --log-format') words='text json' ;;
    'receive ndjson --log-format') words='text json' ;;
    'receive lines --log-format') words='text json' ;;
    'receive exec --log-format') words='text json' ;;
    'receive syslog --log-format') words='text json' ;;
    'receive file --log-format') words='text json' ;;
    'scrape --log-format') words='text json' ;;
    'scrape host --log-format') words='text json' ;;
    'relabel --log-format') words='text json' ;;
    'filter --log-format') words='text json' ;;
    'filter drop --log-format') words='text json' ;;
    'filter limit --log-format') words='text json' ;;
    'filter sample --log-format') words='text json' ;;
    'enrich logfmt --log-format') words='text json' ;;
    'enrich json --log-format') words='text json' ;;
    'enrich regex --log-format') words='text json' ;;
    'enrich pattern --log-format') words='text json' ;;
    'enrich cri --log-format') words='text json' ;;
    'enrich docker --log-format') words='text json' ;;
    'enrich decolorize --log-format') words='text json' ;;
    'enrich labels --log-format') words='text json' ;;
    'enrich static-labels --log-format') words='text json' ;;
    'enrich label-keep --log-format') words='text json' ;;
    'enrich label-drop --log-format') words='text json' ;;
    'enrich metadata --log-format') words='text json' ;;
    'enrich metadata-drop --log-format') words='text json' ;;
    'enrich output --log-format') words='text json' ;;
    'enrich replace --log-format') words='text json' ;;
    'enrich tenant --log-format') words='text json' ;;
    'enrich pack --log-format') words='text json' ;;
    'enrich multiline --log-format') words='text json' ;;
    'enrich match --log-format') words='text json' ;;
    'enrich luhn --log-format') words='text json' ;;
    'enrich truncate --log-format') words='text json' ;;
    'enrich split --log-format') words='text json' ;;
    'enrich eventlog --log-format') words='text json' ;;
    'enrich windowsevent --log-format') words='text json' ;;
    'enrich stages --log-format') words='text json' ;;
    'derive metrics --log-format') words='text json' ;;
    'write prometheus --log-format') words='text json' ;;
    'write loki --log-format') words='text json' ;;
    'write syslog --log-format') words='text json' ;;
    'write file --log-format') words='text json' ;;
    'view --log-format') words='text json' ;;
    'record --log-format') words='text json' ;;
    'replay --log-format') words='text json' ;;
    'run --log-format') words='auto text json' ;;
    *' --every') words='' ;;
    *' --max-file-bytes') words='' ;;
    *' --timeout') words='' ;;
    *' --max-body-bytes') words='' ;;
    *' --header') words='' ;;
    *' --basic-user') words='' ;;
    *' --basic-password') words='' ;;
    *' --bearer') words='' ;;
    *' --auth-type') words='' ;;
    *' --oauth2-client-id') words='' ;;
    *' --oauth2-client-secret') words='' ;;
    *' --oauth2-token-url') words='' ;;
    *' --oauth2-scopes') words='' ;;
    *' --oauth2-params') words='' ;;
    *' --tls-ca') files=1 ;;
    *' --tls-cert') files=1 ;;
    *' --tls-key') files=1 ;;
    *' --tls-server-name') words='' ;;
    *' --tls-min-version') words='TLS10 TLS11 TLS12 TLS13' ;;
    *' --proxy-url') words='' ;;
    *' --no-proxy') words='' ;;
    *' --max-redirects') words='' ;;
    *' --max-header-bytes') words='' ;;
    'receive exposition --format') words='auto text openmetrics protobuf' ;;
    'receive syslog --format') words='auto rfc5424 rfc3164' ;;
    'write loki --format') words='protobuf json' ;;
    'write syslog --format') words='rfc5424 rfc3164' ;;
    'receive exposition --timestamp') words='' ;;
    'receive syslog --timestamp') words='message received' ;;
    *' --max-families') words='' ;;
    *' --listen') words='' ;;
    *' --tls-client-ca') files=1 ;;
    *' --max-connections') words='' ;;
    *' --header-timeout') words='' ;;
    *' --request-timeout') words='' ;;
    *' --idle-timeout') words='' ;;
    *' --ack') words='received durable' ;;
    *' --ack-timeout') words='' ;;
    *' --max-waiting') words='' ;;
    *' --state') files=1 ;;
    *' --path') words='' ;;
    *' --max-request-bytes') words='' ;;
    *' --max-elements') words='' ;;
    *' --max-identities') words='' ;;
    *' --max-line-bytes') words='' ;;
    *' --max-depth') words='' ;;
    *' --encoding') words='' ;;
    *' --restart') words='never on-failure always' ;;
    *' --min-backoff') words='' ;;
    *' --max-backoff') words='' ;;
    *' --stop-timeout') words='' ;;
    *' --label-fields') words='' ;;
    *' --attribute-fields') words='' ;;
    'receive syslog --framing') words='auto octet-counting newline nul' ;;
    'write syslog --framing') words='octet-counting newline nul' ;;
    *' --timezone') words='' ;;
    *' --max-message-bytes') words='' ;;
    *' --udp-buffer-bytes') words='' ;;
    *' --udp-queue-bytes') words='' ;;
    *' --exclude') words='' ;;
    'receive file --from') words='checkpoint start end' ;;
    'replay --from') words='' ;;
    *' --name') words='' ;;
    *' --scan-every') words='' ;;
    *' --delay') words='' ;;
    *' --linger') words='' ;;
    *' --partial-wait') words='' ;;
    *' --ignore-older') words='' ;;
    *' --max-open') words='' ;;
    *' --max-files') words='' ;;
    *' --job') words='' ;;
    *' --scheme') words='http https' ;;
    *' --metrics-path') words='' ;;
    *' --params') words='' ;;
    *' --metric-relabel') files=1 ;;
    *' --scrape-protocols') words='' ;;
    *' --fallback-scrape-protocol') words='PrometheusProto OpenMetricsText1.0.0 OpenMetricsText0.0.1 PrometheusText1.0.0 PrometheusText0.0.4' ;;
    *' --name-validation-scheme') words='utf8 legacy' ;;
    *' --name-escaping-scheme') words='allow-utf-8 underscores dots values' ;;
    *' --sample-limit') words='' ;;
    *' --label-limit') words='' ;;
    *' --label-name-length-limit') words='' ;;
    *' --label-value-length-limit') words='' ;;
    *' --body-size-limit') words='' ;;
    *' --target-limit') words='' ;;
    *' --native-histogram-bucket-limit') words='' ;;
    *' --native-histogram-min-bucket-factor') words='' ;;
    *' --instance') words='' ;;
    *' --collector') words='' ;;
    *' --root') files=1 ;;
    *' --proc') files=1 ;;
    *' --sys') files=1 ;;
    *' --disk-exclude') words='' ;;
    *' --net-exclude') words='' ;;
    *' --mount-exclude') words='' ;;
    *' --fs-type-exclude') words='' ;;
    *' --mount-timeout') words='' ;;
    *' --keep') words='' ;;
    *' --drop') words='' ;;
    *' --set') words='' ;;
    *' --rename') words='' ;;
    *' --labeldrop') words='' ;;
    *' --labelkeep') words='' ;;
    *' --source') words='' ;;
    *' --value') words='' ;;
    *' --expression') words='' ;;
    *' --separator') words='' ;;
    *' --older-than') words='' ;;
    *' --longer-than') words='' ;;
    *' --drop-counter-reason') words='' ;;
    *' --rate') words='' ;;
    *' --burst') words='' ;;
    *' --by-label-name') words='' ;;
    *' --max-distinct-labels') words='' ;;
    *' --regex') words='' ;;
    *' --max-partial-lines') words='' ;;
    *' --max-partial-line-size') words='' ;;
    *' --max-wait-time') words='' ;;
    'enrich labels --source-type') words='extracted structured_metadata' ;;
    'enrich truncate --source-type') words='line label structured_metadata extracted' ;;
    *' --max-lines') words='' ;;
    *' --max-block-size') words='' ;;
    *' --max-streams') words='' ;;
    'enrich match --action') words='keep drop' ;;
    'derive metrics --action') words='' ;;
    *' --replacement') words='' ;;
    *' --min-length') words='' ;;
    *' --delimiters') words='' ;;
    *' --skip-regex') words='' ;;
    *' --limit') words='' ;;
    *' --sources') words='' ;;
    *' --suffix') words='' ;;
    *' --prefix') words='' ;;
    *' --description') words='' ;;
    *' --max-idle-duration') words='' ;;
    *' --buckets') words='' ;;
    *' --protocol') words='1 2 auto' ;;
    *' --external-label') words='' ;;
    *' --write-relabel') files=1 ;;
    *' --metadata-interval') words='' ;;
    *' --max-metadata') words='' ;;
    *' --tenant') words='' ;;
    *' --batch-samples') words='' ;;
    *' --batch-wait') words='' ;;
    *' --batch-bytes') words='' ;;
    *' --concurrency') words='' ;;
    *' --min-concurrency') words='' ;;
    *' --buffer-bytes') words='' ;;
    'write prometheus --when-full') words='block drop_oldest' ;;
    'write loki --when-full') words='block drop_oldest' ;;
    'write syslog --when-full') words='block drop_oldest' ;;
    'record --when-full') words='skip block' ;;
    *' --max-retry-after') words='' ;;
    *' --drain-timeout') words='' ;;
    *' --spool-bytes') words='' ;;
    *' --spool-age') words='' ;;
    'write prometheus --fsync') words='always interval never' ;;
    'write loki --fsync') words='always interval never' ;;
    'write syslog --fsync') words='always interval never' ;;
    'write file --fsync') words='never close write' ;;
    *' --fsync-interval') words='' ;;
    *' --max-entry-bytes') words='' ;;
    *' --facility') words='' ;;
    *' --hostname') words='' ;;
    *' --app') words='' ;;
    *' --structured-data-id') words='' ;;
    *' --rotate-bytes') words='' ;;
    *' --rotate-every') words='' ;;
    *' --compress') words='none gzip' ;;
    *' --width') words='' ;;
    *' --color') words='auto always never' ;;
    *' --keep-bytes') words='' ;;
    *' --keep-age') words='' ;;
    *' --flush-every') words='' ;;
    *' --speed') words='' ;;
    *' --to') words='' ;;
    *' --rebase') words='none now' ;;
    *' --execute') words='' ;;
    *' --max-memory') words='' ;;
    *' --drain') words='' ;;
    *' --branch-buffer') words='' ;;
    *' --branch-full') words='block drop_oldest spool' ;;
    *' --branch-patience') words='' ;;
    *' --branch-state') files=1 ;;
    *' --branch-spool-bytes') words='' ;;
    *' --branch-spool-age') words='' ;;
    *' --child') words='' ;;
    *' --http') words='' ;;
    *' --http-tls-cert') files=1 ;;
    *' --http-tls-key') files=1 ;;
    *' --http-tls-client-ca') files=1 ;;
    *' --http-basic-user') words='' ;;
    *' --http-basic-password') words='' ;;
    *' --http-bearer') words='' ;;
    *' --http-max-body-bytes') words='' ;;
    *' --http-max-header-bytes') words='' ;;
    *' --http-max-connections') words='' ;;
    *' --http-header-timeout') words='' ;;
    *' --http-request-timeout') words='' ;;
    *' --http-idle-timeout') words='' ;;
    *' --max-output') words='' ;;
    *' --where') words='' ;;
    *' --count') words='' ;;
    *' --url') words='' ;;
    *)
      case $name in
        'discover static') flags='--label --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'discover file') flags='--every --once --max-file-bytes --on-bad --dead-letter --ledger --log-level --log-format --help' files=1 ;;
        'discover http') flags='--every --timeout --once --max-body-bytes --header --basic-user --basic-password --bearer --auth-type --oauth2-client-id --oauth2-client-secret --oauth2-token-url --oauth2-scopes --oauth2-params --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --tls-min-version --proxy-url --no-proxy --proxy-from-environment --no-follow-redirects --max-redirects --max-header-bytes --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'receive exposition') flags='--format --timestamp --label --created-as-start --no-metadata --classic-histograms --convert-classic-histograms-to-nhcb --max-body-bytes --max-families --on-bad --dead-letter --ledger --log-level --log-format --help' files=1 ;;
        'receive prometheus') flags='--listen --tls-cert --tls-key --tls-client-ca --basic-user --basic-password --bearer --max-body-bytes --max-header-bytes --max-connections --header-timeout --request-timeout --idle-timeout --ack --ack-timeout --max-waiting --state --path --max-request-bytes --max-elements --max-identities --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'receive loki') flags='--listen --tls-cert --tls-key --tls-client-ca --basic-user --basic-password --bearer --max-body-bytes --max-header-bytes --max-connections --header-timeout --request-timeout --idle-timeout --label --no-keep-timestamps --ack --ack-timeout --max-waiting --state --max-request-bytes --max-elements --max-identities --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'receive ndjson') flags='--state --max-line-bytes --max-depth --max-identities --on-bad --dead-letter --ledger --log-level --log-format --help' files=1 ;;
        'receive lines') flags='--label --encoding --max-line-bytes --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'receive exec') flags='--label --encoding --max-line-bytes --restart --min-backoff --max-backoff --stop-timeout --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'receive syslog') flags='--listen --label --label-fields --attribute-fields --internal-labels --format --framing --timestamp --timezone --max-message-bytes --max-identities --tls-cert --tls-key --tls-client-ca --max-connections --idle-timeout --udp-buffer-bytes --udp-queue-bytes --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'receive file') flags='--label --exclude --from --once --encoding --name --every --scan-every --delay --linger --partial-wait --ignore-older --max-body-bytes --max-open --max-files --state --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' files=1 ;;
        'scrape') flags='--every --timeout --once --job --scheme --metrics-path --params --label --honor-labels --no-honor-timestamps --track-timestamps-staleness --metric-relabel --created-as-start --extra-metrics --no-metadata --scrape-protocols --fallback-scrape-protocol --native-histograms --classic-histograms --convert-classic-histograms-to-nhcb --name-validation-scheme --name-escaping-scheme --no-compression --sample-limit --label-limit --label-name-length-limit --label-value-length-limit --body-size-limit --target-limit --native-histogram-bucket-limit --native-histogram-min-bucket-factor --header --basic-user --basic-password --bearer --auth-type --oauth2-client-id --oauth2-client-secret --oauth2-token-url --oauth2-scopes --oauth2-params --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --tls-min-version --proxy-url --no-proxy --proxy-from-environment --no-follow-redirects --max-redirects --max-header-bytes --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'scrape host') flags='--every --once --job --instance --label --collector --root --proc --sys --disk-exclude --net-exclude --mount-exclude --fs-type-exclude --mount-timeout --on-bad --dead-letter --ledger --log-level --log-format --help' ;;
        'relabel') flags='--keep --drop --set --rename --labeldrop --labelkeep --name-validation-scheme --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' files=1 ;;
        'filter') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'filter drop') flags='--source --value --expression --separator --older-than --longer-than --drop-counter-reason --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'filter limit') flags='--rate --burst --drop --by-label-name --max-distinct-labels --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'filter sample') flags='--drop-counter-reason --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich logfmt') flags='--regex --source --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich json') flags='--regex --source --drop-malformed --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich regex') flags='--source --labels-from-groups --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich pattern') flags='--source --labels-from-groups --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich cri') flags='--max-partial-lines --max-partial-line-size --max-partial-line-size-truncate --max-wait-time --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich docker') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich decolorize') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich labels') flags='--source-type --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich static-labels') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich label-keep') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich label-drop') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich metadata') flags='--regex --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich metadata-drop') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich output') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich replace') flags='--source --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich tenant') flags='--value --label --source --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich pack') flags='--no-ingest-timestamp --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich multiline') flags='--max-wait-time --max-lines --max-block-size --max-streams --no-trim-newlines --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich match') flags='--action --drop-counter-reason --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' files=1 ;;
        'enrich luhn') flags='--replacement --min-length --delimiters --skip-regex --source --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich truncate') flags='--limit --source-type --sources --suffix --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich split') flags='--source --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich eventlog') flags='--source --drop-invalid-labels --overwrite-existing --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich windowsevent') flags='--source --drop-invalid-labels --overwrite-existing --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'enrich stages') flags='--on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' files=1 ;;
        'derive metrics') flags='--prefix --description --source --value --max-idle-duration --action --match-all --count-entry-bytes --buckets --every --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' words='counter gauge histogram' ;;
        'write prometheus') flags='--protocol --external-label --write-relabel --name-validation-scheme --no-send-exemplars --no-send-native-histograms --no-metadata --metadata-interval --max-metadata --tenant --batch-samples --batch-wait --batch-bytes --concurrency --min-concurrency --buffer-bytes --when-full --timeout --min-backoff --max-backoff --max-retry-after --no-retry-on-429 --drain-timeout --state --spool-bytes --spool-age --fsync --fsync-interval --header --basic-user --basic-password --bearer --auth-type --oauth2-client-id --oauth2-client-secret --oauth2-token-url --oauth2-scopes --oauth2-params --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --tls-min-version --proxy-url --no-proxy --proxy-from-environment --no-follow-redirects --max-redirects --max-header-bytes --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'write loki') flags='--label --tenant --format --gzip --max-entry-bytes --max-streams --batch-wait --batch-bytes --concurrency --min-concurrency --buffer-bytes --when-full --timeout --min-backoff --max-backoff --max-retry-after --no-retry-on-429 --drain-timeout --state --spool-bytes --spool-age --fsync --fsync-interval --header --basic-user --basic-password --bearer --auth-type --oauth2-client-id --oauth2-client-secret --oauth2-token-url --oauth2-scopes --oauth2-params --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --tls-min-version --proxy-url --no-proxy --proxy-from-environment --no-follow-redirects --max-redirects --max-header-bytes --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'write syslog') flags='--format --framing --facility --hostname --app --structured-data-id --timezone --max-message-bytes --batch-bytes --batch-wait --buffer-bytes --when-full --timeout --min-backoff --max-backoff --drain-timeout --state --spool-bytes --spool-age --fsync --fsync-interval --tls-ca --tls-cert --tls-key --tls-server-name --tls-insecure-skip-verify --tls-min-version --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'write file') flags='--rotate-bytes --rotate-every --keep --compress --fsync --no-mkdir --state --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' files=1 ;;
        'view') flags='--utc --wide --width --exact --color --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' ;;
        'record') flags='--rotate-bytes --rotate-every --keep-bytes --keep-age --flush-every --when-full --on-bad --dead-letter --ledger --log-level --log-format --max-line-bytes --max-depth --max-identities --help' files=1 ;;
        'replay') flags='--speed --from --to --rebase --max-line-bytes --max-depth --max-identities --on-bad --dead-letter --ledger --log-level --log-format --help' files=1 ;;
        'run') flags='--execute --once --watch --max-memory --drain --branch-buffer --branch-full --branch-patience --branch-state --branch-spool-bytes --branch-spool-age --log-format --log-level --child --http --http-tls-cert --http-tls-key --http-tls-client-ca --http-basic-user --http-basic-password --http-bearer --http-max-body-bytes --http-max-header-bytes --http-max-connections --http-header-timeout --http-request-timeout --http-idle-timeout --help' files=1 ;;
        'new') flags='--name --help' ;;
        'check') flags='--connect --help' files=1 ;;
        'fmt') flags='--write --check --help' files=1 ;;
        'explain') flags='--help' files=1 ;;
        'test') flags='--update --timeout --max-output --help' files=1 ;;
        'tap') flags='--where --rate --sample --count --url --basic-user --basic-password --bearer --tls-ca --help' ;;
        'top') flags='--every --once --url --basic-user --basic-password --bearer --tls-ca --help' ;;
        'ledger') flags='--settled --url --basic-user --basic-password --bearer --tls-ca --help' files=1 ;;
        'spool') flags='--keep-bytes --help' words='ls cat grep fsck trim' files=1 ;;
        'list') flags='--json --help' ;;
        'schema') flags='--help' ;;
        'completion') flags='--help' words='bash zsh fish' ;;
      esac
      if [[ $cur == -* || -z $kinds$words$files ]]; then words="$kinds $flags" files=
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
