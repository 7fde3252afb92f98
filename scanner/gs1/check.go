package gs1

import (
	"strings"
)

// The characters of a component by its kind; GS1 calls them CSET 82, 39 and 64.
const (
	digitSet = "0123456789"
	set82    = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`
	set39    = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	set64    = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	set32    = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ" // of check pairs
)

func (p part) characters(v string) Reason {
	set := digitSet
	switch p.kind {
	case 'X':
		set = set82
	case 'Y':
		set = set39
	case 'Z':
		set = set64
		for range 2 { // padding of base64
			v = strings.TrimSuffix(v, "=")
		}
	}
	if !only(v, set) {
		return Character
	}
	return ""
}

// checks are the linters by the names of the dictionary. Lengths and characters are right when they are asked.
var checks = map[string]func(string) Reason{
	"csum":           must(CheckDigit, Checked),
	"csumalpha":      must(CheckPair, checkedPair),
	"gcppos1":        must(Prefix, func(v string) bool { return len(v) >= 4 && only(v[:4], digitSet) }), // the shortest company prefix has four digits
	"gcppos2":        must(Prefix, func(v string) bool { return len(v) >= 5 && only(v[1:5], digitSet) }),
	"yymmdd":         must(Date, func(v string) bool { return day("20"+v) && v[4:] != "00" }),
	"yymmd0":         must(Date, func(v string) bool { return day("20" + v) }),
	"yyyymmdd":       must(Date, func(v string) bool { return day(v) && v[6:] != "00" }),
	"hhmi":           must(Time, func(v string) bool { return v[:2] < "24" && v[2:] < "60" }),
	"hh":             must(Time, func(v string) bool { return v < "24" }),
	"mi":             must(Time, func(v string) bool { return v < "60" }),
	"ss":             must(Time, func(v string) bool { return v < "60" }),
	"iso3166":        must(Country, func(v string) bool { return lists().country[v] }),
	"iso3166999":     must(Country, func(v string) bool { return lists().country[v] || v == "999" }),
	"iso3166alpha2":  must(Country, func(v string) bool { return lists().alpha[v] }),
	"iso4217":        must(Currency, func(v string) bool { return lists().currency[v] }),
	"iso5218":        must(Sex, func(v string) bool { return only(v, "0129") }),
	"latitude":       must(Place, func(v string) bool { return v <= "1800000000" }),
	"longitude":      must(Place, func(v string) bool { return v <= "3600000000" }),
	"zero":           must(NotZero, func(v string) bool { return only(v, "0") }),
	"nonzero":        must(Zero, func(v string) bool { return !only(v, "0") }),
	"nozeroprefix":   must(Zero, func(v string) bool { return v[0] != '0' }),
	"yesno":          must(YesNo, func(v string) bool { return only(v, "01") }),
	"winding":        must(Winding, func(v string) bool { return only(v, "019") }),
	"hyphen":         must(Hyphen, func(v string) bool { return only(v, "-") }),
	"importeridx":    must(Importer, func(v string) bool { return only(v, set64) }),
	"hasnondigit":    must(DigitsOnly, func(v string) bool { return !only(v, digitSet) }),
	"packagetype":    must(Package, func(v string) bool { return lists().pack[v] }),
	"mediatype":      must(Media, func(v string) bool { return v >= "01" && v <= "10" || v >= "80" }),
	"pieceoftotal":   must(Position, func(v string) bool { n := len(v) / 2; return !only(v[:n], "0") && v[:n] <= v[n:] }),
	"posinseqslash":  must(Position, position),
	"pcenc":          must(Percent, percent),
	"iban":           must(IBAN, iban),
	"couponcode":     must(Coupon, coupon),
	"couponposoffer": must(Coupon, couponOffer),
}

func must(r Reason, ok func(string) bool) func(string) Reason {
	return func(v string) Reason {
		if ok(v) {
			return ""
		}
		return r
	}
}

// only reports whether s has no character outside set.
func only(s, set string) bool {
	for i := range len(s) {
		if strings.IndexByte(set, s[i]) < 0 {
			return false
		}
	}
	return true
}

// Checked reports whether the last digit of a number is the GS1 check digit of those before it: GTIN, SSCC, GLN and all other keys.
func Checked(digits string) bool {
	n := len(digits) - 1
	return n > 0 && only(digits, digitSet) && CheckOf(digits[:n]) == digits[n]
}

// CheckOf is the GS1 check digit of a number without one: weights 3, 1, 3, … from the right, modulo 10.
func CheckOf(digits string) byte {
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += int(digits[i]-'0') * weight
		weight = 4 - weight
	}
	return byte('0' + (10-sum%10)%10)
}

// checkedPair weighs the characters' places in CSET 82 with the primes 2, 3, 5, … from the right, modulo 1021: ten bits, written as two of 32 characters.
func checkedPair(v string) bool {
	n := len(v) - 2
	if n < 0 {
		return false
	}
	sum, prime := 0, 1
	for i := n - 1; i >= 0; i-- {
		prime = nextPrime(prime)
		sum += strings.IndexByte(set82, v[i]) * prime
	}
	sum %= 1021
	return v[n] == set32[sum>>5] && v[n+1] == set32[sum&31]
}

func nextPrime(n int) int {
	for n++; ; n++ {
		prime := true
		for d := 2; d*d <= n; d++ {
			prime = prime && n%d != 0
		}
		if prime {
			return n
		}
	}
}

// day reports whether YYYYMMDD is one; day 00 passes.
func day(v string) bool {
	year, month, d := number(v[:4]), number(v[4:6]), number(v[6:])
	if month < 1 || month > 12 {
		return false
	}
	return d <= daysOf(year, month)
}

func daysOf(year, month int) int {
	if month == 2 && (year%4 == 0 && year%100 != 0 || year%400 == 0) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

// number reads digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// position reads "2/3": the second of three.
func position(v string) bool {
	a, b, ok := strings.Cut(v, "/")
	if !ok || a == "" || b == "" || !only(a+b, digitSet) || a[0] == '0' || b[0] == '0' {
		return false
	}
	return len(a) < len(b) || len(a) == len(b) && a <= b
}

// percent reports whether every "%" is followed by two hexadecimal digits.
func percent(v string) bool {
	for i := strings.IndexByte(v, '%'); i >= 0; i = strings.IndexByte(v, '%') {
		if len(v) < i+3 || !only(v[i+1:i+3], "0123456789ABCDEFabcdef") {
			return false
		}
		v = v[i+3:]
	}
	return true
}

// iban holds an account number against ISO 13616: country, characters and the remainder by 97.
func iban(v string) bool {
	if len(v) <= 10 || !lists().alpha[v[:2]] {
		return false
	}
	sum := 0
	for _, c := range []byte(v[4:] + v[:4]) {
		switch {
		case c >= '0' && c <= '9':
			sum = sum*10 + int(c-'0')
		case c >= 'A' && c <= 'Z':
			sum = sum*100 + int(c-'A') + 10
		default:
			return false
		}
		sum %= 97
	}
	return sum == 1
}
