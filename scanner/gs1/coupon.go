package gs1

// Coupons of North America carry a value within the value: each field's length stands before it as one digit. Source: GS1 US, North American Coupon
// Application Guideline Using GS1 DataBar Expanded Symbols.

// fields walks such a value. After the first that is missing or not allowed, ok stays false.
type fields struct {
	rest string
	ok   bool
}

// take removes n digits.
func (f *fields) take(n int) string {
	if !f.ok || len(f.rest) < n {
		f.ok = false
		return ""
	}
	out := f.rest[:n]
	f.rest = f.rest[n:]
	return out
}

// oneOf removes a digit of the set.
func (f *fields) oneOf(set string) string {
	d := f.take(1)
	f.ok = f.ok && only(d, set)
	return d
}

// sized removes a length of the set and as many digits, and more beyond it.
func (f *fields) sized(set string, more int) {
	if d := f.oneOf(set); f.ok {
		f.take(number(d) + more)
	}
}

// option removes the digit that announces an optional field, if it stands next.
func (f *fields) option(d byte) bool {
	if !f.ok || f.rest == "" || f.rest[0] != d {
		return false
	}
	f.take(1)
	return true
}

// purchase is what must be bought: how much, of what kind, of which family.
func (f *fields) purchase() {
	f.sized("12345", 0)
	f.oneOf("012349")
	f.take(3)
}

// company is the company prefix of a further purchase; 9 stands for the first one's.
func (f *fields) company() {
	if !f.option('9') {
		f.sized("0123456", 6)
	}
}

// coupon checks (8110).
func coupon(v string) bool {
	f := &fields{rest: v, ok: only(v, digitSet)}
	f.sized("0123456", 6) // company prefix
	f.take(6)             // offer
	f.sized("12345", 0)   // save value
	f.purchase()
	if f.option('1') {
		f.oneOf("0123")
		f.purchase()
		f.company()
	}
	if f.option('2') {
		f.purchase()
		f.company()
	}
	f.validity()
	if f.option('5') {
		f.sized(digitSet, 6) // serial
	}
	if f.option('6') {
		f.sized("1234567", 6) // retailer
	}
	if f.option('9') {
		f.oneOf("01256")
		f.oneOf("012")
		f.take(1)
		f.oneOf("01")
	}
	return f.ok && f.rest == ""
}

// validity is the last and the first day.
func (f *fields) validity() {
	last := ""
	if f.option('3') {
		last = f.date()
	}
	if f.option('4') {
		if first := f.date(); f.ok && last != "" && first > last {
			f.ok = false
		}
	}
}

func (f *fields) date() string {
	d := f.take(6)
	f.ok = f.ok && day("20"+d) && d[4:] != "00"
	return d
}

// couponOffer checks (8112): format, funder, offer, serial.
func couponOffer(v string) bool {
	f := &fields{rest: v, ok: only(v, digitSet)}
	f.oneOf("01")
	f.sized("0123456", 6)
	f.take(6)
	f.sized(digitSet, 6)
	return f.ok && f.rest == ""
}
