package barcode

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// Confidence says how surely a text means what a candidate says.
type Confidence int

const (
	Low     Confidence = 1 // digits that many other numbers share
	Medium  Confidence = 2
	High    Confidence = 3 // letters and length of one courier
	Certain Confidence = 4 // and a right check digit
)

var confidences = [...]string{"none", "low", "medium", "high", "certain"}

func (c Confidence) String() string { return confidences[max(0, min(int(c), 4))] }

//go:embed couriers.yaml
var couriersFile []byte

// Couriers are the rules by which waybill numbers are told. Safe for concurrent use.
type Couriers struct {
	order []string
	rules map[string][]courierRule
}

type courierRule struct {
	confidence Confidence
	s10        bool
	inside     bool
	number     *regexp.Regexp
	packed     *regexp.Regexp // number with its packages; nil where the courier's labels do not say
	packedConf Confidence
}

// couriersDoc is the form of the file.
type couriersDoc struct {
	Version  int `yaml:"version"`
	Couriers []struct {
		Carrier string    `yaml:"carrier"`
		Rules   []ruleDoc `yaml:"rules"`
	} `yaml:"couriers"`
}

type ruleDoc struct {
	Pattern            string   `yaml:"pattern"`
	Confidence         string   `yaml:"confidence"`
	Check              string   `yaml:"check"`
	Packages           string   `yaml:"packages"`
	PackagesConfidence string   `yaml:"packages_confidence"`
	Inside             bool     `yaml:"inside"`
	Examples           []string `yaml:"examples"`
	Refuses            []string `yaml:"refuses"`
}

const (
	maxCouriersFile = 256 << 10
	maxRules        = 500
	maxPattern      = 200
)

var carrierCode = regexp.MustCompile(`^[a-z][a-z0-9_]{1,19}$`)

var standardCouriers = sync.OnceValue(func() *Couriers {
	c, err := (&Couriers{}).With("couriers.yaml", couriersFile)
	if err != nil {
		panic(err) // the file is compiled in and a test reads it
	}
	return c
})

// StandardCouriers are the rules that are built in.
func StandardCouriers() *Couriers { return standardCouriers() }

// Known reports whether there are rules of a carrier of this code.
func (c *Couriers) Known(carrier string) bool { return slices.Contains(c.order, carrier) }

// With returns the rules changed by a file: couriers it names are replaced, others stay. An error names the file, the line and what is wrong there.
func (c *Couriers) With(file string, data []byte) (*Couriers, error) {
	if len(data) > maxCouriersFile {
		return nil, fmt.Errorf("%s: larger than %d KiB", file, maxCouriersFile>>10)
	}
	var doc couriersDoc
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: empty; want version and couriers", file)
		}
		return nil, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	place := &placer{file: file}
	if err := yaml.Unmarshal(data, &place.root); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if doc.Version != 1 {
		return nil, place.err("want version: 1", "version")
	}
	out := &Couriers{order: slices.Clone(c.order), rules: map[string][]courierRule{}}
	for k, v := range c.rules {
		out.rules[k] = v
	}
	return out, out.add(doc, place)
}

func (c *Couriers) add(doc couriersDoc, place *placer) error {
	named := map[string]bool{}
	total := 0
	for i, d := range doc.Couriers {
		switch {
		case !carrierCode.MatchString(d.Carrier):
			return place.err(fmt.Sprintf("carrier %q: want 2 to 20 lower-case letters, digits or _, a letter first", d.Carrier), "couriers", i, "carrier")
		case named[d.Carrier]:
			return place.err(fmt.Sprintf("carrier %s stands twice", d.Carrier), "couriers", i, "carrier")
		}
		named[d.Carrier] = true
		var rules []courierRule
		for k, rd := range d.Rules {
			r, what, err := rd.compile()
			if err != nil {
				return place.err(fmt.Sprintf("carrier %s, rule %d: %v", d.Carrier, k+1, err), "couriers", i, "rules", k, what)
			}
			rules = append(rules, r)
		}
		if total += len(rules); total > maxRules {
			return place.err(fmt.Sprintf("more than %d rules", maxRules), "couriers", i)
		}
		if c.rules[d.Carrier] == nil {
			c.order = append(c.order, d.Carrier)
		}
		if c.rules[d.Carrier] = rules; len(rules) == 0 {
			delete(c.rules, d.Carrier)
			c.order = slices.DeleteFunc(c.order, func(o string) bool { return o == d.Carrier })
		}
	}
	return nil
}

