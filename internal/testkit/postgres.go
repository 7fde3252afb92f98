package testkit

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a running PostgreSQL that nothing else uses.
type Cluster struct {
	URL  string // of the maintenance database, as superuser
	Dir  string
	Port int
	bin  string
	cred *syscall.Credential
	stop io.Closer
	cmd  *exec.Cmd
	args []string
}

var shared struct {
	once sync.Once
	url  string
	err  error
	keep *Cluster // a collected Cluster would close the pipe that keeps its server alive
}

// ServerURL returns the URL of a PostgreSQL server for tests: BACKDOCK_TEST_POSTGRES, or a cluster that lives as long as this test process.
func ServerURL(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if shared.url = os.Getenv("BACKDOCK_TEST_POSTGRES"); shared.url != "" {
			return
		}
		c, err := StartCluster("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
		if err != nil {
			shared.err = err
			return
		}
		shared.url, shared.keep = c.URL, c
	})
	if shared.err != nil {
		t.Fatalf("a PostgreSQL for tests: %v\ninstall it (Debian: apt-get install postgresql) or set BACKDOCK_TEST_POSTGRES=postgres://…", shared.err)
	}
	return shared.url
}

// StartCluster makes and starts a cluster with extra server arguments. It ends with this process, however that ends; Stop ends it earlier.
// As root it runs as the user postgres or nobody: PostgreSQL refuses to run as root.
func StartCluster(args ...string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "backdock-pg-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Dir: dir, bin: bin, args: args}
	if os.Geteuid() == 0 {
		if err := c.dropRoot(); err != nil {
			return nil, err
		}
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "backdock", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred}
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if c.Port, err = freePort(); err != nil {
		return nil, err
	}
	c.URL = fmt.Sprintf("postgres://backdock@127.0.0.1:%d/postgres?sslmode=disable", c.Port)
	return c, c.Start()
}

// Start starts a stopped cluster again on the same port and data.
func (c *Cluster) Start() error {
	args := append([]string{"-D", filepath.Join(c.Dir, "data"), "-p", strconv.Itoa(c.Port), "-k", c.Dir, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"}, c.args...)
	// The shell outlives nothing: when this process dies its standard input ends, and it takes the server and the folder with it.
	script := `"$@" >"$BD_DIR/log" 2>&1 & pid=$!; read word; if [ "$word" = keep ]; then kill -INT $pid; wait $pid; else kill -QUIT $pid; wait $pid; rm -rf "$BD_DIR"; fi`
	c.cmd = exec.Command("sh", append([]string{"-c", script, "sh", filepath.Join(c.bin, "postgres")}, args...)...)
	c.cmd.Env = append(os.Environ(), "BD_DIR="+c.Dir, "LC_ALL=C")
	c.cmd.Dir = c.Dir
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred, Setpgid: true}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return err
	}
	c.stop = in
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	return c.wait()
}

func (c *Cluster) wait() error {
	var last error
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		conn, err := pgx.Connect(ctx, c.URL)
		if err == nil {
			err = conn.Ping(ctx)
			conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return nil
		}
		last = err
		time.Sleep(20 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(c.Dir, "log"))
	return fmt.Errorf("PostgreSQL did not start: %w\n%s", last, log)
}

// Halt stops the server as an administrator would (fast shutdown: sessions are cut) and keeps its data for Start.
func (c *Cluster) Halt() error {
	if _, err := c.stop.(io.Writer).Write([]byte("keep\n")); err != nil {
		return err
	}
	return c.cmd.Wait()
}

// Stop ends the cluster and removes it.
func (c *Cluster) Stop() {
	c.stop.Close()
	_ = c.cmd.Wait()
}

func (c *Cluster) dropRoot() error {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		c.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(c.Dir, uid, gid)
	}
	return fmt.Errorf("running as root and neither user postgres nor nobody exists")
}

// binaries finds the folder of initdb and postgres: in PATH, else the newest of /usr/lib/postgresql.
func binaries() (string, error) {
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(p), "initdb")); err == nil {
			return filepath.Dir(p), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("no initdb in PATH or /usr/lib/postgresql/*/bin")
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	return filepath.Dir(found[0]), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
