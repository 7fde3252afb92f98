package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/backdock/backdock/internal/config"
)

type program struct {
	Config   config.File `env:"T_CONFIG"`
	Database string      `env:"T_DATABASE" default:"none"`
	Serve    struct {
		Listen string   `default:":1" env:"T_LISTEN"`
		Device []string `env:"T_DEVICE" sep:" "`
	} `cmd:""`
}

func parse(t *testing.T, args ...string) (program, error) {
	t.Helper()
	var p program
	k, err := kong.New(&p, append(config.Options("t", "test"), kong.Exit(func(int) {}), kong.Writers(t.Output(), t.Output()))...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(append(args, "serve"))
	return p, err
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The order flag, environment, _FILE, YAML, default: each step alone beats the ones after it.
func TestPrecedence(t *testing.T) {
	want := func(t *testing.T, value string, args ...string) {
		t.Helper()
		p, err := parse(t, args...)
		if err != nil || p.Database != value {
			t.Errorf("database = %q, %v; want %q", p.Database, err, value)
		}
	}
	want(t, "none")
	t.Setenv("T_CONFIG", write(t, "database: yaml\n"))
	want(t, "yaml")
	t.Run("file", func(t *testing.T) {
		t.Setenv("T_DATABASE_FILE", write(t, "file\n"))
		want(t, "file")
		want(t, "flag", "--database", "flag")
	})
	t.Run("env", func(t *testing.T) {
		t.Setenv("T_DATABASE", "env")
		want(t, "env")
		want(t, "flag", "--database", "flag")
	})
}

// A command's flags are in its own section, or under their bare names for all commands that have them; the section counts first.
func TestCommandFlagsInFile(t *testing.T) {
	for _, tc := range []struct{ name, text, listen, devices string }{
		{"bare", "listen: :2\ndevice:\n  - a b\n  - c\n", ":2", "[a b c] 2"},
		{"section", "listen: :2\nserve:\n  listen: :3\n", ":3", "[] 0"},
		{"neither", "database: x\n", ":1", "[] 0"},
	} {
		t.Setenv("T_CONFIG", write(t, tc.text))
		p, err := parse(t)
		if got := fmt.Sprint(p.Serve.Device, len(p.Serve.Device)); err != nil || p.Serve.Listen != tc.listen || got != tc.devices {
			t.Errorf("%s: listen %q, devices %s, %v", tc.name, p.Serve.Listen, got, err)
		}
	}
}

func TestSecretFileErrors(t *testing.T) {
	t.Setenv("T_DATABASE_FILE", filepath.Join(t.TempDir(), "missing"))
	if _, err := parse(t); err == nil {
		t.Error("a missing secret file is no error")
	}
	t.Setenv("T_DATABASE_FILE", write(t, strings.Repeat("x", 70<<10)))
	if _, err := parse(t); err == nil {
		t.Error("a huge secret file is no error")
	}
	t.Setenv("T_DATABASE_FILE", write(t, "a"))
	t.Setenv("T_DATABASE", "b")
	if _, err := parse(t); err == nil || !strings.Contains(err.Error(), "both") {
		t.Errorf("both set: %v", err)
	}
}

func TestGuard(t *testing.T) {
	path := write(t, "x")
	if err := config.Guard(path); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := config.Guard(path); !errors.Is(err, config.ErrUnsafe) {
		t.Errorf("world-readable: %v", err)
	}
}
