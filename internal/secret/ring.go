package secret

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

const keyBytes = 32

// indexName marks the line of a ring that holds the key of the blind indexes.
const indexName = "index"

// Ring holds the data keys, by id, and the index key.
type Ring struct {
	current string
	keys    map[string]cipher.AEAD
	index   []byte
}

// Generate returns the text of a new ring with one data key.
func Generate() string {
	return indexName + " " + base64.StdEncoding.EncodeToString(id.Random(keyBytes)) + "\n" +
		"k" + id.Hex(4) + " " + base64.StdEncoding.EncodeToString(id.Random(keyBytes)) + "\n"
}

// Parse reads a ring. Errors name the line and never its content.
func Parse(text string) (*Ring, error) {
	r := &Ring{keys: map[string]cipher.AEAD{}}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, encoded, _ := strings.Cut(line, " ")
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil || len(key) != keyBytes {
			return nil, fmt.Errorf("key ring line %d: want a name and the base64 of %d bytes", n, keyBytes)
		}
		if err := r.add(name, key); err != nil {
			return nil, fmt.Errorf("key ring line %d: %w", n, err)
		}
	}
	if r.current == "" || r.index == nil {
		return nil, errors.New("key ring: want one line \"index …\" and at least one data key")
	}
	return r, nil
}

func (r *Ring) add(name string, key []byte) error {
	if name == indexName {
		if r.index != nil {
			return errors.New("a second index key")
		}
		r.index = key
		return nil
	}
	if _, twice := r.keys[name]; twice {
		return fmt.Errorf("key %s a second time", name)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	if r.keys[name], err = cipher.NewGCM(block); err != nil {
		return err
	}
	if r.current == "" {
		r.current = name
	}
	return nil
}

// LoadFile reads the ring at path. A missing file is made with fresh keys when create is set, readable by its owner only; several processes may do so at once.
func LoadFile(path string, create bool) (*Ring, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err := writeNew(path, Generate()); err != nil {
			return nil, fmt.Errorf("make a key ring: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key ring: %w", err)
	}
	return Parse(string(text))
}

// writeNew puts text at path unless something is there already: written whole beside it, then linked, so that no reader ever sees a part.
func writeNew(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".ring-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.WriteString(text); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Seal encrypts plain under the current key. The same aad, naming row and column, must be given to Open: a value moved to another row does not open.
// Nothing seals to nothing.
func (r *Ring) Seal(plain []byte, aad string) (keyID string, sealed []byte) {
	if len(plain) == 0 {
		return r.current, nil
	}
	g := r.keys[r.current]
	nonce := id.Random(g.NonceSize())
	return r.current, g.Seal(nonce, nonce, plain, []byte(aad))
}

// Open decrypts what Seal made.
func (r *Ring) Open(keyID string, sealed []byte, aad string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	g, ok := r.keys[keyID]
	if !ok {
		return nil, fault.New(fault.Internal, "key_missing", "the key ring has no key %q", keyID)
	}
	if len(sealed) < g.NonceSize() {
		return nil, fault.New(fault.Internal, "sealed_damaged", "a sealed value is too short")
	}
	plain, err := g.Open(nil, sealed[:g.NonceSize()], sealed[g.NonceSize():], []byte(aad))
	if err != nil {
		return nil, fault.New(fault.Internal, "sealed_damaged", "a sealed value does not open: wrong row, wrong key or damaged")
	}
	return plain, nil
}
