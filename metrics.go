// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-clerk/caddy-clerk/access"
	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The metrics of the process. They outlive configurations, each of which has a
// registry of its own, so each registers them anew. No client can add to the
// values of a label: all are of this code, or Clerk's HTTP statuses.
var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "caddy_clerk_requests_total",
		Help: "Requests that gates and providers decided, by what they were found to be. One that meets several counts at each.",
	}, []string{"status", "reason", "token_type"})
	verificationsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "caddy_clerk_verifications_total",
		Help: "Verifications of session tokens and machines' JWTs, by how they ended.",
	}, []string{"outcome"})
	signatureSeconds = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "caddy_clerk_signature_check_duration_seconds",
		Help:    "How long it took to check a signature that was not known to be good, in seconds.",
		Buckets: prometheus.ExponentialBuckets(10e-6, 2, 12), // 10 µs to 20 ms
	})
	jwksRefreshesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "caddy_clerk_jwks_refreshes_total",
		Help: "Fetches of verification keys, by how they ended and what made them begin.",
	}, []string{"result", "trigger"})
	backendAPICallsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "caddy_clerk_backend_api_calls_total",
		Help: "Calls of Clerk's Backend API, by operation and the HTTP status of the answer.",
	}, []string{"operation", "code"})
)

// metricsOf are the metrics of the process and those of a configuration's
// instances.
func metricsOf(app *App) []prometheus.Collector {
	return []prometheus.Collector{
		requestsTotal, verificationsTotal, signatureSeconds, jwksRefreshesTotal, backendAPICallsTotal, instanceMetrics{app},
	}
}

// registerMetrics registers them with a configuration's registry.
func registerMetrics(registry *prometheus.Registry, app *App) error {
	for _, collector := range metricsOf(app) {
		if err := registry.Register(collector); err != nil {
			return err
		}
	}
	return nil
}

// decision is what a gate made of a request, in the words of the placeholders.
type decision struct{ status, reason, tokenType string }

// byGrace is the decision of who passes by outage_grace.
var byGrace = decision{string(authstate.SignedIn), authstate.ReasonOutageGrace, authstate.SessionToken}

// decisionOf takes a session that has a task left for signed out, and says of
// one that passes by a grace so, as the answer does.
func decisionOf(s *authstate.State, denial *access.Denial) decision {
	d := decision{string(s.Status), cmp.Or(s.Reason, s.Grace), s.TokenType}
	switch {
	case denial != nil:
		d.reason = denial.Reason()
	case s.IsPending():
		d.status, d.reason = string(authstate.SignedOut), authstate.ReasonSessionPending
	}
	return d
}

// decisionCounters has the counter of each decision that was met. Finding one
// takes no lock and makes no garbage. There are only so many decisions, so each
// new one can copy the rest.
type decisionCounters struct {
	known atomic.Pointer[map[decision]prometheus.Counter]
	mu    sync.Mutex // held by who replaces them
}

var decisions decisionCounters

// A grace is there from the start, so that the first one is seen as an increase.
func init() { decisions.add(byGrace) }

// count counts a decision.
func (c *decisionCounters) count(d decision) {
	d.reason = listedReason(d.reason)
	if known := c.known.Load(); known != nil {
		if counter, ok := (*known)[d]; ok {
			counter.Inc()
			return
		}
	}
	c.add(d).Inc()
}

func (c *decisionCounters) add(d decision) prometheus.Counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	grown := make(map[decision]prometheus.Counter)
	if known := c.known.Load(); known != nil {
		maps.Copy(grown, *known)
	}
	counter := requestsTotal.WithLabelValues(d.status, d.reason, d.tokenType)
	grown[d] = counter
	c.known.Store(&grown)
	return counter
}

// outcomes lists the label values of what verifications end with.
var outcomes = map[verifier.Outcome]string{
	verifier.Cached:    "cached",
	verifier.Verified:  "verified",
	verifier.Refused:   "refused",
	verifier.Undecided: "undecided",
}

// verifierMetrics counts what a verifier does. All of an outcome are there from
// the start, so that the first one is seen as an increase.
type verifierMetrics struct {
	outcomes map[verifier.Outcome]prometheus.Counter
}

func newVerifierMetrics() verifierMetrics {
	m := verifierMetrics{make(map[verifier.Outcome]prometheus.Counter)}
	for outcome, label := range outcomes {
		m.outcomes[outcome] = verificationsTotal.WithLabelValues(label)
	}
	return m
}

// VerificationEnded implements verifier.Observer.
func (m verifierMetrics) VerificationEnded(o verifier.Outcome) { m.outcomes[o].Inc() }

// SignatureChecked implements verifier.Observer.
func (verifierMetrics) SignatureChecked(d time.Duration) { signatureSeconds.Observe(d.Seconds()) }

// countRefresh counts a fetch of keys that ended.
func countRefresh(trigger verifier.Trigger, err error) {
	result := "success"
	if err != nil {
		result = "failure"
	}
	jwksRefreshesTotal.WithLabelValues(result, string(trigger)).Inc()
}

// Interface guard
var _ verifier.Observer = verifierMetrics{}
