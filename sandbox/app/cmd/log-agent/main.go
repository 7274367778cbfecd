// Command log-agent is the sample log agent: it follows the log files that its config files name and prints each line
// behind its log's name. As a native sidecar it ends after the service, so it flushes what the service wrote last.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"gray.local/app/internal/settings"
	"gray.local/app/internal/tail"
)

const pollInterval = 200 * time.Millisecond

type source struct {
	name string
	path string
	json bool
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: log-agent CONFIG...   each with the lines name=, path=, format=text|json")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "log-agent:", err)
		os.Exit(1)
	}
}

func run(configs []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	sources := make([]source, 0, len(configs))
	for _, config := range configs {
		read, err := readSource(config)
		if err != nil {
			return err
		}
		sources = append(sources, read)
	}
	listen := os.Getenv("LISTEN")
	if listen == "" {
		listen = ":8081"
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }))

	output := &printer{out: bufio.NewWriter(os.Stdout)}
	go output.flushEvery(ctx, pollInterval)
	failures := make(chan error, len(sources))
	for _, followed := range sources {
		go func() {
			print := func(line []byte) { output.print(followed, line) }
			failures <- tail.New(followed.path, print).Run(ctx, pollInterval)
		}()
	}
	var failed error
	for range sources {
		if err := <-failures; err != nil {
			failed = errors.Join(failed, err)
			stop()
		}
	}
	return errors.Join(failed, output.flush())
}

func readSource(config string) (source, error) {
	values, err := settings.Read(config)
	if err != nil {
		return source{}, err
	}
	read := source{name: values["name"], path: values["path"], json: values["format"] == "json"}
	if read.name == "" || read.path == "" {
		return source{}, fmt.Errorf("%s: expected the lines name= and path=", config)
	}
	if format := values["format"]; format != "" && format != "text" && format != "json" {
		return source{}, fmt.Errorf("%s: format=%s: expected text or json", config, format)
	}
	return read, nil
}

// printer keeps the lines of several logs whole on one output.
type printer struct {
	mu  sync.Mutex
	out *bufio.Writer
}

// print writes one line; what should be JSON and is not is quoted, so that a reader of JSON lines never trips over it.
func (p *printer) print(from source, line []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.WriteString(from.name)
	p.out.WriteString(": ")
	if from.json && !json.Valid(line) {
		p.out.WriteString(strconv.Quote(string(line)))
	} else {
		p.out.Write(line)
	}
	p.out.WriteByte('\n')
}

func (p *printer) flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Flush()
}

func (p *printer) flushEvery(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.flush()
		}
	}
}
