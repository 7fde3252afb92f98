#!/usr/bin/env bash
# Brings what a make target needs, or says exactly what to install. Usage: setup.sh go|node|postgres|chromium|fonts …
set -eu

missing=()
apt_wanted=()

have_go() { command -v go >/dev/null && [ "$(printf '%s\n' 1.26 "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -n1)" = 1.26 ]; }
have_node() { command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'Number(process.versions.node.split(".")[0])')" -ge 20 ]; }
have_postgres() { { command -v postgres >/dev/null && command -v initdb >/dev/null; } || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || [ -n "${BACKDOCK_TEST_POSTGRES:-}" ]; }
have_pgbench() { command -v pgbench >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/pgbench' >/dev/null; }
have_chromium() { [ -x "${BACKDOCK_CHROMIUM:-/usr/bin/chromium}" ]; }
have_fonts() { command -v fc-list >/dev/null && fc-list :lang=zh-cn | grep -q .; }
have_openssl() { command -v openssl >/dev/null; }

for part in "$@"; do
  case $part in
    go) have_go || missing+=("Go 1.26 or newer: https://go.dev/dl/ (unpack to /usr/local/go, put /usr/local/go/bin into PATH)") ;;
    node) have_node || missing+=("Node 20 or newer with npm: https://nodejs.org/en/download") ;;
    postgres) have_postgres || apt_wanted+=(postgresql) ;;
    pgbench) have_pgbench || apt_wanted+=(postgresql-contrib postgresql-client) ;;
    chromium) have_chromium || apt_wanted+=(chromium) ;;
    fonts) have_fonts || apt_wanted+=(fontconfig fonts-noto-cjk) ;;
    openssl) have_openssl || apt_wanted+=(openssl) ;;
    *) echo "setup: unknown part $part" >&2; exit 2 ;;
  esac
done

if [ ${#apt_wanted[@]} -gt 0 ]; then
  install="apt-get install -y --no-install-recommends ${apt_wanted[*]}"
  if ! command -v apt-get >/dev/null; then
    missing+=("${apt_wanted[*]} (Debian package names; this system has no apt-get)")
  elif [ "$(id -u)" = 0 ]; then
    echo "setup: installing ${apt_wanted[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq >/dev/null
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    echo "setup: installing ${apt_wanted[*]} with sudo"
    sudo -n apt-get update -qq && sudo -n DEBIAN_FRONTEND=noninteractive $install -qq >/dev/null
  else
    missing+=("${apt_wanted[*]}: sudo $install")
  fi
fi

if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: please install first:" >&2
  printf '  - %s\n' "${missing[@]}" >&2
  exit 1
fi
