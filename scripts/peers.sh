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

# syslog-ng and rsyslog cannot be installed side by side: the former is unpacked, and runs from where it is.
beside=
command -v syslog-ng >/dev/null 2>&1 || beside=syslog-ng

unpack_syslog_ng() {
  to=/opt/solder-peers/syslog-ng
  work=$(mktemp -d)
  mkdir -p "$to"
  (
    cd "$work"
    apt-get download -q syslog-ng-core libivykis0 libjson-c5 libnet1 libnsl2 libpcre3 libwrap0
    for file in *.deb; do dpkg -x "$file" "$to"; done
  )
  rm -r "$work"
  libraries=$(dirname "$(find "$to" -name libivykis.so.0)")
  modules=$(dirname "$(find "$to" -name libafsocket.so)")
  cat >/usr/local/bin/syslog-ng <<END
#!/bin/sh
export LD_LIBRARY_PATH=$libraries:$to/usr/lib/syslog-ng:$to${libraries#"$to/usr"}
exec $to/usr/sbin/syslog-ng --module-path=$modules "\$@"
END
  chmod 755 /usr/local/bin/syslog-ng
}

if [ -z "$packages$beside" ]; then
  echo 'peers: all installed'
  exit 0
fi
install="apt-get install -y --no-install-recommends $packages"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "peers: no apt-get here; install by hand: $packages $beside" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "peers: not root; run: sudo sh scripts/peers.sh (it installs $packages $beside)" >&2
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
[ -z "$packages" ] || $install
[ -z "$beside" ] || unpack_syslog_ng
