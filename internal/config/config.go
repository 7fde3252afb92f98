package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	kongyaml "github.com/alecthomas/kong-yaml"
)

// maxSecret bounds a file named by NAME_FILE.
const maxSecret = 64 << 10

// Options returns the options every program gives kong: NAME_FILE for every flag that has an environment name.
func Options(name, description string) []kong.Option {
	return []kong.Option{kong.Name(name), kong.Description(description), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}), Secrets()}
}

// Secrets lets NAME_FILE name a file with the value of every flag that has an environment name.
func Secrets() kong.Option { return kong.Resolvers(files{}) }

// files answers for flags whose value is in the file named by NAME_FILE.
type files struct{}

func (files) Validate(*kong.Application) error { return nil }

func (files) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		path, ok := os.LookupEnv(env + "_FILE")
		if !ok || path == "" {
			continue
		}
		if _, both := os.LookupEnv(env); both {
			return nil, fmt.Errorf("%s and %s_FILE are both set: keep one", env, env)
		}
		return readSecret(path)
	}
	return nil, nil
}

func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > maxSecret {
		return "", fmt.Errorf("%s is larger than %d bytes: not a secret", path, maxSecret)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	// Editors and echo end a file with a newline that is not part of the secret.
	return strings.TrimRight(string(b), "\r\n"), nil
}

// File is the type of a --config flag: a YAML file whose keys are flag names.
type File string

// BeforeResolve adds the file's values, behind those of the environment.
func (f File) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(File))
	if path == "" {
		return nil
	}
	r, err := os.Open(filepath.Clean(kong.ExpandPath(path)))
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	defer r.Close()
	values, err := kongyaml.Loader(r)
	if err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := values.Validate(k.Model); err != nil {
		return fmt.Errorf("configuration %s: %w", path, err)
	}
	ctx.AddResolver(behindEnv{values})
	return nil
}

// behindEnv asks its resolver only for flags that the environment leaves open; kong would let the resolver win.
type behindEnv struct{ kong.Resolver }

func (b behindEnv) Resolve(ctx *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		for _, name := range []string{env, env + "_FILE"} {
			if _, ok := os.LookupEnv(name); ok {
				return nil, nil
			}
		}
	}
	// A command's own section counts before the key that all its flags of that name share.
	v, err := b.Resolver.Resolve(ctx, parent, flag)
	if v == nil && err == nil {
		return b.Resolver.Resolve(ctx, &kong.Path{App: ctx.Model}, flag)
	}
	return v, err
}

// ErrUnsafe is returned by Guard.
var ErrUnsafe = errors.New("readable by others")

// Guard reports an error when the file at path can be read by anyone but its owner and group.
func Guard(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("%s: %w; run chmod o-rwx on it", path, ErrUnsafe)
	}
	return nil
}
