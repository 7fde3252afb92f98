package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/backdock/backdock/cmd/vmtest/plan"
)

// boot runs the machine to its verdict.
func boot(ctx context.Context, image, initrd string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "vmtest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", qemu(dir, image, initrd)...)
	cmd.WaitDelay = 10 * time.Second
	var complaints strings.Builder
	cmd.Stderr = &complaints
	console, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the machine: %w", err)
	}
	verdict, readErr := follow(console, out)
	ended := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case verdict == plan.Passed:
		return nil
	case verdict != "":
		return errors.New(verdict)
	}
	return errors.Join(errors.New("the machine ended without a verdict"), readErr, ended, errors.New("QEMU said: "+complaints.String()))
}

// qemu is the machine. Two of its serial lines end in the machine itself: one is the far end of the USB serial adapter, the other is the monitor, with
// which the program within pulls and plugs that adapter.
func qemu(dir, image, initrd string) []string {
	line, monitor := filepath.Join(dir, "line"), filepath.Join(dir, "monitor")
	return []string{"-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "768", "-display", "none", "-no-reboot", "-nic", "none",
		"-kernel", image, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-chardev", "socket,server=on,wait=off,id=" + plan.Line + ",path=" + line,
		"-chardev", "socket,id=far,path=" + line, "-serial", "chardev:far",
		"-chardev", "socket,server=on,wait=off,id=monitor,path=" + monitor, "-mon", "chardev=monitor,mode=readline",
		"-chardev", "socket,id=ask,path=" + monitor, "-serial", "chardev:ask",
		"-device", "qemu-xhci,id=" + strings.TrimSuffix(plan.Bus, ".0")}
}

// follow copies the console and finds the verdict.
func follow(console io.Reader, out io.Writer) (verdict string, err error) {
	lines := bufio.NewScanner(console)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if v, ok := strings.CutPrefix(line, plan.Verdict); ok {
			verdict = v
		}
		fmt.Fprintln(out, line)
	}
	return verdict, lines.Err()
}
