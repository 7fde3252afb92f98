package archtest

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/backdock/backdock/"

// rooms says which house packages each package may import directly; the longest prefix that fits a package is its rule. "x/..." allows x and all below it,
// "x" only itself. A package that no entry fits fails: a new room needs a rule.
var rooms = []struct {
	pkg     string
	imports []string
}{
	{"internal", []string{"internal/..."}},
	{"internal/sandbox", []string{"internal/sandbox/...", "internal/clock", "internal/id"}},
	{"internal/archtest", nil},

	{"scanner", nil},
	{"scanner/wire", []string{"scanner"}},
	{"scanner/wire/wiretest", []string{"scanner", "scanner/wire", "scanner/guess", plumbing}},
	{"scanner/frame", []string{"scanner"}},
	{"scanner/gs1", nil},
	{"scanner/barcode", []string{"scanner", "scanner/gs1"}},
	{"scanner/profile", nil},
	{"scanner/hid", []string{"scanner", "scanner/frame", "scanner/plug", "scanner/usb", "scanner/hid/...", plumbing}},
	{"scanner/hid/keyboard", []string{"scanner/frame"}},
	{"scanner/hid/descriptor", nil},
	{"scanner/hid/hidtest", []string{"scanner/hid/descriptor"}},
	{"scanner/hid/pos", []string{"scanner/frame", "scanner/hid/descriptor"}},
	{"scanner/plug", nil},
	{"scanner/plug/plugtest", []string{"scanner/plug"}},
	{"scanner/logbook", nil},
	{"scanner/maker", nil},
	{"scanner/usb", []string{"scanner/plug", "internal/fault"}},
	{"scanner/serial", []string{"scanner", "scanner/plug", "scanner/usb", plumbing}},
	{"scanner/tcp", []string{"scanner", plumbing}},
	{"scanner/replay", []string{"scanner", plumbing}},
	{"scanner/sticker", []string{"scanner"}},
	{"scanner/printer", []string{"scanner", plumbing}},
	{"scanner/printer/printertest", nil},
	{"scanner/scale", []string{"scanner", "scanner/serial", "scanner/tcp", plumbing}},
	{"scanner/disk", nil},
	{"scanner/journal", []string{"scanner", "scanner/wire", "scanner/disk", plumbing}},
	{"scanner/uplink", []string{"scanner", "scanner/wire", "scanner/journal", plumbing}},
	{"scanner/expected", []string{"scanner/wire", "scanner/disk", plumbing}},
	{"scanner/guess", []string{"scanner", "scanner/disk", plumbing}},
	{"scanner/agent", []string{"scanner/...", "web", plumbing}},

	{"inventory", []string{"internal/..."}},
	{"inventory/catalogue", []string{"inventory", "internal/..."}},
	{"inventory/place", []string{"inventory", "internal/..."}},
	{"inventory/qc", []string{"inventory", "inventory/catalogue", "inventory/place", "internal/..."}},
	{"inventory/stock", []string{"inventory", "inventory/catalogue", "inventory/place", "internal/..."}},

	{"receiving", []string{"scanner", "scanner/wire", "internal/..."}},
	{"receiving/order", []string{"inventory/catalogue", "receiving", "internal/..."}},
	{"receiving/match", []string{"receiving", "receiving/order", "receiving/aftersales", "inventory/catalogue", "scanner", "scanner/barcode", "internal/id", "internal/fault"}},
	{"receiving/queue", []string{"receiving", "scanner", "internal/..."}},
	{"receiving/work", []string{"internal/..."}},
	{"receiving/track", []string{"receiving", "receiving/aftersales", "scanner/barcode", "internal/..."}},
	{"receiving/desk", []string{"receiving", "receiving/match", "receiving/queue", "receiving/order", "receiving/aftersales", "receiving/label", "inventory/...", "scanner", "scanner/wire", "scanner/barcode", "internal/..."}},
	{"receiving/unclaimed", []string{"receiving", "receiving/match", "receiving/aftersales", "receiving/desk", "inventory", "inventory/catalogue", "inventory/place", "scanner/barcode", "internal/..."}},
	{"receiving/label", []string{"receiving", "inventory/...", "scanner", "scanner/wire", "scanner/sticker", "internal/..."}},
	{"receiving/expected", []string{"inventory/catalogue", "scanner/wire", "internal/..."}},
	{"receiving/evidence", []string{"receiving", "receiving/aftersales", "inventory", "internal/..."}},
	{"receiving/receivingtest", []string{"receiving/...", "inventory/...", "scanner/...", "internal/..."}},
	{"receiving/aftersales", []string{"receiving/order", "inventory/catalogue", "internal/..."}},
	{"receiving/aftersales/intake", []string{"receiving/aftersales", "receiving", "receiving/order", "inventory/catalogue", "inventory/place", "scanner", "scanner/barcode", "internal/..."}},
	{"receiving/aftersales/intake/sample", []string{"receiving/aftersales/intake", "scanner", "scanner/barcode"}},
	{"receiving/aftersales/refund", []string{"receiving/aftersales", "receiving/order", "inventory", "inventory/catalogue", "internal/..."}},
	{"receiving/aftersales/refund/gatewaytest", []string{"receiving/aftersales/refund"}},
	{"receiving/aftersales/followup", []string{"receiving/aftersales/...", "receiving", "receiving/order", "inventory/...", "internal/..."}},
	{"receiving/world", []string{"receiving/aftersales/...", "internal/..."}},
	{"receiving/office", []string{"receiving/aftersales/...", "receiving/desk", "receiving/unclaimed", "internal/..."}},
	{"receiving/report", []string{"receiving/...", "inventory/...", "scanner", "internal/..."}},
	{"receiving/audit", []string{"receiving/...", "inventory/...", "scanner", "internal/..."}},

	{"api", []string{"receiving/...", "inventory/...", "scanner", "scanner/wire", "scanner/sticker", "internal/...", "api/..."}},
	{"api/live", []string{"receiving/report", "internal/..."}},
	{"web", nil},
	{"cmd", []string{"..."}},
}

