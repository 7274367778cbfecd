// Command fop-gate is the sample service that the releases of this repository carry.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"syscall"

	"gray.local/app/internal/gate"
	"gray.local/app/internal/logfile"
	"gray.local/app/internal/settings"
)

func main() {
	path := flag.String("config", "/etc/fop-gate/fop-gate.conf", "config file; defaults hold where there is none")
	flag.Parse()
	if err := run(*path); err != nil {
		fmt.Fprintln(os.Stderr, "fop-gate:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	file, err := settings.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	config, unknown, err := gate.NewConfig(file, os.Getenv)
	if err != nil {
		return fmt.Errorf("%s or environment: %w", path, err)
	}
	app, err := logfile.Open(config.AccessLog, logfile.DefaultLimit)
	if err != nil {
		return err
	}
	defer app.Close()
	audit, err := logfile.Open(config.AuditLog, logfile.DefaultLimit)
	if err != nil {
		return err
	}
	defer audit.Close()

	service := gate.New(config, app, audit)
	for _, key := range unknown {
		service.Log("%s: unknown setting %s is ignored", path, key)
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return err
	}
	service.Log("started: version %s, track %s, release %s, on %s", config.Identity.Version, config.Identity.Track, config.Identity.Release, listener.Addr())
	return service.Serve(ctx, listener)
}
