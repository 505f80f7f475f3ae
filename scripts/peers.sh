#!/bin/sh
# npm run peers: installs the programs that tests run against, from Debian's packages, and starts none of them.
set -eu

packages=
need() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null 2>&1 || packages="$packages $2"
}
need prometheus prometheus
need promtool prometheus
need prometheus-node-exporter prometheus-node-exporter
need victoria-metrics victoria-metrics
need vmagent victoria-metrics
need logger bsdutils
need rsyslogd rsyslog
need journalctl systemd
need /lib/systemd/systemd-journal-remote systemd-journal-remote
need jq jq
need zsh zsh
need fish fish
need logrotate logrotate
need bzip2 bzip2
need zstd zstd
need mmdblookup mmdb-bin
need mandoc mandoc
need groff groff
packages=$(printf '%s\n' $packages | sort -u | tr '\n' ' ')
packages=${packages% }

if [ -z "$packages" ]; then
  echo 'peers: all installed'
  exit 0
fi
install="apt-get install -y --no-install-recommends $packages"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "peers: no apt-get here; install by hand: $packages" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "peers: not root; run: sudo sh -c 'apt-get update && $install'" >&2
  exit 1
fi

# The packages start their services when they are installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
$install
