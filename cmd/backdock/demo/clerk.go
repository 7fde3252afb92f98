package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/backdock/backdock/scanner"
)

// clerk scans at one bench: bytes into the virtual scanner, then eyes on the page until the answer is there.
type clerk struct {
	scanner *virtualScanner
	page    *page
	wait    time.Duration // longest a single answer may take
}

// scan pulls the trigger once and returns the answer that the page shows for it.
func (c *clerk) scan(ctx context.Context, aim, data string) (scanner.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	before := c.page.known()
	if err := c.scanner.send(aim + data); err != nil {
		return scanner.Outcome{}, fmt.Errorf("virtual scanner: %w", err)
	}
	var out *scanner.Outcome
	err := c.page.until(ctx, func() bool {
		for k, s := range c.page.scans {
			if !before[k] && s.Data == data && s.Outcome != nil {
				out = s.Outcome
				return true
			}
		}
		return false
	})
	if err != nil {
		return scanner.Outcome{}, fmt.Errorf("no answer to the scan of %q: %w", data, err)
	}
	return *out, nil
}
