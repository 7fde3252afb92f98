package refund

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/backdock/backdock/internal/clock"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

// Jobs inserts a durable job in the transaction of its cause.
type Jobs interface {
	Insert(ctx context.Context, tx *gorm.DB, args river.JobArgs, opts *river.InsertOpts) error
}

// Account names one merchant account at one gateway.
type Account struct{ Gateway, Account string }

// Pace says how fast refunds are sent and asked about. The zero value takes the defaults.
type Pace struct {
	MinGap      time.Duration // between two refunds on one payment; WeChat Pay wants a minute
	MaxPartials int           // refunds on one payment; WeChat Pay takes 50
	Lease       time.Duration // of one exchange; must be longer than the gateway's time-out
	Retry       time.Duration // first pause after an unknown; doubles up to RetryMost
	RetryMost   time.Duration
	Poll        time.Duration // first pause before an accepted refund is asked about; doubles up to PollMost
	PollMost    time.Duration
}

func (p Pace) orDefault() Pace {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&p.MinGap, 61*time.Second)
	set(&p.Lease, time.Minute)
	set(&p.Retry, 2*time.Second)
	set(&p.RetryMost, 5*time.Minute)
	set(&p.Poll, 5*time.Second)
	set(&p.PollMost, time.Hour)
	if p.MaxPartials == 0 {
		p.MaxPartials = 50
	}
	return p
}

// Options wire an Engine.
type Options struct {
	DB        *db.DB
	Events    *event.Log
	Clock     clock.Clock
	Gateways  map[Account]Gateway
	NotifyURL func(Account) string // where the gateway shall report; nil or "": nowhere
	Pace      Pace
	Log       *slog.Logger
}

// Engine keeps every refund. It holds no state beside the database: any number of processes may run one.
type Engine struct {
	db        *db.DB
	events    *event.Log
	clock     clock.Clock
	gateways  map[Account]Gateway
	notifyURL func(Account) string
	pace      Pace
	log       *slog.Logger
	jobs      Jobs
}

// New makes an engine. Give its workers to the queue (AddWorkers), then the queue to the engine (Use).
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.NotifyURL == nil {
		o.NotifyURL = func(Account) string { return "" }
	}
	return &Engine{db: o.DB, events: o.Events, clock: o.Clock, gateways: o.Gateways, notifyURL: o.NotifyURL, pace: o.Pace.orDefault(), log: o.Log}
}

// Use hands the engine the queue that runs its jobs. Call it while wiring.
func (e *Engine) Use(j Jobs) { e.jobs = j }

// number makes a refund's key: the day for people, 48 random bits for uniqueness (the column is UNIQUE as well).
func (e *Engine) number() string {
	return "R" + e.clock.Now().Format("060102") + "-" + id.Hex(6)
}

// Get reads a refund by its number.
func Get(tx *gorm.DB, number string) (Refund, error) {
	var rs []Refund
	if err := tx.Where("number = ?", number).Limit(1).Find(&rs).Error; err != nil {
		return Refund{}, err
	}
	if len(rs) == 0 {
		return Refund{}, fault.New(fault.NotFound, "refund_not_found", "there is no refund %s", number)
	}
	return rs[0], nil
}

// Lines reads what a refund gives back.
func Lines(tx *gorm.DB, r id.Refund) ([]Line, error) {
	var ls []Line
	err := tx.Where("refund_id = ?", r).Order("id").Find(&ls).Error
	return ls, err
}

// OfUnit reads the refund that pays for a unit and is not void; ok is false when there is none. Whoever would undo what a unit's refund rests on asks this.
func OfUnit(tx *gorm.DB, u id.Unit) (r Refund, ok bool, err error) {
	var rs []Refund
	err = tx.Where("id IN (?)", tx.Session(&gorm.Session{NewDB: true}).Model(&Line{}).Select("refund_id").Where("unit_id = ? AND live", u)).
		Order("id DESC").Limit(1).Find(&rs).Error
	if err != nil || len(rs) == 0 {
		return Refund{}, false, err
	}
	return rs[0], true, nil
}
