package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/backdock/backdock/cmd/station/doctor"
)

type doctorCmd struct {
	Device []string `help:"Scanner URL that should work; repeat for more. Without any, those of the running agent." placeholder:"URL" sep:" " env:"STATION_DEVICE"`
	Page   string   `help:"Address of the station page." default:"127.0.0.1:7070" env:"STATION_PAGE"`
	Lang   string   `help:"Language of the answer: zh, en, or auto for the system's." enum:"auto,zh,en" default:"auto" env:"STATION_LANG"`
	JSON   bool     `help:"Print the findings as JSON."`
	Report string   `help:"Also write a bug report: findings, devices and the logs of the scanners, as a ZIP file." placeholder:"FILE"`
}

// errAttention makes the program's exit code 1; the findings have said it all.
type errAttention int

func (e errAttention) Error() string { return fmt.Sprintf("things that need attention: %d", int(e)) }

func (c *doctorCmd) Run(ctx context.Context, all *command) error {
	m := doctor.Real(all.Data)
	m.Page, m.Devices = c.Page, c.Device
	e, err := loadEnrolment(all.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.EnrolErr = err
	}
	m.Server, m.Token = e.Server, e.Token
	facts := m.Gather(ctx)
	found := doctor.Examine(facts, language(c.Lang))
	if c.Report != "" {
		if err := doctor.WriteReport(c.Report, version, facts, found); err != nil {
			return err
		}
	}
	if c.JSON {
		err = printJSON(found)
	} else {
		err = doctor.Print(os.Stdout, found)
	}
	if bad := doctor.Bad(found); err == nil && bad > 0 {
		return errAttention(bad)
	}
	return err
}

// language is what people at this computer read, by the variables that every program goes by.
func language(want string) string {
	if want != "auto" {
		return want
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh"
			}
			break
		}
	}
	return "en"
}
