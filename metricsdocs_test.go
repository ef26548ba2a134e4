// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddy-clerk/caddy-clerk/authstate"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

var (
	describedMetric = regexp.MustCompile(`fqName: "(caddy_clerk_\w+)".*variableLabels: \{([^}]*)\}`)
	metricName      = regexp.MustCompile(`caddy_clerk_\w+`)
	seriesSuffix    = regexp.MustCompile(`_(bucket|sum|count)$`)
	// metricRow is a row of the table in docs/operations/metrics.md.
	metricRow = regexp.MustCompile("(?m)^\\| `(caddy_clerk_\\w+)` \\| \\w+ \\| ([^|]*)\\|")
	quoted    = regexp.MustCompile("`(\\w+)`")
	// askedReasons are the values of the label that a query is about, or not.
	askedReasons = regexp.MustCompile(`\breason[=!]~?"([^"]*)"`)
)

// describedMetrics gives the labels of all metrics that are registered.
func describedMetrics(t *testing.T) map[string]string {
	t.Helper()
	descriptions := make(chan *prometheus.Desc, 100)
	for _, collector := range metricsOf(new(App)) {
		collector.Describe(descriptions)
	}
	close(descriptions)
	found := map[string]string{}
	for d := range descriptions {
		match := describedMetric.FindStringSubmatch(d.String())
		if match == nil {
			t.Fatalf("expected to find the name and the labels in %s", d)
		}
		found[match[1]] = match[2]
	}
	return found
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("docs/operations/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestThePageOfMetricsHasThemAll(t *testing.T) {
	page, documented := readDocument(t, "metrics.md"), map[string]string{}
	for _, row := range metricRow.FindAllStringSubmatch(page, -1) {
		var labels []string
		for _, label := range quoted.FindAllStringSubmatch(row[2], -1) {
			labels = append(labels, label[1])
		}
		documented[row[1]] = strings.Join(labels, ",")
	}
	if want := describedMetrics(t); !maps.Equal(documented, want) {
		t.Errorf("expected the table to have %v, got %v", want, documented)
	}
	values := slices.Concat(slices.Collect(maps.Values(outcomes)), []string{
		string(verifier.TriggerSchedule), string(verifier.TriggerAge), string(verifier.TriggerMissing), string(verifier.TriggerToken),
		string(verifier.TriggerRefresh), string(verifier.TriggerExpiry),
		operationHandshakePayload, operationRefreshSession, operationEndSession, operationVerifyAPIKey, operationVerifyM2M,
		operationVerifyOAuth, operationJWKS, operationInterstitial,
	})
	for _, value := range values {
		if !strings.Contains(page, "`"+value+"`") {
			t.Errorf("expected the page to have the value %s", value)
		}
	}
}

// expressions gives what a dashboard's panels ask for.
func expressions(t *testing.T, dashboard string) string {
	t.Helper()
	var d struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(dashboard), &d); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			all = append(all, target.Expr)
		}
	}
	return strings.Join(all, "\n")
}

func TestTheDashboardAndTheAlertsAskForWhatThereIs(t *testing.T) {
	described := describedMetrics(t)
	dashboard := expressions(t, readDocument(t, "grafana-dashboard.json"))
	for name, text := range map[string]string{"the dashboard": dashboard, "the alerts": readDocument(t, "alerts.yml")} {
		asked := metricName.FindAllString(text, -1)
		if len(asked) == 0 {
			t.Errorf("expected %s to ask for something", name)
		}
		for _, metric := range asked {
			if _, ok := described[seriesSuffix.ReplaceAllString(metric, "")]; !ok {
				t.Errorf("%s: there is no metric %s", name, metric)
			}
		}
		for _, values := range askedReasons.FindAllStringSubmatch(text, -1) {
			for reason := range strings.SplitSeq(values[1], "|") {
				if reason != listedReason(reason) {
					t.Errorf("%s: there is no reason %s", name, reason)
				}
			}
		}
		if !strings.Contains(text, `reason="`+authstate.ReasonOutageGrace+`"`) {
			t.Errorf("expected %s to ask who passes by outage_grace", name)
		}
	}
	for metric := range described {
		if !strings.Contains(dashboard, metric) {
			t.Errorf("expected a panel for %s", metric)
		}
	}
}
