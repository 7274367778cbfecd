package openloop

import (
	"errors"
	"maps"
	"math"
	"net"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// result is one request's end: a status, or why there was none.
type result struct {
	status  int
	err     string
	by      string
	retried bool
	took    time.Duration
}

// failed: a request with no whole reply, or with a 5xx.
func (r result) failed() bool { return r.err != "" || r.status >= 500 }

// Counts says what came back: by status ("error" for none), and by the track/release that answered.
type Counts struct {
	Requests int64            `json:"requests"`
	Failed   int64            `json:"failed"`
	Status   map[string]int64 `json:"status"`
	By       map[string]int64 `json:"by"`
}

func newCounts() Counts { return Counts{Status: map[string]int64{}, By: map[string]int64{}} }

func (c *Counts) add(one result) {
	c.Requests++
	if one.failed() {
		c.Failed++
	}
	if one.err != "" {
		c.Status["error"]++
		return
	}
	c.Status[strconv.Itoa(one.status)]++
	c.By[one.by]++
}

// Second is what came back since the previous Second.
type Second struct {
	At float64 `json:"at"`
	Counts
}

// Totals is what came back in all; latencies are in milliseconds from when a request was due.
type Totals struct {
	Seconds float64 `json:"seconds"`
	Counts
	Retried int64              `json:"retried"`
	Errors  map[string]int64   `json:"errors"`
	Latency map[string]float64 `json:"latency"`
}

type tally struct {
	now     Counts
	all     Counts
	retried int64
	errors  map[string]int64
	took    map[int]int64 // latency in steps of 2 %
	longest time.Duration
}

func newTally() *tally {
	return &tally{now: newCounts(), all: newCounts(), errors: map[string]int64{}, took: map[int]int64{}}
}

func (t *tally) add(one result) {
	t.now.add(one)
	t.all.add(one)
	if one.retried {
		t.retried++
	}
	if one.err != "" {
		t.errors[one.err]++
		return
	}
	t.took[step(one.took)]++
	t.longest = max(t.longest, one.took)
}

func (t *tally) second(at time.Duration) Second {
	counts := t.now
	t.now = newCounts()
	return Second{At: math.Round(at.Seconds()*10) / 10, Counts: counts}
}

func (t *tally) totals(at time.Duration) Totals {
	latency := map[string]float64{"max": milliseconds(t.longest)}
	for name, share := range map[string]float64{"p50": .5, "p90": .9, "p99": .99, "p999": .999} {
		latency[name] = min(t.quantile(share), latency["max"])
	}
	return Totals{Seconds: math.Round(at.Seconds()*10) / 10, Counts: t.all, Retried: t.retried, Errors: t.errors, Latency: latency}
}

const growth = 1.02

func step(took time.Duration) int {
	return int(math.Ceil(math.Log(math.Max(float64(took)/float64(time.Microsecond), 1)) / math.Log(growth)))
}

// quantile is right to 2 %.
func (t *tally) quantile(share float64) float64 {
	var total, seen int64
	last := 0
	for at, count := range maps.All(t.took) {
		total += count
		last = max(last, at)
	}
	for at := 0; at <= last; at++ {
		seen += t.took[at]
		if total > 0 && float64(seen) >= share*float64(total) {
			return milliseconds(time.Duration(math.Pow(growth, float64(at)) * float64(time.Microsecond)))
		}
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return math.Round(float64(d.Microseconds())/10) / 100 }

// cause is short and free of ports, so that equal failures count together.
func cause(err error) string {
	var timeout net.Error
	var errno syscall.Errno
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &errno):
		return errno.Error()
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err.Error()
	}
	return err.Error()
}
