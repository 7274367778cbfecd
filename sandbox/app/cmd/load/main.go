// Command load sends requests at a fixed rate and prints one JSON line a second, then one with the totals. A request
// has failed when there was no whole reply or its status was 500 or more.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gray.local/app/internal/openloop"
)

func main() {
	var load openloop.Load
	flag.StringVar(&load.URL, "url", "", "where to send, http://ADDRESS[:PORT]/PATH")
	flag.StringVar(&load.Host, "host", "", "Host header, where it differs from the address")
	flag.Float64Var(&load.Rate, "rate", 100, "requests a second")
	flag.DurationVar(&load.Duration, "duration", time.Minute, "how long")
	flag.BoolVar(&load.KeepAlive, "keepalive", true, "reuse connections; false opens one for each request")
	flag.DurationVar(&load.Timeout, "timeout", 10*time.Second, "how long a reply may take")
	namespace := flag.String("namespace", "/run/netns/gray-release", "the sandbox's network namespace")
	flag.Parse()
	if !(load.Rate > 0) || load.Duration <= 0 {
		fatal(fmt.Errorf("-rate and -duration must be more than 0"))
	}
	if err := openloop.CheckTarget(load.URL, *namespace); err != nil {
		fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	lines := json.NewEncoder(os.Stdout)
	totals := openloop.Run(ctx, load, func(second openloop.Second) { lines.Encode(second) })
	lines.Encode(struct {
		Totals openloop.Totals `json:"totals"`
	}{totals})
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(2)
}
