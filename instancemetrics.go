// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The metrics of an instance. Their labels come from the configuration alone:
// the host of the Frontend API, and a hash of all that tells instances apart,
// since two may share a host.
var (
	instanceLabels = []string{"frontend_api", "instance"}
	keysAge        = prometheus.NewDesc("caddy_clerk_keys_age_seconds",
		"How long ago the verification keys that serve were fetched, in seconds. Absent while there are none.", instanceLabels, nil)
	keysStale = prometheus.NewDesc("caddy_clerk_keys_stale",
		"1 while the verification keys are older than they should be, or there are none, since they cannot be fetched; otherwise 0.", instanceLabels, nil)
	clockSkew = prometheus.NewDesc("caddy_clerk_clock_skew_seconds",
		"How much this machine's clock is ahead of the key server's, in seconds; negative when it is behind.", instanceLabels, nil)
	cacheTokens = prometheus.NewDesc("caddy_clerk_token_cache_tokens",
		"Tokens that are remembered, so that their signatures need not be checked again.", instanceLabels, nil)
	cacheBytes = prometheus.NewDesc("caddy_clerk_token_cache_bytes",
		"About how much memory the tokens that are remembered take, in bytes.", instanceLabels, nil)
	cacheEvictions = prometheus.NewDesc("caddy_clerk_token_cache_evictions_total",
		"Tokens that were forgotten before their time to make room for others.", instanceLabels, nil)
)

// instanceMetrics are the metrics of a configuration's instances. They are read
// when somebody asks, and belong to the configuration's registry.
type instanceMetrics struct{ app *App }

// Describe implements prometheus.Collector.
func (instanceMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{keysAge, keysStale, clockSkew, cacheTokens, cacheBytes, cacheEvictions} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (m instanceMetrics) Collect(metrics chan<- prometheus.Metric) {
	m.app.mu.Lock()
	defer m.app.mu.Unlock()
	for key, instance := range m.app.using {
		s := instanceSeries{metrics, []string{key.frontendAPI, key.String()[:12]}}
		s.sendCache(instance.verifier.CacheStatus())
		if instance.remote != nil {
			s.sendKeys(instance.remote.Status())
		}
	}
}

// instanceSeries sends the metrics of one instance.
type instanceSeries struct {
	to     chan<- prometheus.Metric
	labels []string
}

func (s instanceSeries) send(d *prometheus.Desc, kind prometheus.ValueType, value float64) {
	s.to <- prometheus.MustNewConstMetric(d, kind, value, s.labels...)
}

func (s instanceSeries) sendCache(status verifier.CacheStatus) {
	s.send(cacheTokens, prometheus.GaugeValue, float64(status.Tokens))
	s.send(cacheBytes, prometheus.GaugeValue, float64(status.Bytes))
	s.send(cacheEvictions, prometheus.CounterValue, float64(status.Evicted))
}

func (s instanceSeries) sendKeys(status verifier.KeysStatus) {
	stale := 1.0
	if !status.FetchedAt.IsZero() {
		s.send(keysAge, prometheus.GaugeValue, time.Since(status.FetchedAt).Seconds())
		if !status.Stale {
			stale = 0
		}
	}
	s.send(keysStale, prometheus.GaugeValue, stale)
	s.send(clockSkew, prometheus.GaugeValue, status.ClockSkew.Seconds())
}

// Interface guard
var _ prometheus.Collector = instanceMetrics{}
