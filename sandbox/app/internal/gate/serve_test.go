package gate

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

type standing struct {
	gate    *Gate
	address string
	end     context.CancelFunc
	ended   chan error
}

// stand serves a gate on loopback until end is called.
func stand(t *testing.T, config Config) standing {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	service := New(config, io.Discard, io.Discard)
	go func() { ended <- service.Serve(ctx, listener) }()
	t.Cleanup(end)
	return standing{service, listener.Addr().String(), end, ended}
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	reply.Body.Close()
	return reply
}

// untilLeaving waits for the gate to have noticed that it is to end.
func untilLeaving(t *testing.T, at standing) {
	t.Helper()
	for get(t, "http://"+at.address+"/healthz").StatusCode != http.StatusServiceUnavailable {
		time.Sleep(time.Millisecond)
	}
}

func TestAnswersARequestThatWasInFlightWhenItHadToLeave(t *testing.T) {
	at := stand(t, Config{Latency: 200 * time.Millisecond, Quiet: time.Millisecond, Drain: 5 * time.Second})
	status := make(chan int, 1)
	go func() {
		reply, err := http.Get("http://" + at.address + "/")
		if err != nil {
			status <- 0
			return
		}
		reply.Body.Close()
		status <- reply.StatusCode
	}()
	for at.gate.arrived.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	at.end()
	if got := <-status; got != http.StatusOK {
		t.Fatalf("expected 200 for the request in flight, got %d", got)
	}
	if err := <-at.ended; err != nil {
		t.Fatal(err)
	}
}

func TestTurnsUnreadyAndGoesOnAnsweringWhileItLeaves(t *testing.T) {
	at := stand(t, Config{Quiet: 300 * time.Millisecond, Drain: 5 * time.Second})
	at.end()
	untilLeaving(t, at)
	reply := get(t, "http://"+at.address+"/")
	if reply.StatusCode != http.StatusOK || !reply.Close {
		t.Fatalf("expected 200 with Connection: close, got %d, close %v", reply.StatusCode, reply.Close)
	}
	if err := <-at.ended; err != nil {
		t.Fatal(err)
	}
}

func TestTellsAKeptAliveConnectionToCloseInsteadOfCuttingIt(t *testing.T) {
	at := stand(t, Config{Quiet: 300 * time.Millisecond, Drain: 5 * time.Second})
	connection, err := net.Dial("tcp", at.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	replies := bufio.NewReader(connection)
	ask := func() *http.Response {
		t.Helper()
		io.WriteString(connection, "GET / HTTP/1.1\r\nHost: gate\r\n\r\n")
		reply, err := http.ReadResponse(replies, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, reply.Body)
		return reply
	}
	if ask().Close {
		t.Fatal("expected the connection to be kept alive before leaving")
	}
	at.end()
	untilLeaving(t, at)
	if !ask().Close {
		t.Fatal("expected Connection: close on the idle connection's next reply")
	}
}

func TestLeavesWhenDrainIsOverThoughRequestsKeepComing(t *testing.T) {
	at := stand(t, Config{Quiet: time.Hour, Drain: 100 * time.Millisecond})
	at.end()
	select {
	case <-at.ended:
	case <-time.After(5 * time.Second):
		t.Fatal("expected it to leave after 100 ms")
	}
}

func TestTheDefectOfABuildCannotBeConfiguredAway(t *testing.T) {
	env := map[string]string{"DEFECT": "1", "ERROR_RATE": "0"}
	config, _, err := NewConfig(map[string]string{"error_rate": "0"}, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	config.Quiet = time.Millisecond
	at := stand(t, config)
	if got := get(t, "http://"+at.address+"/").StatusCode; got != http.StatusInternalServerError {
		t.Fatalf("expected 500, got %d", got)
	}
}

func TestRefusesARateThatIsNoShare(t *testing.T) {
	_, _, err := NewConfig(map[string]string{"error_rate": "5"}, func(string) string { return "" })
	if err == nil || err.Error() != "error_rate=5: expected a share from 0 to 1, such as 0.05" {
		t.Fatalf("expected a sentence about error_rate, got %v", err)
	}
}
