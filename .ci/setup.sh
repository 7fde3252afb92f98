#!/usr/bin/env bash
# Brings what a make target needs, or says exactly what to install: one line for each part that lacks, exit 1.
# Usage: setup.sh go|node|postgres|pgbench|openssl|chromium|fonts|qemu|dpkg …
# BACKDOCK_CHROMIUM names the browser, BACKDOCK_TEST_POSTGRES a database server. SETUP_ROOT is for setup_test.sh: files are looked for below it.
set -eu

root=${SETUP_ROOT:-}
chromium=${BACKDOCK_CHROMIUM:-$root/usr/bin/chromium}
declare -A debian=([postgres]="postgresql" [pgbench]="postgresql-contrib postgresql-client" [openssl]="openssl" [chromium]="chromium" [fonts]="fontconfig fonts-noto-cjk" [qemu]="qemu-system-x86" [dpkg]="dpkg xz-utils")

# The toolchain that go.mod asks for must not be fetched just to learn which one is there.
go_version() { (cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//; s/ .*//') || true; }
node_version() { node --version 2>/dev/null | sed 's/^v//' || true; }
at_least() { [ -n "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]; }

have_go() { at_least 1.26 "$(go_version)"; }
have_node() { command -v npm >/dev/null && at_least 20 "$(node_version)"; }
have_postgres() { { command -v postgres >/dev/null && command -v initdb >/dev/null; } || compgen -G "$root/usr/lib/postgresql/*/bin/initdb" >/dev/null || [ -n "${BACKDOCK_TEST_POSTGRES:-}" ]; }
have_pgbench() { command -v pgbench >/dev/null || compgen -G "$root/usr/lib/postgresql/*/bin/pgbench" >/dev/null; }
have_openssl() { command -v openssl >/dev/null; }
have_chromium() { [ -x "$chromium" ]; }
have_fonts() { command -v fc-list >/dev/null && fc-list :lang=zh-cn | grep -q .; }
have_qemu() { command -v qemu-system-x86_64 >/dev/null; }
have_dpkg() { command -v dpkg-deb >/dev/null && command -v xz >/dev/null; }

found() { [ -n "$1" ] && echo " (found $1)" || echo " (none found)"; }
name_go() { echo "Go 1.26 or newer$(found "$(go_version)"): https://go.dev/dl/ (unpack to /usr/local/go, put /usr/local/go/bin into PATH)"; }
name_node() {
  if at_least 20 "$(node_version)"; then echo "npm (Node is there without it): https://nodejs.org/en/download"; else echo "Node 20 or newer with npm$(found "$(node_version)"): https://nodejs.org/en/download"; fi
}
name_postgres() { echo "PostgreSQL server, initdb and postgres (or BACKDOCK_TEST_POSTGRES=postgres://… of a running one)"; }
name_pgbench() { echo "pgbench of PostgreSQL"; }
name_openssl() { echo "openssl"; }
name_chromium() { echo "Chromium at $chromium (or BACKDOCK_CHROMIUM=/path/to/chromium)"; }
name_qemu() { echo "QEMU for x86-64, qemu-system-x86_64"; }
name_dpkg() { echo "dpkg-deb and xz, to unpack a kernel"; }
name_fonts() { echo "a font with Chinese characters that fc-list finds"; }

lacking() {
  local part
  for part in "$@"; do "have_$part" || echo "$part"; done
}

packages() {
  local part
  for part in "$@"; do printf '%s ' ${debian[$part]:-}; done
}

# How apt-get can be run without asking anybody; fails where it cannot.
installer() {
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" = 0 ]; then echo env; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then echo "sudo -n env"; else return 1; fi
}

for part in "$@"; do
  declare -F "have_$part" >/dev/null || { echo "setup: unknown part $part" >&2; exit 2; }
done
missing=($(lacking "$@"))
wanted=($(packages "${missing[@]}"))
if [ ${#wanted[@]} -gt 0 ] && run=$(installer); then
  echo "setup: installing ${wanted[*]}"
  { $run apt-get update -qq && $run DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -qq "${wanted[@]}" >/dev/null; } || echo "setup: apt-get failed, see above" >&2
  missing=($(lacking "$@"))
  wanted=($(packages "${missing[@]}"))
fi
[ ${#missing[@]} -gt 0 ] || exit 0

echo "setup: please install first:" >&2
for part in "${missing[@]}"; do
  line=$("name_$part")
  [ -z "${debian[$part]:-}" ] || line="$line: Debian ${debian[$part]}"
  echo "  - $line" >&2
done
[ ${#wanted[@]} -eq 0 ] || ! command -v apt-get >/dev/null || echo "  together: sudo apt-get install -y --no-install-recommends ${wanted[*]}" >&2
exit 1
