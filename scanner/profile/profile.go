package profile

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

//go:embed profiles.yaml
var file []byte

// Bytes are written in hexadecimal; spaces are for readers.
type Bytes []byte

func (b *Bytes) UnmarshalYAML(n *yaml.Node) error {
	out, err := hex.DecodeString(strings.ReplaceAll(n.Value, " ", ""))
	if err != nil {
		return fmt.Errorf("line %d: %q is not hexadecimal", n.Line, n.Value)
	}
	*b = out
	return nil
}

// MarshalText writes hexadecimal.
func (b Bytes) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%X", []byte(b)), nil }

// Profile is one way to use one maker's scanners.
type Profile struct {
	Name    string            `yaml:"name" json:"name"`
	Maker   string            `yaml:"maker" json:"maker"`
	URL     map[string]string `yaml:"url" json:"url"` // parameters of a scanner URL that are not set there
	Good    Bytes             `yaml:"good" json:"good,omitempty"`
	Bad     Bytes             `yaml:"bad" json:"bad,omitempty"`
	Part    Bytes             `yaml:"part" json:"part,omitempty"`
	Again   Bytes             `yaml:"again" json:"again,omitempty"`
	Resends bool              `yaml:"resends" json:"resends,omitempty"`
	Silent  bool              `yaml:"silent" json:"silent,omitempty"`
	Sure    string            `yaml:"sure" json:"sure"` // document, partly, unverified
	Source  string            `yaml:"source" json:"source"`
	// Confirmed are the facts that were read, each with its page; Open are those that nobody has found a page for.
	Confirmed []string `yaml:"confirmed" json:"confirmed,omitempty"`
	Open      []string `yaml:"open" json:"open,omitempty"`
	ZH        []string `yaml:"zh" json:"zh"` // how to set the scanner up
	EN        []string `yaml:"en" json:"en"`
}

// maxFeedback bounds what a scanner is sent for one code.
const maxFeedback = 64

var all = sync.OnceValue(func() []Profile {
	list, err := parse(file)
	if err != nil {
		panic(err) // the file is compiled in and a test reads it
	}
	return list
})

// All lists the profiles in the order of the file.
func All() []Profile { return all() }

// Names lists their names.
func Names() []string {
	var out []string
	for _, p := range all() {
		out = append(out, p.Name)
	}
	return out
}

// Find returns a profile. The error lists the names.
func Find(name string) (Profile, error) {
	i := slices.IndexFunc(all(), func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, fmt.Errorf("no profile %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	return all()[i], nil
}

// Into fills parameters of a scanner URL that are not set.
func (p Profile) Into(q url.Values) {
	for key, value := range p.URL {
		if !q.Has(key) {
			q.Set(key, value)
		}
	}
}

func parse(data []byte) ([]Profile, error) {
	var doc struct {
		Version  int       `yaml:"version"`
		Profiles []Profile `yaml:"profiles"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("profiles.yaml: %w", err)
	}
	if doc.Version != 1 {
		return nil, fmt.Errorf("profiles.yaml: version %d: want 1", doc.Version)
	}
	seen := map[string]bool{}
	for i, p := range doc.Profiles {
		if err := p.valid(); err != nil {
			return nil, fmt.Errorf("profiles.yaml: profile %d, %q: %w", i+1, p.Name, err)
		}
		if seen[p.Name] {
			return nil, fmt.Errorf("profiles.yaml: profile %q stands twice", p.Name)
		}
		seen[p.Name] = true
	}
	return doc.Profiles, nil
}

func (p Profile) valid() error {
	for _, b := range []Bytes{p.Good, p.Bad, p.Part, p.Again} {
		if len(b) > maxFeedback {
			return fmt.Errorf("more than %d bytes of feedback", maxFeedback)
		}
	}
	switch {
	case p.Name == "" || p.Maker == "" || p.Source == "":
		return fmt.Errorf("name, maker and source are needed")
	case !slices.Contains([]string{"document", "partly", "unverified"}, p.Sure):
		return fmt.Errorf("sure %q: want document, partly or unverified", p.Sure)
	case p.Sure != "unverified" && len(p.Confirmed) == 0 && len(p.Good) > 0:
		return fmt.Errorf("sure %q, and no page that confirms it", p.Sure)
	case p.Sure == "unverified" && len(p.Open) == 0:
		return fmt.Errorf("unverified, and what is open is not said")
	case len(p.ZH) == 0 || len(p.EN) == 0:
		return fmt.Errorf("set-up hints are needed in zh and en")
	case p.Resends && len(p.Bad) == 0:
		return fmt.Errorf("resends without bad")
	case (len(p.Part) > 0) != (p.URL["protocol"] == "ssi"):
		return fmt.Errorf("part goes with a packet protocol")
	}
	return nil
}
