package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/backdock/backdock/scanner/agent"
	"github.com/backdock/backdock/scanner/profile"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (profilesCmd{}).print(&out); err != nil {
		t.Fatal(err)
	}
	for _, p := range profile.All() {
		for _, want := range append([]string{"profile=" + p.Name + ": " + p.Maker, p.Source, p.EN[0]}, p.ZH...) {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q", p.Name, want)
			}
		}
		// What is printed can be used as it is.
		if _, err := agent.Parse("serial:///dev/ttyACM0?profile=" + p.Name); err != nil {
			t.Error(err)
		}
	}
	page, err := os.ReadFile("../../docs/station.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profile.All() {
		if !strings.Contains(string(page), "`"+p.Name+"`") {
			t.Errorf("docs/station.md does not name the profile %s", p.Name)
		}
	}
	out.Reset()
	if err := (profilesCmd{Name: "gryphon"}).print(&out); err != nil || !strings.Contains(out.String(), "  good      12 1B 5B 33 71 0D\n") || strings.Contains(out.String(), "zebra") {
		t.Errorf("%v\n%s", err, out.String())
	}
	out.Reset()
	var list []map[string]any
	if err := (profilesCmd{JSON: true, Name: "zebra-ssi"}).print(&out); err != nil || json.Unmarshal(out.Bytes(), &list) != nil || len(list) != 1 || list[0]["part"] != "04D00400FF28" {
		t.Errorf("%v\n%s", err, out.String())
	}
	if err := (profilesCmd{Name: "loud"}).print(&out); err == nil || !strings.Contains(err.Error(), "want one of") {
		t.Errorf("an unknown profile gave %v", err)
	}
}
