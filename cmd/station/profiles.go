package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/backdock/backdock/scanner/profile"
)

type profilesCmd struct {
	Name string `arg:"" optional:"" help:"One profile; all if not given."`
	JSON bool   `help:"Print JSON."`
}

func (c profilesCmd) Run() error { return c.print(os.Stdout) }

func (c profilesCmd) print(out io.Writer) error {
	list := profile.All()
	if c.Name != "" {
		p, err := profile.Find(c.Name)
		if err != nil {
			return err
		}
		list = []profile.Profile{p}
	}
	if c.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	for _, p := range list {
		if _, err := io.WriteString(out, describe(p)); err != nil {
			return err
		}
	}
	return nil
}

// sureness says what a profile rests on, for people.
var sureness = map[string]string{
	"document":   "read in the maker's documents, not tried on a scanner",
	"partly":     "read in part in the maker's documents, not tried on a scanner",
	"unverified": "unverified",
}

func describe(p profile.Profile) string {
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-9s %s\n", key, value)
		}
	}
	fmt.Fprintf(&b, "profile=%s: %s\n", p.Name, p.Maker)
	var sets []string
	for _, key := range slices.Sorted(maps.Keys(p.URL)) {
		sets = append(sets, key+"="+p.URL[key])
	}
	line("sets", strings.Join(sets, " "))
	for _, f := range []struct {
		key   string
		bytes profile.Bytes
	}{{"good", p.Good}, {"bad", p.Bad}, {"part", p.Part}, {"again", p.Again}} {
		line(f.key, fmt.Sprintf("% X", []byte(f.bytes)))
	}
	if p.Silent {
		line("beep", "silent until the station answers: its beep means safe")
	}
	line("source", p.Source)
	line("sure", sureness[p.Sure])
	for _, s := range p.Confirmed {
		line("read", s)
	}
	for _, s := range p.Open {
		line("open", s)
	}
	for _, s := range p.ZH {
		line("设置", s)
	}
	for _, s := range p.EN {
		line("set up", s)
	}
	b.WriteByte('\n')
	return b.String()
}
