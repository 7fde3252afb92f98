package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Cost is argon2id's: memory in KiB and passes, one lane. The default is OWASP's second recommendation; tests lower it.
type Cost struct {
	MemoryKiB uint32
	Passes    uint32
}

// DefaultCost takes about 30 ms on a small server.
var DefaultCost = Cost{MemoryKiB: 19 << 10, Passes: 2}

const (
	saltBytes   = 16
	hashBytes   = 32
	minPassword = 8
	maxPassword = 256 // bytes; argon2 would take more, at the server's cost
)

func checkPassword(password string) error {
	if utf8.RuneCountInString(password) < minPassword {
		return fault.New(fault.Invalid, "password_short", "a password has at least %d characters", minPassword)
	}
	if len(password) > maxPassword {
		return fault.New(fault.Invalid, "password_long", "a password has at most %d bytes", maxPassword)
	}
	return nil
}

// hash returns password in PHC form: $argon2id$v=19$m=…,t=…,p=1$salt$hash.
func (c Cost) hash(password string) string {
	salt := id.Random(saltBytes)
	sum := argon2.IDKey([]byte(password), salt, c.Passes, c.MemoryKiB, 1, hashBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// verify compares in constant time and reports whether the hash was made with another cost than c.
func (c Cost) verify(stored, password string) (ok, outdated bool, err error) {
	cost, salt, sum, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey([]byte(password), salt, cost.Passes, cost.MemoryKiB, 1, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1, cost != c, nil
}

func parsePHC(stored string) (c Cost, salt, sum []byte, err error) {
	bad := errors.New("stored password hash is damaged")
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &c.MemoryKiB, &c.Passes); err != nil || c.Passes == 0 || c.MemoryKiB < 8 || c.MemoryKiB > 1<<20 || c.Passes > 64 {
		return c, nil, nil, bad
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, bad
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) < 16 || len(sum) > 64 {
		return c, nil, nil, bad
	}
	return c, salt, sum, nil
}

// digest is the stored form of a 256-bit random token: such a token needs no salt and no stretching.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func same(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
