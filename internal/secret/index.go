package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Phone returns the blind index of a phone number; an empty number has none. "+86 138-0013-8000", "８６13800138000" and "13800138000" are the same.
func (r *Ring) Phone(number string) string { return r.mac("phone", normalPhone(number)) }

// Name returns the blind index of a person's name; blanks, width and case do not count.
func (r *Ring) Name(name string) string { return r.mac("name", normalName(name)) }

// Badge returns the stored form of an operator's badge.
func (r *Ring) Badge(badge string) string {
	return r.mac("badge", strings.ToUpper(strings.TrimSpace(badge)))
}

// Code returns the stored form of a one-time code that people type: too short to be hashed without a key.
func (r *Ring) Code(code string) string {
	return r.mac("code", strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(code)), "-", ""))
}

// mac separates the kinds, so that equal values of two columns do not look equal.
func (r *Ring) mac(kind, value string) string {
	if value == "" {
		return ""
	}
	h := hmac.New(sha256.New, r.index)
	h.Write([]byte(kind + "\x00" + value))
	return hex.EncodeToString(h.Sum(nil))
}

func normalPhone(s string) string {
	var digits strings.Builder
	for _, c := range norm.NFKC.String(s) {
		if c >= '0' && c <= '9' {
			digits.WriteRune(c)
		}
	}
	d := strings.TrimPrefix(digits.String(), "00")
	// A Chinese mobile number has 11 digits and starts with 1; the country code is optional in what people write.
	if len(d) == 13 && strings.HasPrefix(d, "861") {
		d = d[2:]
	}
	return d
}

func normalName(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, strings.ToLower(norm.NFKC.String(s)))
}
