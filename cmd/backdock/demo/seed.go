package demo

import (
	"context"
	"fmt"

	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/receiving/aftersales/intake/sample"
)

// people who work in the demo. Clerks log on at a bench by badge.
var people = []struct {
	name, display, shown string
	roles                []auth.Role
	bench                int
}{
	{"manager", "王经理", "manager: live dashboard, everything of warehouse " + sample.Warehouse, []auth.Role{"manager"}, 0},
	{"inspector", "陈晨", "inspector: QC bench", []auth.Role{"inspector"}, 0},
	{"finance", "赵会计", "finance: refunds", []auth.Role{"finance"}, 0},
	{"service", "周客服", "service: cases", []auth.Role{"service"}, 0},
	{"admin", "系统管理员", "admin: stations and users", []auth.Role{"admin"}, 0},
	{"robot", "自动质检", "", []auth.Role{"inspector", "manager"}, 0}, // the scripted inspector
	{"limin", "李敏", "", []auth.Role{"clerk"}, 1},
	{"zhaoqiang", "赵强", "", []auth.Role{"clerk"}, 2},
	{"sunli", "孙丽", "", []auth.Role{"clerk"}, 3},
	{"zhoutao", "周涛", "", []auth.Role{"clerk"}, 4},
}

// seed imports the day's site, catalogue, orders and cases, makes the users, and tells the bank what was paid.
func (w *world) seed(ctx context.Context) error {
	im := w.server.Importer()
	if err := im.Site(ctx, w.day.Site); err != nil {
		return fmt.Errorf("sample site: %w", err)
	}
	if err := clean("catalogue", func() (intake.Report, error) { return im.Catalogue(ctx, w.day.Catalogue) }); err != nil {
		return err
	}
	if err := clean("orders", func() (intake.Report, error) { return im.Orders(ctx, w.day.Orders) }); err != nil {
		return err
	}
	// The bank first: approving a case may send money at once.
	if err := w.bank.seed(ctx, w.day.Orders); err != nil {
		return err
	}
	if err := clean("cases", func() (intake.Report, error) { return im.Cases(ctx, w.day.Cases) }); err != nil {
		return err
	}
	return w.hire(ctx)
}

// clean loads sample records; none of them may fail.
func clean(what string, load func() (intake.Report, error)) error {
	r, err := load()
	if err != nil {
		return fmt.Errorf("sample %s: %w", what, err)
	}
	if r.Failed > 0 {
		return fmt.Errorf("sample %s: %d records failed, first: %+v", what, r.Failed, r.Errors[0])
	}
	return nil
}

func (w *world) hire(ctx context.Context) error {
	k := w.server.Keeper()
	for _, p := range people {
		user, err := k.UserNamed(ctx, p.name)
		if err != nil { // not there yet
			var grants []auth.Grant
			for _, r := range p.roles {
				grants = append(grants, auth.Grant{Role: r})
			}
			if user.ID, err = k.CreateUser(ctx, auth.NewUser{Username: p.name, Display: p.display, Password: Password, Lang: "zh", Grants: grants}); err != nil {
				return fmt.Errorf("demo user %s: %w", p.name, err)
			}
		}
		if p.bench > 0 {
			if err := w.badge(ctx, k, user.ID, p.bench); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) badge(ctx context.Context, k *auth.Keeper, user id.User, bench int) error {
	badge, err := k.IssueBadge(ctx, user)
	if err != nil {
		return fmt.Errorf("demo badge: %w", err)
	}
	w.badges[bench] = badge
	return nil
}
