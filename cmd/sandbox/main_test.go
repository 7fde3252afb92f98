package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A simulator started as the demo starts it: announced in a file, ended by the end of its standard input, its state kept for the next one.
func TestChildOfADemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var said strings.Builder
	if err := run(t.Context(), []string{"init", dir}, strings.NewReader(""), &said, io.Discard); err != nil || !strings.Contains(said.String(), dir) {
		t.Fatalf("init: %v: %s", err, said.String())
	}
	base, stop := launch(t, dir)
	res, err := http.Post(base+"/_sim/payments", "application/json", strings.NewReader(`{"transaction_id":"T1","out_trade_no":"O1","total":100}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("seed: %d", res.StatusCode)
	}
	stop()
	base, stop = launch(t, dir)
	defer stop()
	res, err = http.Get(base + "/_sim/payments")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(text), `"transaction_id":"T1"`) {
		t.Fatalf("after a restart: %v: %s", err, text)
	}
}

// launch starts `sandbox wechatpay` in this process and returns its address; stop ends its standard input and waits.
func launch(t *testing.T, dir string) (base string, stop func()) {
	t.Helper()
	stdin, parent := io.Pipe()
	stdout, child := io.Pipe()
	addr := filepath.Join(dir, "addr")
	done := make(chan error, 1)
	go func() {
		done <- run(context.Background(), []string{"wechatpay", "--dir", dir, "--print-addr-file", addr, "--exit-with-stdin", "--backoff", "1ms,2ms"}, stdin, child, io.Discard)
		child.Close()
	}()
	line := make([]byte, 256)
	n, err := stdout.Read(line) // the line comes after the file
	if err != nil {
		t.Fatalf("it did not start: %v", errors.Join(err, <-done))
	}
	text, err := os.ReadFile(addr)
	if err != nil {
		t.Fatal(err)
	}
	base = "http://" + strings.TrimSpace(string(text))
	if !strings.Contains(string(line[:n]), base) {
		t.Fatalf("the file says %s, the output %s", base, line[:n])
	}
	return base, func() {
		parent.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no command":      {nil, "expected"},
		"no folder":       {[]string{"wechatpay"}, "--dir"},
		"no keys":         {[]string{"wechatpay", "--dir", t.TempDir()}, "sandbox init"},
		"unknown command": {[]string{"alipai"}, "alipai"},
	} {
		err := run(t.Context(), c.args, strings.NewReader(""), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
	if err := run(t.Context(), []string{"wechatpay", "--help"}, strings.NewReader(""), io.Discard, io.Discard); err != nil {
		t.Errorf("help: %v", err)
	}
}
