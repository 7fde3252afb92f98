package wechatpay

import (
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/backdock/backdock/internal/id"
)

// longest is how long a time-out fault hangs when the client never gives up.
const longest = 5 * time.Minute

func (c *call) strikesBefore() bool {
	if c.rule == nil {
		return false
	}
	switch c.rule.Kind {
	case TimeoutBefore, ResetBefore, ErrorBefore, FrequencyLimited, NotEnough, Refuse:
		return true
	}
	return false
}

// strikeBefore ends the call without any effect.
func (s *Server) strikeBefore(c *call) {
	switch c.rule.Kind {
	case TimeoutBefore:
		s.hang(c)
	case ResetBefore:
		s.reset(c)
	case ErrorBefore:
		s.fail(c)
	case FrequencyLimited:
		s.send(c, bad(refuse("FREQUENCY_LIMITED", "频率超限，请求过于频繁")))
	case NotEnough:
		s.send(c, bad(refuse("NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")))
	case Refuse:
		p := refuse(c.rule.Code, "按规则拒绝")
		if c.rule.Status != 0 {
			p.Status = c.rule.Status
		}
		s.send(c, bad(p))
	}
}

// answer sends what the operation decided, or what the fault makes of it. The effect is durable by now.
func (s *Server) answer(c *call, a reply) {
	if c.rule == nil {
		s.send(c, a)
		return
	}
	switch c.rule.Kind {
	case TimeoutAfter:
		s.hang(c)
	case ResetAfter:
		s.reset(c)
	case ErrorAfter:
		s.fail(c)
	case Slow:
		if s.pause(c, time.Duration(c.rule.DelayMS)*time.Millisecond) {
			s.send(c, a)
		} else {
			s.finish(c, 0, "")
		}
	default:
		s.send(c, a)
	}
}

// pause waits, but not longer than the client; true when the client is still there.
func (s *Server) pause(c *call, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.r.Context().Done():
		return false
	}
}

func (s *Server) hang(c *call) {
	s.finish(c, 0, "")
	d := longest
	if c.rule.DelayMS > 0 {
		d = time.Duration(c.rule.DelayMS) * time.Millisecond
	}
	s.pause(c, d)
	panic(http.ErrAbortHandler) // net/http cuts the connection without an answer
}

// reset makes the kernel send RST instead of FIN.
func (s *Server) reset(c *call) {
	s.finish(c, 0, "")
	conn, _, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the client sees EOF, which is a time-out to it just as well
	}
	conn.Close()
}

// fail answers SYSTEM_ERROR, or what a proxy in front of the vendor would say.
func (s *Server) fail(c *call) {
	switch c.rule.Status {
	case 0, http.StatusInternalServerError:
		s.send(c, bad(refuse("SYSTEM_ERROR", "系统异常，请使用相同参数稍后重新调用")))
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		c.w.Header().Set("Content-Type", "text/html")
		s.finish(c, c.rule.Status, "")
		c.w.WriteHeader(c.rule.Status)
		_, _ = c.w.Write([]byte("<html><body><h1>" + http.StatusText(c.rule.Status) + "</h1></body></html>")) // the client may have left
	default:
		p := refuse("SYSTEM_ERROR", "系统异常，请使用相同参数稍后重新调用")
		p.Status = c.rule.Status
		s.send(c, bad(p))
	}
}

// send signs and writes an answer; faults of the signature and the body apply here.
func (s *Server) send(c *call, a reply) {
	s.finish(c, a.status, a.code)
	body := a.body
	h := c.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Request-ID", "SIM"+strconv.FormatInt(c.seq, 10))
	if err := s.signAnswer(c, h, body); err != nil {
		s.logger.Error("sign answer", "err", err)
		panic(http.ErrAbortHandler)
	}
	declared := len(body)
	if c.rule != nil && c.rule.Kind == Tampered {
		body = append([]byte{' '}, body...) // the same JSON, other bytes
		declared = len(body)
	}
	if c.rule != nil && c.rule.Kind == Truncated {
		body = body[:len(body)/2]
	}
	h.Set("Content-Length", strconv.Itoa(declared))
	c.w.WriteHeader(a.status)
	if _, err := c.w.Write(body); err != nil {
		s.logger.Info("client left before the answer", "request", c.seq)
	}
}

func (s *Server) signAnswer(c *call, h http.Header, body []byte) error {
	key, serial := s.keys.Platform, s.keys.PlatformSerial
	if c.r.Header.Get("Wechatpay-Serial") == s.keys.PublicKeyID {
		key, serial = s.keys.Public, s.keys.PublicKeyID // the client asks for public-key mode
	}
	at := s.clock.Now()
	if c.rule != nil {
		switch c.rule.Kind {
		case Unsigned:
			return nil
		case Stale:
			at = at.Add(-10 * time.Minute)
		case UnknownSerial:
			serial = "0123456789ABCDEF0123456789ABCDEF01234567"
		case BadSignature:
			wrong, err := s.wrongKeys()
			if err != nil {
				return err
			}
			key = wrong.Platform
		}
	}
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), id.Hex(16)
	signature, err := sign(key, answerMessage(timestamp, nonce, body))
	if err != nil {
		return err
	}
	h.Set("Wechatpay-Timestamp", timestamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", serial)
	h.Set("Wechatpay-Signature", signature)
	h.Set("Wechatpay-Signature-Type", scheme)
	return nil
}
