package gate

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve answers on the listener until ctx ends, then leaves without losing a request:
//
//  1. It turns unready, and every reply from then on carries "Connection: close", so that clients with kept-alive
//     connections go elsewhere by themselves.
//  2. It goes on accepting: a node's proxy rules may lag behind the endpoint list.
//  3. When no request has arrived for Quiet, or Drain is over, it stops listening, closes idle connections and waits for
//     the requests in flight, Drain at most.
//
// Closing idle connections at once (what http.Server.Shutdown does) would cut off requests already on the wire.
func (g *Gate) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: g.Handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}

	deadline := time.Now().Add(g.config.Drain)
	g.leaving.Store(true)
	g.arrived.Store(time.Now().UnixNano())
	g.Log("leaving: waiting for %s without a request, %s at most", g.config.Quiet, g.config.Drain)
	for {
		quietAt := time.Unix(0, g.arrived.Load()).Add(g.config.Quiet)
		if deadline.Before(quietAt) {
			quietAt = deadline
		}
		rest := time.Until(quietAt)
		if rest <= 0 {
			break
		}
		time.Sleep(rest)
	}
	final, cancel := context.WithTimeout(context.Background(), max(time.Until(deadline), time.Second))
	defer cancel()
	if err := server.Shutdown(final); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	g.Log("left")
	return nil
}
