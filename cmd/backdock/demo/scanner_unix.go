//go:build unix

package demo

import (
	"fmt"
	"os"

	"github.com/creack/pty"
)

// virtualScanner is a serial scanner without hardware: what is written to the pty's master arrives at the agent as bytes of a tty.
type virtualScanner struct {
	master, slave *os.File
}

func newScanner() (*virtualScanner, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open a pty: %w", err)
	}
	go func() { // the agent's beeps; unread they would fill the line
		b := make([]byte, 256)
		for {
			if _, err := master.Read(b); err != nil {
				return
			}
		}
	}()
	return &virtualScanner{master: master, slave: slave}, nil
}

// url names the scanner to the agent.
func (v *virtualScanner) url() string { return "serial://" + v.slave.Name() + "?baud=9600&suffix=cr" }

func (v *virtualScanner) send(code string) error {
	_, err := v.master.WriteString(code + "\r")
	return err
}

func (v *virtualScanner) close() {
	v.slave.Close()
	v.master.Close()
}
