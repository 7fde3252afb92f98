package barcode

import (
	"strings"

	"github.com/backdock/backdock/scanner/gs1"
)

// GTIN returns the one number of a GTIN-8, -12, -13 or -14 with a right check digit: UPC-A gets its leading zero and becomes EAN-13, a GTIN-14 that is a
// zero-filled shorter number becomes that number. A GTIN-14 with an indicator (a carton) and a GTIN-8 stay as they are.
func GTIN(s string) (string, bool) {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return "", false
	}
	if !gs1.Checked(s) || strings.Trim(s, "0") == "" {
		return "", false
	}
	full := strings.Repeat("0", 14-len(s)) + s
	switch {
	case strings.HasPrefix(full, "000000"):
		return full[6:], true
	case full[0] == '0':
		return full[1:], true
	}
	return full, true
}

// carton reports whether a GTIN-14 names a box of several pieces: its first digit, the indicator, is 1 to 8. 0 fills up a shorter number, 9 is a single piece
// of variable measure.
func carton(gtin string) bool { return len(gtin) == 14 && gtin[0] >= '1' && gtin[0] <= '8' }

// inStore reports whether a GTIN is of restricted circulation: prefixes 02, 04 and 20 to 29, and short ones with 0 or 2. Each shop gives such numbers anew; many
// hold a weight or a price.
func inStore(gtin string) bool {
	switch len(gtin) {
	case 8:
		return gtin[0] == '0' || gtin[0] == '2'
	case 13:
		return gtin[0] == '2' || gtin[:2] == "02" || gtin[:2] == "04"
	}
	return false
}

// UPCE expands a zero-suppressed UPC: six digits, seven with the check digit, or eight with number system and check digit. It returns the number as GTIN does.
func UPCE(s string) (string, bool) {
	if !digits(s) {
		return "", false
	}
	system, check := "0", ""
	switch len(s) {
	case 6:
	case 7:
		s, check = s[:6], s[6:]
	case 8:
		system, s, check = s[:1], s[1:7], s[7:]
	default:
		return "", false
	}
	if system > "1" {
		return "", false
	}
	var body string
	switch last := s[5]; {
	case last <= '2':
		body = s[:2] + s[5:] + "0000" + s[2:5]
	case last == '3':
		body = s[:3] + "00000" + s[3:5]
	case last == '4':
		body = s[:4] + "00000" + s[4:5]
	default:
		body = s[:5] + "0000" + s[5:]
	}
	upc := system + body
	want := string(gs1.CheckOf(upc))
	if check != "" && check != want {
		return "", false
	}
	return GTIN(upc + want)
}

// SSCC reads an 18-digit serial shipping container code.
func SSCC(s string) (string, bool) {
	return s, len(s) == 18 && gs1.Checked(s) && strings.Trim(s, "0") != ""
}

// The first two digits of an IMEI name the body that issued it. Without them one waybill of fifteen digits in ten would pass for a phone.
var imeiIssuers = map[string]bool{
	"01": true, "10": true, "30": true, "33": true, "35": true, "44": true, "45": true, "49": true, "50": true, "51": true, "52": true, "53": true,
	"54": true, "86": true, "91": true, "98": true, "99": true,
}

// IMEI reads a 15-digit phone number of an issuing body with a right Luhn digit.
func IMEI(s string) (string, bool) {
	return s, len(s) == 15 && digits(s) && imeiIssuers[s[:2]] && luhn(s)
}

func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func digits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return s != ""
}
