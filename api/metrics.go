package api

import (
	"context"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/backdock/backdock/scanner"
)

// metrics are what /metrics shows. Labels have few values: no ids, no names of people.
type metrics struct {
	requests *prometheus.HistogramVec
	scans    *prometheus.CounterVec
	batches  prometheus.Histogram
	accept   prometheus.Histogram
	sockets  *prometheus.GaugeVec
	slow     *prometheus.CounterVec
	expose   fiber.Handler
}

func newMetrics(reg *prometheus.Registry, s *Server) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "backdock_http_request_seconds", Help: "Time of an HTTP request.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15}}, []string{"method", "route", "status"}),
		scans:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "backdock_scans_total", Help: "Scans answered, replays included."}, []string{"verdict"}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "backdock_scan_batch_size", Help: "Scans of one transaction.", Buckets: []float64{1, 2, 4, 8, 12, 16}}),
		accept: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "backdock_scan_accept_seconds", Help: "Time from taking a batch to its commit.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}}),
		sockets: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "backdock_sockets", Help: "Open websockets."}, []string{"kind"}),
		slow:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "backdock_sockets_dropped_total", Help: "Websockets closed because the peer did not keep up."}, []string{"kind"}),
	}
	reg.MustRegister(m.requests, m.scans, m.batches, m.accept, m.sockets, m.slow, &stored{s: s})
	h := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(reg, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	m.expose = func(c *fiber.Ctx) error {
		h(c.Context())
		return nil
	}
	return m
}

func (m *metrics) request(c *fiber.Ctx, took time.Duration) {
	path := c.Route().Path
	if c.Response().StatusCode() == fiber.StatusNotFound {
		path = "" // unknown paths must not become labels
	}
	m.requests.WithLabelValues(c.Method(), path, strconv.Itoa(c.Response().StatusCode())).Observe(took.Seconds())
}

func (m *metrics) accepted(outcomes []scanner.Outcome, n int, took time.Duration) {
	m.batches.Observe(float64(n))
	m.accept.Observe(took.Seconds())
	for _, o := range outcomes {
		m.scans.WithLabelValues(string(o.Verdict)).Inc()
	}
}

// stored asks the store when it is scraped: figures that every server has in common.
type stored struct{ s *Server }

var (
	refundsDesc   = prometheus.NewDesc("backdock_refunds", "Refunds that are not final, by state.", []string{"state"}, nil)
	jobsDesc      = prometheus.NewDesc("backdock_jobs", "Jobs that are not final, by state.", []string{"state"}, nil)
	unstampedDesc = prometheus.NewDesc("backdock_events_unstamped", "Events that have no place in the log yet.", nil, nil)
	abortsDesc    = prometheus.NewDesc("backdock_db_aborts_total", "Transactions that the database ended for concurrency; any deadlock is a fault.", []string{"reason"}, nil)
	headDesc      = prometheus.NewDesc("backdock_events_head", "Newest seq of the event log.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *stored) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{refundsDesc, jobsDesc, unstampedDesc, headDesc, abortsDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *stored) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	a := c.s.d.DB.Aborts()
	for reason, n := range map[string]int64{"deadlock": a.Deadlocks, "serialization": a.Serialization, "busy": a.Busy} {
		ch <- prometheus.MustNewConstMetric(abortsDesc, prometheus.CounterValue, float64(n), reason)
	}
	v, err := c.s.report.Vitals(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(unstampedDesc, err)
		return
	}
	for state, n := range v.Refunds {
		ch <- prometheus.MustNewConstMetric(refundsDesc, prometheus.GaugeValue, float64(n), state)
	}
	for state, n := range v.Jobs {
		ch <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(unstampedDesc, prometheus.GaugeValue, float64(v.Unstamped))
	ch <- prometheus.MustNewConstMetric(headDesc, prometheus.GaugeValue, float64(v.Head))
}
