package scanner

import (
	"fmt"
	"strconv"
)

// MaxPlate is the largest number a license plate can carry.
const MaxPlate = 999_999_999

// Plate renders license plate number n: "U", nine digits, and a GS1 check digit (weights 3,1 from the right), so that a misread plate is refused.
// It panics outside 1…MaxPlate: leases never hand out such a number.
func Plate(n int64) string {
	if n < 1 || n > MaxPlate {
		panic(fmt.Sprintf("license plate number %d out of range", n))
	}
	digits := fmt.Sprintf("%09d", n)
	return "U" + digits + string(rune('0'+checkDigit(digits)))
}

// PlateNumber reads a license plate. ok is false for anything but a whole plate with the right check digit.
func PlateNumber(s string) (n int64, ok bool) {
	if len(s) != 11 || (s[0] != 'U' && s[0] != 'u') {
		return 0, false
	}
	for _, c := range s[1:] {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	if checkDigit(s[1:10]) != int(s[10]-'0') {
		return 0, false
	}
	n, err := strconv.ParseInt(s[1:10], 10, 64)
	return n, err == nil && n > 0
}

func checkDigit(digits string) int {
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += int(digits[i]-'0') * weight
		weight = 4 - weight
	}
	return (10 - sum%10) % 10
}
