package killpoint

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestParse(t *testing.T) {
	for _, bad := range []string{"self.test", "self.test:0", "self.test:x", "self.test:-1", "no.such:1", ":1"} {
		if a, err := parse(bad); err == nil {
			t.Errorf("parse(%q) = %+v, want an error", bad, a)
		}
	}
	if a, err := parse(""); a != nil || err != nil {
		t.Errorf("parse of nothing = %v, %v", a, err)
	}
	a, err := parse("self.test:7")
	if err != nil || a.name != "self.test" || a.at != 7 {
		t.Errorf("parse = %+v, %v", a, err)
	}
}

// The child hits the point ten times and says so each time: it must die on the third, before it can say the third.
func TestHitKills(t *testing.T) {
	if os.Getenv(Env) != "" {
		for range 10 {
			Hit("self.other")
			Hit("self.test")
			os.Stdout.WriteString("alive\n")
		}
		os.Exit(0)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestHitKills$")
	cmd.Env = append(os.Environ(), Env+"=self.test:3")
	out, err := cmd.Output()
	exit, ok := err.(*exec.ExitError)
	if !ok {
		t.Fatalf("the child lived: %v\n%s", err, out)
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v, want SIGKILL", status)
	}
	if got := strings.Count(string(out), "alive"); got != 2 {
		t.Fatalf("the child came past the point %d times, want 2", got)
	}
}

// Names and the Hit calls of the tree are the same set.
func TestNamesMatchSource(t *testing.T) {
	call := regexp.MustCompile(`killpoint\.Hit\(([^)]*)\)`)
	found := map[string]bool{"self.test": true}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || (strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2)) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.Contains(path, "killpoint/") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range call.FindAllSubmatch(src, -1) {
			arg := string(m[1])
			if !strings.HasPrefix(arg, `"`) {
				t.Errorf("%s: killpoint.Hit(%s): the name must be a string literal, so that the list can be checked", path, arg)
				continue
			}
			found[strings.Trim(arg, `"`)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range found {
		if !Known(name) {
			t.Errorf("%q is hit but not in Names", name)
		}
	}
	for i, name := range Names {
		if !found[name] {
			t.Errorf("%q is in Names but nothing hits it", name)
		}
		if slices.Contains(Names[:i], name) {
			t.Errorf("%q is listed twice", name)
		}
	}
}
