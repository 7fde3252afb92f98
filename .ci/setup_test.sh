#!/usr/bin/env bash
# Proves .ci/setup.sh on machines that this one is not: a PATH of chosen programs, no root, no sudo, no apt-get, old versions, an apt-get that fails.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp setup.sh "$dir/setup.sh" # where an ordinary user can read it
tests=0 failures=0

# A machine: an empty root and a PATH with only what the script itself uses.
machine() {
  rm -rf "$dir/bin" "$dir/root"
  mkdir -p "$dir/bin" "$dir/root"
  local tool
  for tool in bash env sed sort head grep mkdir touch chmod; do ln -s "$(command -v "$tool")" "$dir/bin/$tool"; done
}

# program NAME BODY: a program of the machine. What stands there goes first: writing to a link would write to the real program.
program() {
  rm -f "$dir/bin/$1"
  printf '#!/usr/bin/env bash\n%s\n' "$2" >"$dir/bin/$1"
  chmod 755 "$dir/bin/$1"
}

complete() {
  program go 'echo go1.26.3'
  program node 'echo v22.1.0'
  program npm 'exit 0'
  program openssl 'exit 0'
  program fc-list 'echo Noto'
  program qemu-system-x86_64 'exit 0'
  program dpkg-deb 'exit 0'
  program xz 'exit 0'
  mkdir -p "$dir/root/usr/bin" "$dir/root/usr/lib/postgresql/15/bin"
  touch "$dir/root/usr/bin/chromium" "$dir/root/usr/lib/postgresql/15/bin/initdb" "$dir/root/usr/lib/postgresql/15/bin/pgbench"
  chmod 755 "$dir/root/usr/bin/chromium"
}

# check NAME STATUS WANT ARGS…: runs the script on the machine as user $as (0 or 1000) and compares status and the whole of what it says.
as=1000
check() {
  local name=$1 status=$2 want=$3 got code=0
  shift 3
  program id "echo $as"
  got=$(env -i PATH="$dir/bin" HOME="$dir" SETUP_ROOT="$dir/root" bash "$dir/setup.sh" "$@" 2>&1) || code=$?
  tests=$((tests + 1))
  if [ "$code" != "$status" ] || [ "${got//$dir/}" != "$want" ]; then
    failures=$((failures + 1))
    printf 'setup_test: %s: exit %s, want %s\n--- said\n%s\n--- want\n%s\n' "$name" "$code" "$status" "${got//$dir/}" "$want" >&2
  fi
}

all="go node postgres pgbench openssl chromium fonts qemu dpkg"
go_line='  - Go 1.26 or newer (none found): https://go.dev/dl/ (unpack to /usr/local/go, put /usr/local/go/bin into PATH)'
node_line='  - Node 20 or newer with npm (none found): https://nodejs.org/en/download'
postgres_line='  - PostgreSQL server, initdb and postgres (or BACKDOCK_TEST_POSTGRES=postgres://… of a running one): Debian postgresql'
chromium_line='  - Chromium at /root/usr/bin/chromium (or BACKDOCK_CHROMIUM=/path/to/chromium): Debian chromium'
everything="setup: please install first:
$go_line
$node_line
$postgres_line
  - pgbench of PostgreSQL: Debian postgresql-contrib postgresql-client
  - openssl: Debian openssl
$chromium_line
  - a font with Chinese characters that fc-list finds: Debian fontconfig fonts-noto-cjk
  - QEMU for x86-64, qemu-system-x86_64: Debian qemu-system-x86
  - dpkg-deb and xz, to unpack a kernel: Debian dpkg xz-utils"

machine
check "nothing there, no apt-get" 1 "$everything" $all
machine
program apt-get 'exit 99'
check "nothing there, apt-get but no sudo" 1 "$everything
  together: sudo apt-get install -y --no-install-recommends postgresql postgresql-contrib postgresql-client openssl chromium fontconfig fonts-noto-cjk qemu-system-x86 dpkg xz-utils" $all
program sudo 'exit 1'
check "sudo that wants a password" 1 "setup: please install first:
$chromium_line
  together: sudo apt-get install -y --no-install-recommends chromium" chromium
machine
complete
check "everything there" 0 "" $all
program go 'echo go1.21.4'
program node 'echo v18.19.0'
check "too old" 1 "setup: please install first:
  - Go 1.26 or newer (found 1.21.4): https://go.dev/dl/ (unpack to /usr/local/go, put /usr/local/go/bin into PATH)
  - Node 20 or newer with npm (found 18.19.0): https://nodejs.org/en/download" go node
program node 'echo v20.0.0'
rm "$dir/bin/npm"
check "Node without npm" 1 "setup: please install first:
  - npm (Node is there without it): https://nodejs.org/en/download" node
program fc-list 'exit 0'
check "fc-list without a font" 1 "setup: please install first:
  - a font with Chinese characters that fc-list finds: Debian fontconfig fonts-noto-cjk" fonts
check "a part nobody knows" 2 "setup: unknown part gcc" gcc

installs='case "$*" in *install*) mkdir -p "$SETUP_ROOT/usr/bin"; touch "$SETUP_ROOT/usr/bin/chromium"; chmod 755 "$SETUP_ROOT/usr/bin/chromium" ;; esac'
machine
program apt-get "$installs"
as=0 check "root installs" 0 "setup: installing chromium" chromium
machine
program apt-get "$installs"
program sudo 'shift; [ "$1" = true ] || exec "$@"'
check "sudo installs" 0 "setup: installing chromium" chromium
machine
program apt-get 'echo "E: no network" >&2; exit 100'
as=0 check "apt-get fails" 1 "setup: installing chromium
E: no network
setup: apt-get failed, see above
setup: please install first:
$chromium_line
  together: sudo apt-get install -y --no-install-recommends chromium" chromium
machine
program apt-get 'exit 0'
as=0 check "apt-get brings something else" 1 "setup: installing chromium
setup: please install first:
$chromium_line
  together: sudo apt-get install -y --no-install-recommends chromium" chromium

# The same as a user without rights, for real where this is run by root: setpriv gives up what root has.
machine
complete
program id "exec $(command -v id) \"\$@\""
rm "$dir/root/usr/bin/chromium"
program apt-get 'exit 99'
plain=()
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then plain=(setpriv --reuid 65534 --regid 65534 --clear-groups); fi
if [ "$(id -u)" != 0 ] || [ ${#plain[@]} -gt 0 ]; then
  tests=$((tests + 1))
  code=0
  got=$("${plain[@]}" env -i PATH="$dir/bin" HOME="$dir" SETUP_ROOT="$dir/root" bash "$dir/setup.sh" $all 2>&1) || code=$?
  want="setup: please install first:
$chromium_line
  together: sudo apt-get install -y --no-install-recommends chromium"
  [ "$code" = 1 ] && [ "${got//$dir/}" = "$want" ] || { failures=$((failures + 1)); printf 'setup_test: ordinary user: exit %s\n%s\n' "$code" "$got" >&2; }
fi

[ "$failures" = 0 ] || exit 1
echo "setup_test: $tests machines, all as they should be"
