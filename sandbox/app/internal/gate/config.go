// Package gate is the sample service: it answers who it is, counts and logs what it answered, and leaves without
// losing a request.
package gate

import (
	"fmt"
	"strconv"
	"time"
)

// Config is what a release of fop-gate can be told by its config file and its environment.
type Config struct {
	Listen    string
	AccessLog string // empty: standard output
	AuditLog  string // empty: standard output
	ErrorRate float64
	Latency   time.Duration
	// Quiet: after SIGTERM, how long no request must have arrived before idle connections are closed.
	Quiet time.Duration
	// Drain: after SIGTERM, how long to wait for Quiet and for requests in flight at most. It must stay below
	// terminationGracePeriodSeconds less the preStop sleep.
	Drain time.Duration
	// Defect is the share of requests that this build gets wrong whatever it is told: how the bad image is bad.
	Defect   float64
	Identity Identity
}

// Identity names the pod that answers, from the downward API.
type Identity struct {
	Pod     string `json:"pod"`
	Track   string `json:"track"`
	Release string `json:"release"`
	Version string `json:"version"`
}

// NewConfig merges defaults, the config file's settings and the environment (which wins), and names what is unknown.
func NewConfig(file map[string]string, env func(string) string) (config Config, unknown []string, err error) {
	config = Config{
		Listen: ":8080", Quiet: 2 * time.Second, Drain: 30 * time.Second,
		Identity: Identity{Pod: env("POD_NAME"), Track: env("TRACK"), Release: env("RELEASE"), Version: env("VERSION")},
	}
	for key, value := range file {
		known, problem := config.set(key, value)
		if !known {
			unknown = append(unknown, key)
		}
		if problem != nil {
			return config, unknown, fmt.Errorf("%s=%s: %w", key, value, problem)
		}
	}
	for name, key := range map[string]string{"LISTEN": "listen", "ERROR_RATE": "error_rate", "LATENCY": "latency", "DEFECT": "defect"} {
		if value := env(name); value != "" {
			if _, problem := config.set(key, value); problem != nil {
				return config, unknown, fmt.Errorf("%s=%s: %w", name, value, problem)
			}
		}
	}
	return config, unknown, nil
}

func (c *Config) set(key, value string) (known bool, err error) {
	switch key {
	case "listen":
		c.Listen = value
	case "access_log":
		c.AccessLog = value
	case "audit_log":
		c.AuditLog = value
	case "error_rate":
		c.ErrorRate, err = share(value)
	case "defect":
		c.Defect, err = share(value)
	case "latency":
		c.Latency, err = time.ParseDuration(value)
	case "quiet":
		c.Quiet, err = time.ParseDuration(value)
	case "drain":
		c.Drain, err = time.ParseDuration(value)
	default:
		return false, nil
	}
	return true, err
}

func share(value string) (float64, error) {
	rate, err := strconv.ParseFloat(value, 64)
	if err != nil || !(rate >= 0 && rate <= 1) {
		return 0, fmt.Errorf("expected a share from 0 to 1, such as 0.05")
	}
	return rate, nil
}
