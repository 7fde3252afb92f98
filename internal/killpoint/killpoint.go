package killpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Env names the variable that arms a point, "name:n".
const Env = "BACKDOCK_KILLPOINT"

type armed struct {
	name string
	at   int64
	hits atomic.Int64
}

// The environment is read once, on the first Hit: a point must work in any package without being handed down to it.
var load = sync.OnceValue(func() *armed {
	a, err := parse(os.Getenv(Env))
	if err != nil {
		panic(err)
	}
	return a
})

// Hit kills the process with SIGKILL if it is the n-th hit of the armed name. Otherwise it does nothing.
func Hit(name string) {
	a := load()
	if a == nil || a.name != name {
		return
	}
	if a.hits.Add(1) == a.at {
		die()
	}
}

// parse reads "name:n". An unknown name is an error: a misspelt point would make a crash test pass without a crash.
func parse(s string) (*armed, error) {
	if s == "" {
		return nil, nil
	}
	name, count, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("%s=%q: want name:n with n from 1", Env, s)
	}
	if !Known(name) {
		return nil, fmt.Errorf("%s=%q: no such kill point; internal/killpoint lists them", Env, s)
	}
	return &armed{name: name, at: n}, nil
}

// Known reports whether name is a kill point.
func Known(name string) bool {
	for _, n := range Names {
		if n == name {
			return true
		}
	}
	return false
}

// die ends the process as a power cut would: no deferred call runs, no buffer is flushed.
func die() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		panic(fmt.Errorf("kill point: %w", err))
	}
	select {} // the signal is on its way
}
