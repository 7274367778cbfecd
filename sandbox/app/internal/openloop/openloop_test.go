package openloop

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestSlowRepliesDoNotSlowTheSender(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(300 * time.Millisecond)
		w.Header().Set("X-Track", "canary")
		w.Header().Set("X-Release", "abc")
	}))
	defer server.Close()
	load := Load{URL: server.URL, Rate: 100, Duration: 500 * time.Millisecond, KeepAlive: true, Timeout: 5 * time.Second}
	totals := Run(context.Background(), load, func(Second) {})
	if totals.Requests != 50 || totals.Failed != 0 || totals.By["canary/abc"] != 50 {
		t.Fatalf("expected 50 requests of 0.5 s at 100/s, all answered by canary/abc, got %+v", totals)
	}
}

func TestCountsServerErrorsAndRefusedConnectionsAsFailed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	load := Load{URL: server.URL, Rate: 100, Duration: 100 * time.Millisecond, Timeout: time.Second}
	if totals := Run(context.Background(), load, func(Second) {}); totals.Failed != 10 || totals.Status["503"] != 10 {
		t.Fatalf("expected 10 failed with 503, got %+v", totals)
	}
	server.Close()
	if totals := Run(context.Background(), load, func(Second) {}); totals.Failed != 10 || totals.Errors["connection refused"] != 10 {
		t.Fatalf("expected 10 refused connections, got %+v", totals)
	}
}

func TestStopsOnDemandAndStillCountsWhatWasInFlight(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(100 * time.Millisecond) }))
	defer server.Close()
	ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	load := Load{URL: server.URL, Rate: 100, Duration: time.Hour, Timeout: time.Second}
	totals := Run(ctx, load, func(Second) {})
	if totals.Requests < 15 || totals.Requests > 25 || totals.Failed != 0 {
		t.Fatalf("expected about 20 requests and none failed, got %+v", totals)
	}
}

func TestQuantilesAreRightToTwoPercent(t *testing.T) {
	tally := newTally()
	for n := range 1000 {
		tally.add(result{status: 200, took: time.Duration(n+1) * time.Millisecond})
	}
	for share, want := range map[float64]float64{.5: 500, .99: 990} {
		if got := tally.quantile(share); got < want*.98 || got > want*1.03 {
			t.Fatalf("expected about %v ms at %v, got %v", want, share, got)
		}
	}
}

func TestLoadGoesToLoopbackOrIntoTheSandboxOnly(t *testing.T) {
	for target, allowed := range map[string]bool{
		"http://127.0.0.1:8080/": true,
		"http://localhost/":      true,
		"http://10.96.0.7/":      false,
		"http://8.8.8.8/":        false,
		"http://example.com/":    false,
		"ftp://127.0.0.1/":       false,
		"":                       false,
	} {
		if err := CheckTarget(target, "/nonexistent"); (err == nil) != allowed {
			t.Errorf("%s: allowed %v expected, got %v", target, allowed, err)
		}
	}
	if err := CheckTarget("http://10.96.0.7/", "/proc/self/ns/net"); err != nil {
		t.Errorf("expected an address of the own namespace to be allowed, got %v", err)
	}
}