// plumbing is what scanner/... may use of internal.
const plumbing = "plumbing"

var plumbingRooms = []string{"internal/fault", "internal/config", "internal/clock", "internal/id", "internal/killpoint"}

// never forbids an import to a set of packages, whatever the table says. Test files are exempt: they use real parts of everything.
var never = []struct {
	what    string // import path prefix
	in      []string
	because string
}{
	{"gorm.io/", []string{"scanner/...", "receiving/match", "web", "api/...", "cmd/station/..."}, "GORM stays in the domain rooms"},
	{"github.com/gofiber/", []string{"scanner/...", "receiving/...", "inventory/...", "internal/...", "web"}, "Fiber stays in api and cmd"},
	{module + "receiving/world", []string{"scanner/...", "receiving/...", "inventory/...", "api/...", "internal/..."}, "adaptors are wired by cmd only"},
	{module + "internal/testkit", []string{"scanner/...", "receiving/...", "inventory/...", "api/...", "web", "cmd/backdock", "cmd/station/..."}, "testkit is for tests and the bench"},
	{module + "scanner/hid/hidtest", []string{"scanner/...", "receiving/...", "inventory/...", "internal/...", "api/...", "web", "cmd/station/...", "cmd/backdock", "cmd/bench", "cmd/sandbox"}, "it plays devices, for tests and cmd/vmtest"},
	{module + "scanner/plug/plugtest", []string{"..."}, "it plugs scanners into a machine of files, for tests"},
	{module + "internal/sandbox", []string{"scanner/...", "receiving/...", "inventory/...", "api/...", "web", "cmd/station/..."}, "the simulated world is for tests, the demo and the bench"},
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportRules(t *testing.T) {
	for _, p := range list(t, "./...") {
		name, ok := strings.CutPrefix(p.ImportPath, module)
		if !ok {
			continue
		}
		allowed, found := ruleFor(name)
		if !found {
			t.Errorf("%s: no import rule; say in archtest what this room may import", name)
			continue
		}
		for _, imp := range p.Imports {
			if house, ok := strings.CutPrefix(imp, module); ok && !fits(house, name, allowed) {
				t.Errorf("%s imports %s: not allowed", name, house)
			}
			for _, n := range never {
				if strings.HasPrefix(imp, n.what) && imp != p.ImportPath && fits(name, "", n.in) && !strings.HasPrefix(p.ImportPath, n.what) {
					t.Errorf("%s imports %s: %s", name, imp, n.because)
				}
			}
		}
		if root := strings.SplitN(name, "/", 2)[0]; root == name {
			for _, imp := range p.Imports {
				if strings.HasPrefix(imp, module+root+"/") && root != "api" {
					t.Errorf("%s imports its own child %s", name, imp)
				}
			}
		}
	}
}

// The station program runs on small machines beside the bench; it must not carry the server.
func TestStationLinksNoServer(t *testing.T) {
	for _, p := range list(t, "./cmd/station") {
		for _, dep := range p.Deps {
			for _, bad := range []string{"gorm.io/", "github.com/gofiber/", "github.com/jackc/pgx", "modernc.org/sqlite", module + "receiving", module + "inventory", module + "api"} {
				if strings.HasPrefix(dep, bad) {
					t.Errorf("cmd/station links %s", dep)
				}
			}
		}
	}
}

func ruleFor(name string) ([]string, bool) {
	best, at := -1, 0
	for i, r := range rooms {
		if (name == r.pkg || strings.HasPrefix(name, r.pkg+"/")) && len(r.pkg) > best {
			best, at = len(r.pkg), i
		}
	}
	if best < 0 {
		return nil, false
	}
	return rooms[at].imports, true
}

func fits(house, self string, allowed []string) bool {
	if house == self {
		return true
	}
	for _, a := range allowed {
		if a == plumbing && fits(house, self, plumbingRooms) {
			return true
		}
		if base, tree := strings.CutSuffix(a, "..."); tree {
			if base = strings.TrimSuffix(base, "/"); base == "" || house == base || strings.HasPrefix(house, base+"/") {
				return true
			}
		} else if a == house {
			return true
		}
	}
	return false
}

func list(t *testing.T, pattern string) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", pattern)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatalf("no packages match %s", pattern)
	}
	return all
}
