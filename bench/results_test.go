// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestLoadIsReadFromWhatWrkPrints(t *testing.T) {
	l, err := parseLoad("Running 1s test\n  1 threads\n" +
		"summary requests=1000 duration=2000000 status=3 connect=1 read=2 write=3 timeout=4 rounds=5 p50=600 p99=7000\n")
	if err != nil {
		t.Fatal(err)
	}
	want := load{requests: 1000, duration: 2 * time.Second, refused: 3, failed: 10, rounds: 5, p50: 600 * time.Microsecond, p99: 7 * time.Millisecond}
	if *l != want || l.rate() != 500 {
		t.Errorf("expected %+v, got %+v", want, *l)
	}
	for _, output := range []string{"", "summary ", "summary requests=0 duration=1 status=0 connect=0 read=0 write=0 timeout=0 rounds=0 p50=0 p99=0"} {
		if l, err := parseLoad(output); err == nil {
			t.Errorf("expected an error for %q, got %+v", output, l)
		}
	}
	for refused, status := range map[int]int{0: http.StatusUnauthorized, 999: http.StatusUnauthorized, 1: http.StatusOK} {
		l.refused = refused
		if l.expect(status) == nil {
			t.Errorf("expected an error for %d refusals and status %d", refused, status)
		}
	}
}

func TestScenariosAreChosenByTheirNames(t *testing.T) {
	for only, want := range map[string]int{"": len(allScenarios), "none": 0, "known": 3, "header": 1, "garbage,first": 2, "known,people": 3} {
		if chosen, err := choose(only); err != nil || len(chosen) != want {
			t.Errorf("%q: expected %d scenarios, got %d (%v)", only, want, len(chosen), err)
		}
	}
	for _, only := range []string{"unknown", ",", "first,unknown"} {
		if _, err := choose(only); err == nil {
			t.Errorf("%q: expected an error, got none", only)
		}
	}
}

func TestRowHoldsMediansOfRounds(t *testing.T) {
	runs := func(rates ...float64) []sample {
		samples := make([]sample, 0, len(rates))
		for _, rate := range rates {
			samples = append(samples, sample{rate: rate, cpu: time.Duration(10 * float64(time.Millisecond) / rate), p99: 2 * time.Millisecond})
		}
		return samples
	}
	r := result{scenario: scenario{name: "s"}}
	r.runs = [numVariants][]sample{plain: runs(100, 200, 400), floor: runs(90, 160, 200), gate: runs(50, 160, 100)}
	r.runs[gate][1].logged = []string{`{"level":"info"}`, `{"level":"warn"}`, "no JSON"}
	want := "s 200 0.800 0.500 0.250 0.800 50.0 12.5 75.0 2.00 2.00 2.00 3, 2 above info"
	if got := strings.Join(r.row(), " "); got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
	if err := checkLogs([]result{r}); err == nil || !strings.Contains(err.Error(), "warn") {
		t.Errorf("expected an error with the line, got %v", err)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("expected 2.5, got %v", got)
	}
}
