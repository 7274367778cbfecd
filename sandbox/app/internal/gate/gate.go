package gate

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Gate answers requests as one pod of one release. Probes and scrapes are neither counted nor logged.
type Gate struct {
	config   Config
	app      io.Writer
	audit    io.Writer
	leaving  atomic.Bool
	arrived  atomic.Int64 // Unix nanoseconds of the latest request
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration prometheus.Histogram
}

// New makes a Gate that writes its application log and its audit log (JSON lines) to the given writers.
func New(config Config, app, audit io.Writer) *Gate {
	gate := &Gate{config: config, app: app, audit: audit, registry: prometheus.NewRegistry()}
	gate.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total", Help: "Requests answered, by status code.",
	}, []string{"code"})
	gate.duration = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "Time to answer a request.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	})
	gate.registry.MustRegister(gate.requests, gate.duration)
	gate.requests.WithLabelValues("200")
	gate.requests.WithLabelValues("500")
	return gate
}

// Handler routes probes, scrapes and user requests.
func (g *Gate) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", g.health)
	mux.Handle("/metrics", promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/", g.answer)
	return mux
}

func (g *Gate) health(w http.ResponseWriter, _ *http.Request) {
	if g.leaving.Load() {
		http.Error(w, "leaving", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (g *Gate) answer(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	g.arrived.Store(start.UnixNano())
	if g.config.Latency > 0 {
		time.Sleep(g.config.Latency)
	}
	status := http.StatusOK
	if rand.Float64() < g.config.ErrorRate || rand.Float64() < g.config.Defect {
		status = http.StatusInternalServerError
	}
	who := g.config.Identity
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Pod", who.Pod)
	header.Set("X-Track", who.Track)
	header.Set("X-Release", who.Release)
	header.Set("X-Version", who.Version)
	if g.leaving.Load() {
		header.Set("Connection", "close")
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		Service string `json:"service"`
		Identity
	}{"fop-gate", who})

	took := time.Since(start)
	g.requests.WithLabelValues(strconv.Itoa(status)).Inc()
	g.duration.Observe(took.Seconds())
	g.Log("%s %s %d %s", r.Method, r.URL.Path, status, took.Round(10*time.Microsecond))
	record, _ := json.Marshal(auditRecord{start.UTC(), r.RemoteAddr, r.Header.Get("X-User"), r.Method, r.URL.Path, status})
	g.audit.Write(append(record, '\n'))
}

type auditRecord struct {
	Time   time.Time `json:"time"`
	From   string    `json:"from"`
	User   string    `json:"user,omitempty"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Status int       `json:"status"`
}

// Log writes one line to the application log.
func (g *Gate) Log(format string, values ...any) {
	fmt.Fprintf(g.app, "%s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), fmt.Sprintf(format, values...))
}
