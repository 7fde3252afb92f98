//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backdock/backdock/cmd/vmtest/plan"
)

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "guest: this is the first program of a virtual machine and would turn this one off; run make vmtest")
		os.Exit(2)
	}
	verdict := plan.Passed
	if err := work(context.Background()); err != nil {
		verdict = err.Error()
	}
	fmt.Printf("%s%s\n", plan.Verdict, verdict)
	unix.Sync()
	// The last words must be out before the machine is off: the console is slow, and the host may be busy.
	_ = unix.IoctlSetInt(int(os.Stdout.Fd()), unix.TCSBRK, 1)
	time.Sleep(200 * time.Millisecond)
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func work(ctx context.Context) error {
	if err := mount(); err != nil {
		return err
	}
	b, err := os.ReadFile(plan.File)
	if err != nil {
		return err
	}
	var p plan.Plan
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("%s: %w", plan.File, err)
	}
	if err := errors.Join(load(p.Modules), loopback()); err != nil {
		return err
	}
	for _, program := range p.Tests {
		if err := kernelTests(ctx, program); err != nil {
			return fmt.Errorf("%s: %w", program, err)
		}
	}
	return soak(ctx, p)
}

// kernelTests runs those tests of a driver that are skipped elsewhere. One that is skipped here shows nothing, so it fails.
func kernelTests(ctx context.Context, program string) error {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "-test.v", "-test.run", "^TestKernel", "-test.timeout", "5m")
	cmd.Env = append(os.Environ(), "TMPDIR=/tmp")
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	fmt.Print(out.String())
	switch {
	case err != nil:
		return fmt.Errorf("the kernel tests failed: %w", err)
	case bytes.Contains(out.Bytes(), []byte("--- SKIP")), !bytes.Contains(out.Bytes(), []byte("--- PASS")):
		return errors.New("kernel tests did not run")
	}
	return nil
}
