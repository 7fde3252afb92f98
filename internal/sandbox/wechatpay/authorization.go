package wechatpay

import (
	"fmt"
	"strings"
)

const scheme = "WECHATPAY2-SHA256-RSA2048"

// authorization is the content of the header of that name.
type authorization struct {
	MchID, Nonce, Timestamp, Serial, Signature string
}

// parseAuthorization reads `WECHATPAY2-SHA256-RSA2048 key="value",…`: five keys, each once, in any order, blanks allowed after commas. Values hold no
// quotes, so there is nothing to unescape.
func parseAuthorization(header string) (authorization, error) {
	var a authorization
	rest, ok := strings.CutPrefix(header, scheme+" ")
	if !ok {
		return a, fmt.Errorf("the scheme is not %s", scheme)
	}
	fields := map[string]*string{"mchid": &a.MchID, "nonce_str": &a.Nonce, "timestamp": &a.Timestamp, "serial_no": &a.Serial, "signature": &a.Signature}
	rest = strings.TrimSpace(rest)
	for rest != "" {
		key, after, ok := strings.Cut(rest, `="`)
		if !ok {
			return a, fmt.Errorf(`want key="value"`)
		}
		value, tail, ok := strings.Cut(after, `"`)
		if !ok {
			return a, fmt.Errorf("the value of %.20q has no closing quote", key)
		}
		field, known := fields[key]
		if !known {
			return a, fmt.Errorf("%.20q is not expected, or twice", key)
		}
		if value == "" {
			return a, fmt.Errorf("%s is empty", key)
		}
		*field = value
		delete(fields, key)
		rest = strings.TrimLeft(tail, " ")
		if rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return a, fmt.Errorf("want a comma after %s", key)
		}
		if rest = strings.TrimLeft(rest, " "); rest == "" {
			return a, fmt.Errorf("nothing follows the last comma")
		}
	}
	for key := range fields {
		return a, fmt.Errorf("%s is missing", key)
	}
	return a, nil
}
