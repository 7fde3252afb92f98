package secret_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/backdock/backdock/internal/secret"
)

func ring(t *testing.T, text string) *secret.Ring {
	t.Helper()
	r, err := secret.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealOpensOnlyInItsPlace(t *testing.T) {
	r := ring(t, secret.Generate())
	key, sealed := r.Seal([]byte("王小明"), "orders.name/7")
	if bytes.Contains(sealed, []byte("王小明")) {
		t.Fatal("sealed value shows the plain one")
	}
	if got, err := r.Open(key, sealed, "orders.name/7"); err != nil || string(got) != "王小明" {
		t.Fatalf("open: %q, %v", got, err)
	}
	if _, err := r.Open(key, sealed, "orders.name/8"); err == nil {
		t.Error("opened in another row")
	}
	if _, err := ring(t, secret.Generate()).Open(key, sealed, "orders.name/7"); err == nil {
		t.Error("opened with another ring")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := r.Open(key, bad, "orders.name/7"); err == nil {
			t.Errorf("opened with bit %d flipped", i*8)
		}
	}
	if _, err := r.Open(key, sealed[:5], "orders.name/7"); err == nil {
		t.Error("opened a stump")
	}
	if _, again := r.Seal([]byte("王小明"), "orders.name/7"); bytes.Equal(sealed, again) {
		t.Error("sealing twice gave the same bytes")
	}
}

func TestRotationKeepsOldValuesAndIndexes(t *testing.T) {
	old := secret.Generate()
	before := ring(t, old)
	key, sealed := before.Seal([]byte("x"), "a")
	lines := strings.SplitN(old, "\n", 2)
	fresh := strings.SplitN(secret.Generate(), "\n", 2)[1]
	after := ring(t, lines[0]+"\n"+fresh+lines[1])
	if got, err := after.Open(key, sealed, "a"); err != nil || string(got) != "x" {
		t.Fatalf("old value after rotation: %q, %v", got, err)
	}
	if k, _ := after.Seal([]byte("x"), "a"); k == key {
		t.Error("the old key still seals")
	}
	if before.Phone("13800138000") != after.Phone("13800138000") {
		t.Error("rotation changed the blind index")
	}
}

func TestIndexNormalises(t *testing.T) {
	r := ring(t, secret.Generate())
	for _, same := range []string{"+86 138-0013-8000", "008613800138000", "１３８００１３８０００", " 138 0013 8000 "} {
		if r.Phone(same) != r.Phone("13800138000") {
			t.Errorf("%q differs", same)
		}
	}
	if r.Phone("13800138001") == r.Phone("13800138000") || r.Phone("13800138000") == r.Name("13800138000") {
		t.Error("different values share an index")
	}
	if r.Name("Ｌi　Ming") != r.Name("li ming") {
		t.Error("width and case count in a name")
	}
	if r.Phone(" - ") != "" {
		t.Error("nothing has an index")
	}
}

func TestParseRefuses(t *testing.T) {
	good := secret.Generate()
	for name, text := range map[string]string{
		"empty": "", "only index": strings.SplitN(good, "\n", 2)[0], "no index": strings.SplitN(good, "\n", 2)[1],
		"short key": "index AAAA\n", "not base64": "index ???\n", "twice": good + strings.SplitN(good, "\n", 2)[1], "two indexes": good + good,
	} {
		if _, err := secret.Parse(text); err == nil {
			t.Errorf("%s: accepted", name)
		} else if len(text) > 60 && strings.Contains(err.Error(), strings.Fields(good)[1]) {
			t.Errorf("%s: the error shows a key", name)
		}
	}
}

func TestLoadFileMakesOneRingForAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "keys")
	if _, err := secret.LoadFile(path, false); err == nil {
		t.Fatal("a missing ring was made unasked")
	}
	var wg sync.WaitGroup
	indexes := make([]string, 8)
	for i := range indexes {
		wg.Go(func() {
			r, err := secret.LoadFile(path, true)
			if err != nil {
				t.Error(err)
				return
			}
			indexes[i] = r.Phone("1")
		})
	}
	wg.Wait()
	for _, v := range indexes {
		if v != indexes[0] {
			t.Fatal("two processes made two rings")
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
