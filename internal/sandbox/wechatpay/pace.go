package wechatpay

import "time"

// pace counts the requests of the current second.
type pace struct {
	second       int64
	all, failing int
}

// allow tells whether one more request fits.
func (p *pace) allow(l Limits, now time.Time) bool {
	p.turn(now)
	p.all++
	return (l.PerSecond == 0 || p.all <= l.PerSecond) && (l.ErrorsPerSecond == 0 || p.failing < l.ErrorsPerSecond)
}

// failed counts an erroneous one.
func (p *pace) failed(now time.Time) {
	p.turn(now)
	p.failing++
}

func (p *pace) turn(now time.Time) {
	if second := now.Unix(); second != p.second {
		*p = pace{second: second}
	}
}
