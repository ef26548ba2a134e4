// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The metrics of an instance whose keys are fetched. Their labels come from
// the configuration alone: the host of the Frontend API, and a hash of all
// that tells instances apart, since two may share a host.
var (
	instanceLabels = []string{"frontend_api", "instance"}
	keysAge        = prometheus.NewDesc("caddy_clerk_keys_age_seconds",
		"How long ago the verification keys that serve were fetched, in seconds. Absent while there are none.", instanceLabels, nil)
	keysStale = prometheus.NewDesc("caddy_clerk_keys_stale",
		"1 while the verification keys are older than they should be, or there are none, since they cannot be fetched; otherwise 0.", instanceLabels, nil)
)

// keyMetrics are the metrics of a configuration's instances. They are read
// when somebody asks, and belong to the configuration's registry.
type keyMetrics struct{ app *App }

// Describe implements prometheus.Collector.
func (keyMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- keysAge
	descriptions <- keysStale
}

// Collect implements prometheus.Collector.
func (m keyMetrics) Collect(metrics chan<- prometheus.Metric) {
	m.app.mu.Lock()
	defer m.app.mu.Unlock()
	for key, instance := range m.app.using {
		if instance.remote == nil {
			continue
		}
		labels := []string{key.frontendAPI, key.String()[:12]}
		status := instance.remote.Status()
		stale := 1.0
		if !status.FetchedAt.IsZero() {
			metrics <- prometheus.MustNewConstMetric(keysAge, prometheus.GaugeValue, time.Since(status.FetchedAt).Seconds(), labels...)
			if !status.Stale {
				stale = 0
			}
		}
		metrics <- prometheus.MustNewConstMetric(keysStale, prometheus.GaugeValue, stale, labels...)
	}
}

// Interface guard
var _ prometheus.Collector = keyMetrics{}
