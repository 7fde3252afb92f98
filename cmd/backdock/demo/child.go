package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// sibling finds a program of this house: in BACKDOCK_BIN, else beside the running one, where `make build` puts it.
func sibling(name string) (string, error) {
	dir := os.Getenv("BACKDOCK_BIN")
	if dir == "" {
		self, err := os.Executable()
		if err != nil {
			return "", fmt.Errorf("find %s: %w", name, err)
		}
		dir = filepath.Dir(self)
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the program %s is not in %s: run \"make build\"", name, dir)
	}
	return path, nil
}

// child is a program that ends with this one: its standard input is a pipe that breaks when this process dies.
type child struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	done chan struct{}
	err  error // why it ended, with its last words; read it after done

	read chan struct{}
	last []string
}

// lastWords is how many lines of a child's output go into an error.
const lastWords = 5

func start(ctx context.Context, log *slog.Logger, name string, args ...string) (*child, error) {
	path, err := sibling(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{name: name, cmd: cmd, in: in, done: make(chan struct{}), read: make(chan struct{})}
	go func() {
		defer close(c.read)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			log.Debug(lines.Text(), "child", name)
			c.last = append(c.last, lines.Text())
			c.last = c.last[max(0, len(c.last)-lastWords):]
		}
	}()
	go func() {
		err := cmd.Wait()
		w.Close()
		<-c.read
		if err != nil {
			c.err = fmt.Errorf("%s: %w: %s", name, err, strings.Join(c.last, " | "))
		}
		close(c.done)
	}()
	return c, nil
}

// stop asks the child to end and waits for it.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(os.Interrupt)
	c.in.Close()
	<-c.done
	if exit, ok := errors.AsType[*exec.ExitError](c.err); ok && !exit.Success() && exit.ExitCode() != -1 {
		return c.err
	}
	return nil
}

// run starts a program and waits for it to end well.
func run(ctx context.Context, log *slog.Logger, name string, args ...string) error {
	c, err := start(ctx, log, name, args...)
	if err != nil {
		return err
	}
	<-c.done
	return c.err
}
