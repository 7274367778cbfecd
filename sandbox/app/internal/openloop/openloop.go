// Package openloop sends requests at a fixed rate, whatever the replies do, and counts what came back. A slow or dead
// service therefore meets the same load as a quick one, and latency counts from when a request was due.
package openloop

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// Load is what to send.
type Load struct {
	URL      string
	Host     string // the Host header, where it differs from the URL's
	Rate     float64
	Duration time.Duration
	// KeepAlive reuses connections as browsers and service clients do. Go's transport then sends a request once more
	// when a reused connection turns out closed before the first byte of a reply; Totals.Retried says how often.
	KeepAlive bool
	Timeout   time.Duration
}

// inFlightLimit protects the sender's memory; a request over it counts as failed and is not sent.
const inFlightLimit = 20_000

// Run sends until Duration is over or ctx ends, waits for the requests in flight, and hands each second's counts to
// report. It returns the totals.
func Run(ctx context.Context, load Load, report func(Second)) Totals {
	transport := &http.Transport{
		DisableKeepAlives: !load.KeepAlive, MaxIdleConns: 0, MaxIdleConnsPerHost: 512, IdleConnTimeout: 90 * time.Second,
	}
	client := &http.Client{
		Transport: transport, Timeout: load.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	results := make(chan result, 1024)
	go func() {
		send(ctx, load, client, results)
		close(results)
	}()
	start := time.Now()
	tally := newTally()
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for {
		select {
		case one, more := <-results:
			if !more {
				transport.CloseIdleConnections()
				return tally.totals(time.Since(start))
			}
			tally.add(one)
		case <-seconds.C:
			report(tally.second(time.Since(start)))
		}
	}
}

// send starts the n-th request at start + n/rate; when the sender itself was late, all that are due start at once.
func send(ctx context.Context, load Load, client *http.Client, results chan<- result) {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	free := make(chan struct{}, inFlightLimit)
	start := time.Now()
	interval := time.Duration(float64(time.Second) / load.Rate)
	wake := time.NewTimer(0)
	defer wake.Stop()
	for n := int64(0); ; n++ {
		due := start.Add(time.Duration(n) * interval)
		if due.Sub(start) >= load.Duration {
			return
		}
		if rest := time.Until(due); rest > 0 {
			wake.Reset(rest)
			select {
			case <-wake.C:
			case <-ctx.Done():
				return
			}
		} else if ctx.Err() != nil {
			return
		}
		select {
		case free <- struct{}{}:
		default:
			results <- result{err: "too many requests in flight"}
			continue
		}
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			results <- request(load, client, due)
			<-free
		}()
	}
}

func request(load Load, client *http.Client, due time.Time) result {
	connections := 0
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connections++ }}
	// The requests do not end with ctx: a stopped load still waits for the replies it is owed.
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), http.MethodGet, load.URL, nil)
	if err != nil {
		return result{err: err.Error()}
	}
	if load.Host != "" {
		req.Host = load.Host
	}
	reply, err := client.Do(req)
	if err != nil {
		return result{err: cause(err), retried: connections > 1, took: time.Since(due)}
	}
	defer reply.Body.Close()
	if _, err := io.Copy(io.Discard, reply.Body); err != nil {
		return result{err: "reply cut off: " + cause(err), retried: connections > 1, took: time.Since(due)}
	}
	by := "unknown"
	if track := reply.Header.Get("X-Track"); track != "" {
		by = track
		if release := reply.Header.Get("X-Release"); release != "" {
			by += "/" + release
		}
	}
	return result{status: reply.StatusCode, by: by, retried: connections > 1, took: time.Since(due)}
}
