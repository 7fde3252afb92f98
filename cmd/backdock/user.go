package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/inventory/catalogue"
	"github.com/backdock/backdock/inventory/place"
)

type userCmd struct {
	Add   userAddCmd   `cmd:"" help:"Create a user."`
	Grant userGrantCmd `cmd:"" help:"Grant a role."`
	Badge userBadgeCmd `cmd:"" help:"Issue a new operator badge; the old one stops working."`
	List  userListCmd  `cmd:"" help:"List users."`
}

type userAddCmd struct {
	storeFlags
	Username string   `arg:"" help:"Lower-case letters, digits, dots, dashes."`
	Display  string   `help:"Name on screens."`
	Lang     string   `help:"zh or en." default:"zh" enum:"zh,en"`
	Password string   `help:"Password; better given by BACKDOCK_PASSWORD_FILE." env:"BACKDOCK_PASSWORD" required:""`
	Grant    []string `help:"ROLE[@WAREHOUSE[/OWNER]], * for all; repeatable." placeholder:"ROLE@WAREHOUSE/OWNER"`
}

// Run creates the user.
func (c userAddCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, true)
	if err != nil {
		return err
	}
	defer s.close()
	grants, err := s.grants(ctx, c.Grant)
	if err != nil {
		return err
	}
	_, err = s.keeper().CreateUser(ctx, auth.NewUser{Username: c.Username, Display: c.Display, Password: c.Password, Lang: c.Lang, Grants: grants})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "user %s created\n", c.Username)
	return err
}

type userGrantCmd struct {
	storeFlags
	Username string   `arg:""`
	Grant    []string `arg:"" help:"ROLE[@WAREHOUSE[/OWNER]], * for all."`
}

// Run adds grants to a user.
func (c userGrantCmd) Run(ctx context.Context, log *slog.Logger) error {
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	k := s.keeper()
	u, err := k.UserNamed(ctx, c.Username)
	if err != nil {
		return err
	}
	grants, err := s.grants(ctx, c.Grant)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if err := k.SetGrant(ctx, u.ID, g); err != nil {
			return err
		}
	}
	return nil
}

type userBadgeCmd struct {
	storeFlags
	Username string `arg:""`
}

// Run prints the control barcode of a new badge.
func (c userBadgeCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	k := s.keeper()
	u, err := k.UserNamed(ctx, c.Username)
	if err != nil {
		return err
	}
	badge, err := k.IssueBadge(ctx, u.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "BD:OPERATOR:%s\n", badge)
	return err
}

type userListCmd struct {
	storeFlags
}

// Run lists users.
func (c userListCmd) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	s, err := c.open(ctx, log, false)
	if err != nil {
		return err
	}
	defer s.close()
	users, err := s.keeper().Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		state := ""
		if u.Disabled {
			state = "disabled"
		}
		if _, err := fmt.Fprintf(out, "%-20s %-20s %s\n", u.Username, u.Display, state); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) keeper() *auth.Keeper { return auth.New(s.db, s.log, s.clock, s.ring, auth.Options{}) }

// grants reads ROLE[@WAREHOUSE[/OWNER]].
func (s *store) grants(ctx context.Context, texts []string) ([]auth.Grant, error) {
	var out []auth.Grant
	for _, text := range texts {
		role, at, _ := strings.Cut(text, "@")
		warehouse, owner, _ := strings.Cut(at, "/")
		g := auth.Grant{Role: auth.Role(role)}
		if !g.Role.Valid() {
			return nil, fault.New(fault.Invalid, "role_unknown", "there is no role %q", role)
		}
		read := s.db.Read.WithContext(ctx)
		if warehouse != "" && warehouse != "*" {
			var w place.Warehouse
			if res := read.Where("code = ?", warehouse).Limit(1).Find(&w); res.Error != nil || res.RowsAffected == 0 {
				return nil, fault.New(fault.NotFound, "warehouse_not_found", "there is no warehouse %q", warehouse)
			}
			g.Warehouse = w.ID
		}
		if owner != "" && owner != "*" {
			var o catalogue.Owner
			if res := read.Where("code = ?", owner).Limit(1).Find(&o); res.Error != nil || res.RowsAffected == 0 {
				return nil, fault.New(fault.NotFound, "owner_not_found", "there is no owner %q", owner)
			}
			g.Owner = o.ID
		}
		out = append(out, g)
	}
	return out, nil
}
