package s3

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	dateForm   = "20060102T150405Z"
	clockSkew  = 15 * time.Minute
	terminator = "aws4_request"
)

// refusal is an error as S3 words it.
type refusal struct {
	status int
	code   string
}

func (r refusal) Error() string { return r.code }

var (
	errNoSignature = refusal{http.StatusForbidden, "AccessDenied"}
	errSignature   = refusal{http.StatusForbidden, "SignatureDoesNotMatch"}
	errKey         = refusal{http.StatusForbidden, "InvalidAccessKeyId"}
	errSkew        = refusal{http.StatusForbidden, "RequestTimeTooSkewed"}
	errHash        = refusal{http.StatusBadRequest, "XAmzContentSHA256Mismatch"}
	errHeader      = refusal{http.StatusBadRequest, "AuthorizationHeaderMalformed"}
)

// signed is what a request's signature says, and what signs the chunks of its body.
type signed struct {
	key       []byte // derived for the day, region and service
	scope     string
	date      string
	signature string
}

// verify checks the signature of a request.
func (s *Server) verify(r *http.Request) (signed, error) {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return signed{}, errNoSignature
	}
	part := map[string]string{}
	for f := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		part[name] = value
	}
	scope := strings.Split(part["Credential"], "/")
	if len(scope) != 5 || scope[2] != s.o.Region || scope[3] != "s3" || scope[4] != terminator {
		return signed{}, errHeader
	}
	if scope[0] != s.o.Key {
		return signed{}, errKey
	}
	date := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(dateForm, date)
	if err != nil || date[:8] != scope[1] {
		return signed{}, errHeader
	}
	if d := s.o.Now().Sub(at); d > clockSkew || d < -clockSkew {
		return signed{}, errSkew
	}
	names := strings.Split(part["SignedHeaders"], ";")
	if err := covers(r, names); err != nil {
		return signed{}, err
	}
	out := signed{key: dayKey(s.o.Secret, scope[1:]), scope: strings.Join(scope[1:], "/"), date: date, signature: part["Signature"]}
	sum := sha256.Sum256([]byte(canonical(r, names)))
	want := out.sign(strings.Join([]string{algorithm, date, out.scope, hex.EncodeToString(sum[:])}, "\n"))
	if !hmac.Equal([]byte(want), []byte(out.signature)) {
		return signed{}, errSignature
	}
	return out, nil
}

// covers checks that the host and everything that starts with x-amz- is signed: what is not could have been changed on the way.
func covers(r *http.Request, names []string) error {
	if !slices.IsSorted(names) || !slices.Contains(names, "host") {
		return errHeader
	}
	for name := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-amz-") && !slices.Contains(names, low) {
			return errHeader
		}
	}
	return nil
}

// canonical writes a request as it is signed.
func canonical(r *http.Request, names []string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + encode(r.URL.Path, false) + "\n")
	var pairs []string
	for name, values := range r.URL.Query() {
		for _, v := range values {
			pairs = append(pairs, encode(name, true)+"="+encode(v, true))
		}
	}
	slices.Sort(pairs)
	b.WriteString(strings.Join(pairs, "&") + "\n")
	for _, name := range names {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	b.WriteString("\n" + strings.Join(names, ";") + "\n" + r.Header.Get("X-Amz-Content-Sha256"))
	return b.String()
}

// encode writes text as Amazon's UriEncode does: all but unreserved characters in percent form.
func encode(text string, slash bool) string {
	out := strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(text))
	if !slash {
		out = strings.ReplaceAll(out, "%2F", "/")
	}
	return out
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func dayKey(secret string, scope []string) []byte {
	key := []byte("AWS4" + secret)
	for _, s := range scope {
		key = mac(key, s)
	}
	return key
}

func (s signed) sign(text string) string { return hex.EncodeToString(mac(s.key, text)) }