// compile checks a rule. what is the field that is wrong.
func (d ruleDoc) compile() (r courierRule, what string, err error) {
	if r.number, err = whole(d.Pattern); err != nil {
		return r, "pattern", fmt.Errorf("pattern: %w", err)
	}
	if r.confidence, err = confidence(d.Confidence); err != nil {
		return r, "confidence", err
	}
	if d.Check != "" && d.Check != "s10" {
		return r, "check", fmt.Errorf("check %q: want s10 or nothing", d.Check)
	}
	r.s10, r.inside = d.Check == "s10", d.Inside
	if r.s10 != (r.confidence == Certain) {
		return r, "confidence", fmt.Errorf("certain is for numbers with a check digit, and only for them")
	}
	if d.Packages != "" {
		if r.packed, err = whole("(" + d.Pattern + ")" + d.Packages); err != nil {
			return r, "packages", fmt.Errorf("packages: %w", err)
		}
		if extra := r.packed.NumSubexp() - r.number.NumSubexp(); extra != 3 || r.number.NumSubexp() != 0 {
			return r, "packages", fmt.Errorf("packages needs two groups, package and packages, and the pattern none; write (?:…) there")
		}
		if r.packedConf, err = confidence(d.PackagesConfidence); err != nil {
			return r, "packages_confidence", fmt.Errorf("packages_confidence: %w", err)
		}
	} else if d.PackagesConfidence != "" {
		return r, "packages_confidence", fmt.Errorf("packages_confidence without packages")
	}
	what, err = d.try(r)
	return r, what, err
}

// try holds a rule against its own examples.
func (d ruleDoc) try(r courierRule) (what string, err error) {
	if len(d.Examples) == 0 {
		return "examples", fmt.Errorf("no examples: without one nobody sees what the pattern is meant for")
	}
	for _, e := range d.Examples {
		c, ok := r.match(upright(e))
		if !ok {
			return "examples", fmt.Errorf("example %s does not match", e)
		}
		if d.Inside && strings.Trim(c.Number, "0123456789") == "" {
			return "inside", fmt.Errorf("inside: %s is all digits; a long text holds too many digits that are something else", e)
		}
	}
	for _, e := range d.Refuses {
		if _, ok := r.match(upright(e)); ok {
			return "refuses", fmt.Errorf("%s matches and must not", e)
		}
	}
	return "", nil
}

func whole(pattern string) (*regexp.Regexp, error) {
	if pattern == "" || len(pattern) > maxPattern+20 {
		return nil, fmt.Errorf("want 1 to %d characters", maxPattern)
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, err
	}
	if re.MatchString("") {
		return nil, errors.New("matches nothing at all")
	}
	return re, nil
}

func confidence(s string) (Confidence, error) {
	if i := slices.Index(confidences[:], s); i > 0 {
		return Confidence(i), nil
	}
	return 0, fmt.Errorf("confidence %q: want low, medium, high or certain", s)
}

// placer finds the line of a part of the file.
type placer struct {
	file string
	root yaml.Node
}

// err makes an error at the deepest part of path that exists.
func (p *placer) err(text string, path ...any) error {
	n := &p.root
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range path {
		next := child(n, step)
		if next == nil {
			break
		}
		n = next
	}
	return fmt.Errorf("%s:%d: %s", p.file, max(n.Line, 1), text)
}

func child(n *yaml.Node, step any) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch s := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && s < len(n.Content) {
			return n.Content[s]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s {
				return n.Content[i+1]
			}
		}
	}
	return nil
}
